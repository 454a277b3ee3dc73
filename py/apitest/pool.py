"""Worker processes: each runs one task at a time, says how far it is, and may die.

A worker is watched from outside. It ends when a task takes more time or memory than it may, and
tells afterwards what it died of, where, and what it printed last. No pool of a library does so:
Pebble takes an exit with status 0 for the orderly end of a worker and waits for its task until the
timeout, has no limit on memory, and breaks as a whole when several workers die at once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from paddlemend import child
from paddlemend.apitest.row import Row
from paddlemend.apitest.worker import Task

# Seconds in which a worker must have imported the frameworks.
START_TIMEOUT = 300.0

# Seconds between two looks at a running worker's time and memory. In that time it can write a few
# hundred megabytes.
_LOOK_INTERVAL = 0.05

# The kind of the outcome of a task that took more memory than it may; others are child's.
TOO_MUCH_MEMORY = "too_much_memory"

# What a worker sends: it is set up, a stage begins, here is the row, an exception escaped.
_READY, _STAGE, _ROW, _RAISED = "ready", "stage", "row", "raised"

# The default of `max_memory`, in units of a task's `max_bytes`. That bounds what the task must
# take; frameworks take more, for their caches and copies.
_MEMORY_FACTOR = 4

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Job:
    """What workers do: `initialize(paddle, device)` once, then `run_task(task, on_stage)`.

    Both must be importable from a module. A task may take `timeout` seconds and `max_memory` bytes
    beyond what its worker took when it was ready; None makes that depend on its `max_bytes`.
    """

    run_task: Callable[..., Row]
    initialize: Callable[[str, str], None]
    timeout: float
    max_memory: int | None

    def memory_for(self, task: Task) -> int:
        """Bytes that the task may take."""
        return _MEMORY_FACTOR * task.max_bytes if self.max_memory is None else self.max_memory


@dataclass(frozen=True)
class Ended:
    """The end of a task: its row, or the outcome and last stage of a process that gave none."""

    row: Row | None
    outcome: child.Outcome | None = None
    stage: str = ""


class Worker:
    """A process for tasks on one Paddle and one device; `task` is what it does now, if anything."""

    def __init__(self, job: Job, paddle: str, device: str, output: Path):
        """Starts the process, which prints to the file `output`. Raises OSError or EOFError."""
        self.kind = (paddle, device)
        self.task: Task | None = None
        self._job = job
        self._output = output
        self._ready_bytes: int | None = None  # resident when it was ready; None before
        self._stage = ""
        self._looked = self._deadline = 0.0
        self._channel, theirs = child.CONTEXT.Pipe()
        with theirs:
            self._process, self._lifeline = child.start_child(
                _work, theirs, str(output), job.run_task, job.initialize, paddle, device
            )

    def start(self, task: Task) -> None:
        """Hands a task to a worker that has none."""
        self.task, self._stage, self._looked = task, "", time.monotonic()
        ready = self._ready_bytes is not None
        self._deadline = self._looked + (self._job.timeout if ready else START_TIMEOUT)
        with suppress(OSError):  # it died while it had nothing to do; ended() finds that out
            self._channel.send(task)

    def ended(self) -> Ended | None:
        """How the task ended, None if it has not. Without a row the worker is dead as well."""
        self._looked = time.monotonic()
        dead = self._process.exitcode is not None
        try:
            while self._channel.poll():
                ended = self._told(*self._channel.recv())
                if ended is not None:
                    return ended
        except Exception:  # it died in a message, or a damaged one says anything
            dead = True
        outcome = self._outcome_of_death() if dead else self._outcome_of_limits()
        return None if outcome is None else self._ended_without_row(outcome)

    def kill(self) -> None:
        """Ends the process and its descendants, whatever it does."""
        child.kill_group(self._process.pid)
        self._process.join()
        self._channel.close()
        self._lifeline.close()

    def _told(self, kind: str, value: Any) -> Ended | None:
        """Takes in one message of the process."""
        if kind == _ROW:
            self.task = None
            return Ended(value)
        if kind == _RAISED:
            type_name, message = value
            return self._ended_without_row(
                child.Outcome(child.RAISED, error_type=type_name, error_message=message)
            )
        if kind == _STAGE:
            self._stage = value
        elif kind == _READY:
            self._ready_bytes, self._deadline = value, time.monotonic() + self._job.timeout
        return None

    def _ended_without_row(self, outcome: child.Outcome) -> Ended:
        self.kill()
        return Ended(None, replace(outcome, output=child.tail_of(self._output)), self._stage)

    def _outcome_of_death(self) -> child.Outcome:
        self._process.join(timeout=2)  # a channel that the case closed says nothing of the process
        return child.outcome_of_exit(self._process.exitcode, "")

    def _outcome_of_limits(self) -> child.Outcome | None:
        if self._looked > self._deadline:
            return child.Outcome(child.TIMED_OUT)
        if self._ready_bytes is None:
            return None
        grown = _resident_bytes(self._process.pid) - self._ready_bytes
        assert self.task is not None
        return child.Outcome(TOO_MUCH_MEMORY) if grown > self._job.memory_for(self.task) else None


def wait_for_any(workers: Collection[Worker]) -> list[Worker]:
    """Waits a moment and returns those of the busy `workers` to ask whether their task ended."""
    watched = {}
    for worker in workers:
        watched[worker._channel] = watched[worker._process.sentinel] = worker
    told = {watched[item] for item in wait(list(watched), _LOOK_INTERVAL)}
    now = time.monotonic()
    return [w for w in workers if w in told or now - w._looked >= _LOOK_INTERVAL]


def _resident_bytes(pid: int | None) -> int:
    """Bytes of memory that a process occupies; 0 if it is gone."""
    try:
        words = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return int(words[1]) * _PAGE_BYTES if words else 0


def _work(
    lifeline: Connection,
    channel: Connection,
    output: str,
    run_task: Callable[..., Row],
    initialize: Callable[[str, str], None],
    paddle: str,
    device: str,
) -> None:
    """The life of a worker process."""
    child.settle(lifeline, output)
    try:
        initialize(paddle, device)
        channel.send((_READY, _resident_bytes(os.getpid())))
        while True:
            task = channel.recv()
            os.truncate(output, 0)
            channel.send((_ROW, run_task(task, lambda stage: channel.send((_STAGE, stage)))))
    except (EOFError, KeyboardInterrupt):
        pass
    except BaseException as error:
        channel.send((_RAISED, (type(error).__name__, str(error))))
    # Destructors at exit are not the caller's concern, and with two frameworks loaded they crash.
    os._exit(0)
