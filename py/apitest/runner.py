"""Runs tasks in worker processes: a crash or a hang costs one row, not the run.

Workers are reused. A result that something else may have caused (a wrong value, a crash, a
timeout: an earlier case may have corrupted the heap) is therefore confirmed once in a fresh
process, and the confirmed result counts.
"""

from __future__ import annotations

import logging
import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from paddlemend import child
from paddlemend.apitest import row
from paddlemend.apitest.case_line import api_of
from paddlemend.apitest.row import Row
from paddlemend.apitest.worker import LIBRARY, Task, describe_environment, initialize_worker
from paddlemend.apitest.worker import run_task as run_real_task
from pebble import ProcessPool

_THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

# Seconds in which a worker must have imported the frameworks.
_START_TIMEOUT = 300.0

_SUSPICIOUS = frozenset({row.ACCURACY_ERROR, row.CRASH, row.TIMEOUT})

# A frame of a kernel or of an API function in the trace that Paddle prints when it crashes.
_FRAME = re.compile(r"^\d+\s+(?:void )?((?:phi|paddle)::[\w:~]*\w)", re.MULTILINE)


class EnvironmentProblem(RuntimeError):
    """No worker can be set up here; the message says why, in one line."""


@dataclass(frozen=True)
class Runner:
    """Runs tasks with `jobs` workers; a task may take `timeout` seconds.

    `run_task` and `initialize` run in the worker and must be importable from a module.
    """

    jobs: int
    timeout: float
    run_task: Callable[..., Row] = run_real_task
    initialize: Callable[[str], None] = initialize_worker

    def run(self, tasks: Sequence[Task]) -> Iterator[Row]:
        """Yields a row for every task, as they come; all tasks are for the same Paddle."""
        suspects: list[Task] = []
        for task, result in self._pooled(tasks):
            if result is None or result.class_ in _SUSPICIOUS:
                suspects.append(task)
            else:
                yield result
        yield from self._confirmed(suspects)

    def _pooled(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Row | None]]:
        """Each task with its row, or None when its worker died or ran out of time.

        Several workers that die at the same moment can break the pool; what was not run then is
        run in another one.
        """
        remaining = list(tasks)
        while remaining:
            unfinished = []
            for task, future in self._one_pool(remaining):
                try:
                    result = future.result()
                except BrokenProcessPool:
                    unfinished.append(task)
                    continue
                except Exception:  # died, ran out of time, or could not answer
                    result = None
                yield task, result
            if len(unfinished) == len(remaining):
                yield from ((task, None) for task in unfinished)
                return
            remaining = unfinished

    def _one_pool(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Future[Row]]]:
        pool = ProcessPool(
            max_workers=min(self.jobs, len(tasks)),
            initializer=_initialize_quietly,
            initargs=(self.initialize, tasks[0].paddle),
            context=child.CONTEXT,
        )
        try:
            futures: dict[Future[Row], Task] = {
                pool.schedule(self.run_task, args=(task,), timeout=self.timeout): task
                for task in tasks
            }
            for future in as_completed(futures):
                yield futures[future], future
        finally:
            pool.stop()
            pool.join()

    def _confirmed(self, tasks: Sequence[Task]) -> Iterator[Row]:
        cancel, running = child.CONTEXT.Pipe(duplex=False)
        with ThreadPoolExecutor(self.jobs) as threads:
            futures = [threads.submit(self._run_alone, task, cancel) for task in tasks]
            try:
                for future in as_completed(futures):
                    yield future.result()
            finally:
                # On an interrupt: what waits does not start, what runs is killed.
                for future in futures:
                    future.cancel()
                running.close()
        cancel.close()

    def _run_alone(self, task: Task, cancel: Connection) -> Row:
        """Runs one task in a process of its own."""
        stage = child.CONTEXT.RawArray("c", 16)
        outcome = child.run_in_child(
            _initialize_and_run,
            self.initialize,
            self.run_task,
            task,
            stage,
            self.timeout,
            timeout=self.timeout + _START_TIMEOUT,
            cancel=cancel,
        )
        if outcome.returned:
            return outcome.value
        return _failed_row(task, outcome, stage.value.decode(), self.timeout)


def check_environment(paddle_kind: str) -> str:
    """Starts the fork server and one worker; names the versions or raises EnvironmentProblem."""
    preload = "torch" if paddle_kind == LIBRARY else "paddlemend.apitest.preload"
    child.prepare_server([preload], _THREADS)
    outcome = child.run_in_child(describe_environment, paddle_kind, timeout=_START_TIMEOUT)
    if not outcome.returned:
        text = " ".join(outcome.describe().split())
        raise EnvironmentProblem(f"no worker for --paddle {paddle_kind} can be set up: {text}")
    return outcome.value


def _initialize_quietly(initialize: Callable[[str], None], paddle_kind: str) -> None:
    """Sets up a pooled worker, whose output nobody reads: a crash is told by its confirmation."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    initialize(paddle_kind)


def _initialize_and_run(
    initialize: Callable[[str], None],
    run_task: Callable[..., Row],
    task: Task,
    stage: Any,
    timeout: float,
) -> Row:
    """Runs one task under an alarm that ends the process, so that imports cost it no time."""
    initialize(task.paddle)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, timeout)

    def note(name: str) -> None:
        stage.value = name.encode()

    result = run_task(task, note)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return result


def _failed_row(task: Task, outcome: child.Outcome, stage: str, timeout: float) -> Row:
    """The row of a case whose process gave no answer."""
    alarm = outcome.signal_name == "SIGALRM"
    class_, reason = {
        child.CRASHED: (row.TIMEOUT, "time") if alarm else (row.CRASH, outcome.signal_name),
        child.EXITED: (row.CRASH, "exit"),
        child.TIMED_OUT: (row.TIMEOUT, "time"),
        child.RAISED: (row.TORCH_ERROR, "worker"),
    }[outcome.kind]
    message = f"no answer within {timeout:g} s" if class_ == row.TIMEOUT else outcome.describe()
    frames = _FRAME.findall(outcome.output)
    if class_ == row.CRASH and frames:
        message += f" in {frames[-1]}"
    return Row(task.case, api_of(task.case), task.paddle, class_, stage, reason, message=message)


# The pool logs what its futures report anyway.
logging.getLogger("pebble").addHandler(logging.NullHandler())
