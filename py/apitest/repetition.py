"""What only a repeated call shows: memory that nobody wrote, unstable results, leaks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paddlemend.apitest import row
from paddlemend.apitest.compare import equal_bits
from paddlemend.apitest.execution import Rejected
from paddlemend.apitest.heap import other_poison, usage
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.trial import Trial

# Seconds that one call may take for it to be repeated once, and for it to be searched for leaks.
_REPEATABLE_SECONDS = 2.0
_LEAK_TEST_SECONDS = 0.2

# Seconds to spend on the calls of a leak test; a window has this many calls at the least and most.
_LEAK_BUDGET_SECONDS = 0.04
_WINDOWS = 3
_FEWEST_CALLS, _MOST_CALLS = 2, 24

# A growth is confirmed over this many times the calls, if so many seconds are enough.
_CONFIRMING_CALLS = 100
_CONFIRMING_SECONDS = 6.0

# Growth of the C heap (bytes a call) and of Python's (objects a call) that is no leak. Python keeps
# free lists, and Paddle loses an object here and there.
_NEGLIGIBLE_BYTES = 32.0
_NEGLIGIBLE_BLOCKS = 4.0

# Objects that a window may cost beside: Paddle's first calls lose a few each, and a window of a
# slow call has few calls.
_SETTLING_BLOCKS = 24


@dataclass(frozen=True)
class Results:
    """Everything that one run of the subject gave, in a fixed order, with names of the parts."""

    names: tuple[str, ...]
    tensors: tuple[HostTensor | None, ...]

    def first_difference(self, other: Results) -> str:
        """The name of the first part that differs in any bit, "" if none does."""
        if self.names != other.names:
            return "the number of outputs"
        for name, mine, theirs in zip(self.names, self.tensors, other.tensors):
            if (mine is None) != (theirs is None):
                return name
            if mine is not None and theirs is not None and not equal_bits(mine, theirs):
                return name
        return ""


def run_once(trial: Trial) -> Results:
    """Runs the subject forward and, where anything is differentiable, backward."""
    run = trial.subject()
    outputs = run.forward()
    gradients = {}
    cotangents = trial.random_cotangents(outputs)
    if trial.has_gradients(cotangents):
        gradients = dict(run.backward(cotangents))
    names = [f"output {position}" for position in range(len(outputs))]
    names += [f"gradient of {label}" for label in gradients]
    return Results(tuple(names), (*outputs, *gradients.values()))


def judge_repetitions(trial: Trial) -> None:
    """Fails the verdict of a trial that passed so far for what repeated calls show.

    Slow calls are not repeated: the numbers are at the top of this file.
    """
    start = time.perf_counter()
    first = run_once(trial)
    seconds = time.perf_counter() - start
    if seconds > _REPEATABLE_SECONDS:
        return
    try:
        if judge_stability(trial, first) and seconds <= _LEAK_TEST_SECONDS:
            _judge_leak(trial, seconds)
    except Rejected as refusal:
        message = f"a call was refused when repeated: {refusal}"
        trial.verdict_so_far.fail(row.ACCURACY_ERROR, "unstable", message)


def judge_stability(trial: Trial, first: Results) -> bool:
    """Runs the call again, with another poison, and judges what differs from the first run."""
    if trial.is_random:
        return True
    with other_poison():
        second = run_once(trial)
    part = first.first_difference(second)
    if not part:
        return True
    if not first.first_difference(run_once(trial)):
        reason, what = "uninitialised", "depends on what fresh memory holds"
    else:
        reason, what = "unstable", "differs between two runs on equal inputs"
    trial.verdict_so_far.fail(row.ACCURACY_ERROR, reason, f"{part} {what}")
    return False


def _judge_leak(trial: Trial, seconds: float) -> None:
    calls = int(_LEAK_BUDGET_SECONDS / _WINDOWS / max(seconds, 1e-6))
    run = trial.subject()
    cotangents = trial.random_cotangents(run.forward())
    backward = trial.has_gradients(cotangents)

    def again() -> None:
        run.forward()
        if backward:
            run.backward(cotangents)

    leak = find_leak(again, calls=max(_FEWEST_CALLS, min(calls, _MOST_CALLS)))
    if leak:
        trial.verdict_so_far.fail(row.ACCURACY_ERROR, "leak", leak)


def find_leak(run: Callable[[], object], calls: int) -> str:
    """What every call leaves behind; "" unless the heap grows steadily, window after window.

    A growth is looked at three times, at last over many calls: caches that fill up look like a leak
    at first, and those of a call of many operators fill up for a hundred calls.
    """
    run()
    if not (_steady_growth(run, calls) and _steady_growth(run, calls)):
        return ""
    start = time.perf_counter()
    run()
    seconds = max(time.perf_counter() - start, 1e-6)
    affordable = int(_CONFIRMING_SECONDS / _WINDOWS / seconds)
    return _steady_growth(run, max(calls, min(affordable, _CONFIRMING_CALLS * calls)))


def _steady_growth(run: Callable[[], object], calls: int) -> str:
    marks = [usage()]
    for _ in range(_WINDOWS):
        for _ in range(calls):
            run()
        marks.append(usage())
    lost_bytes = _least_growth([mark.bytes for mark in marks]) / calls
    growth = _least_growth([mark.blocks for mark in marks])
    lost_blocks = growth / calls if growth > _SETTLING_BLOCKS else 0.0
    if lost_bytes > _NEGLIGIBLE_BYTES:
        return f"about {lost_bytes:.0f} bytes are lost at every call"
    if lost_blocks > _NEGLIGIBLE_BLOCKS:
        return f"about {lost_blocks:.0f} Python objects are lost at every call"
    return ""


def _least_growth(marks: Sequence[int]) -> int:
    return min(after - before for before, after in zip(marks, marks[1:]))
