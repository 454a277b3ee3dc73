"""Runs tasks in worker processes: a crash or a hang costs one row, not the run.

Workers are reused. A result that something else may have caused (a wrong value, a crash, a
timeout: an earlier case may have corrupted the heap) is therefore confirmed at once in a fresh
process, which replaces the worker, and the confirmed result counts.
"""

from __future__ import annotations

import itertools
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from paddlemend import child
from paddlemend.apitest import pool, row
from paddlemend.apitest.case_line import api_of
from paddlemend.apitest.row import Row
from paddlemend.apitest.worker import LIBRARY, Task, describe_environment, initialize_worker
from paddlemend.apitest.worker import run_task as run_real_task

_THREADS = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

# A frame of a kernel or of an API function in the trace that Paddle prints when it crashes.
_FRAME = re.compile(r"^\d+\s+(?:void )?((?:phi|paddle)::[\w:~]*\w)", re.MULTILINE)


class EnvironmentProblem(RuntimeError):
    """No worker can be set up here; the message says why, in one line."""


class Runner:
    """Runs tasks with `jobs` workers, which stay for the next run; `with` ends them.

    A task may take `timeout` seconds and `max_memory` bytes (by default four times its
    `max_bytes`); what takes more is killed. `run_task` and `initialize` run in the worker and must
    be importable from a module.
    """

    def __init__(
        self,
        jobs: int,
        timeout: float,
        max_memory: int | None = None,
        run_task: Callable[..., Row] = run_real_task,
        initialize: Callable[[str, str], None] = initialize_worker,
    ):
        self._jobs = jobs
        self._job = pool.Job(run_task, initialize, timeout, max_memory)
        self._idle: list[pool.Worker] = []
        self._outputs = tempfile.TemporaryDirectory(prefix="paddlemend-output-")
        self._numbers = itertools.count()

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the workers."""
        while self._idle:
            self._idle.pop().kill()
        self._outputs.cleanup()

    def environment(self, paddle_kind: str, device: str) -> str:
        """Names the versions that tasks will meet. Raises EnvironmentProblem if they cannot run."""
        return check_environment(paddle_kind, device)

    def run(self, tasks: Iterable[Task]) -> Iterator[Row]:
        """Yields one row for every task, as they come; takes tasks when a worker is free."""
        waiting = iter(tasks)
        busy: dict[pool.Worker, bool] = {}  # whether the worker confirms a result
        try:
            while True:
                while len(busy) < self._jobs and (task := next(waiting, None)) is not None:
                    yield from self._start(task, busy, confirms=False)
                if not busy:
                    return
                for worker in pool.wait_for_any(busy):
                    yield from self._ended(worker, busy)
        finally:
            for worker in busy:
                worker.kill()

    def _start(self, task: Task, busy: dict[pool.Worker, bool], confirms: bool) -> Iterator[Row]:
        """Hands a task to a worker; gives its row at once if no process can be started."""
        try:
            worker = self._fresh(task) if confirms else self._reused(task) or self._fresh(task)
        except (OSError, EOFError) as error:
            message = f"no worker process could be started: {error}"
            yield self._row(task, row.TORCH_ERROR, "worker", message)
            return
        worker.start(task)
        busy[worker] = confirms

    def _ended(self, worker: pool.Worker, busy: dict[pool.Worker, bool]) -> Iterator[Row]:
        """The row of the worker's task if it ended and needs no confirmation."""
        task = worker.task
        assert task is not None
        ended = worker.ended()
        if ended is None:
            return
        confirms = busy.pop(worker)
        result = self._failed_row(task, ended) if ended.row is None else _stamped(ended.row, task)
        suspicious = not confirms and (ended.row is None or result.class_ == row.ACCURACY_ERROR)
        if ended.row is not None:
            if suspicious:
                worker.kill()
            else:
                self._idle.append(worker)
        if suspicious:
            yield from self._start(task, busy, confirms=True)
        else:
            yield result

    def _reused(self, task: Task) -> pool.Worker | None:
        """An idle worker for the task's Paddle and device; an idle one for others makes room."""
        kind = (task.paddle, task.device)
        for worker in self._idle:
            if worker.kind == kind:
                self._idle.remove(worker)
                return worker
        if self._idle:
            self._idle.pop().kill()
        return None

    def _fresh(self, task: Task) -> pool.Worker:
        output = Path(self._outputs.name, str(next(self._numbers)))
        return pool.Worker(self._job, task.paddle, task.device, output)

    def _failed_row(self, task: Task, ended: pool.Ended) -> Row:
        """The row of a case whose process gave no answer."""
        assert ended.outcome is not None
        if ended.stage == row.REFERENCE:
            return self._row_without_reference(task, ended.outcome)
        class_, reason, message = self._finding(task, ended.outcome)
        return self._row(task, class_, reason, message, ended.stage)

    def _finding(self, task: Task, outcome: child.Outcome) -> tuple[str, str, str]:
        """Class, reason and message for the outcome of a process that gave no row."""
        if outcome.kind == child.TIMED_OUT:
            return row.TIMEOUT, "time", f"no answer within {self._job.timeout:g} s"
        if outcome.kind == pool.TOO_MUCH_MEMORY:
            return row.CRASH, "memory", f"took more than {self._job.memory_for(task)} bytes"
        if outcome.kind == child.RAISED:
            return row.TORCH_ERROR, "worker", outcome.describe()
        frames = _FRAME.findall(outcome.output)
        message = outcome.describe() + (f" in {frames[-1]}" if frames else "")
        return row.CRASH, outcome.signal_name or "exit", message

    def _row_without_reference(self, task: Task, outcome: child.Outcome) -> Row:
        """The row of a case whose reference gave no answer, which is not the subject's fault."""
        if outcome.kind == child.TIMED_OUT:
            message = f"the reference alone takes more than {self._job.timeout:g} s"
            return self._row(task, row.TOO_LARGE, "time", message, row.REFERENCE)
        if outcome.kind == pool.TOO_MUCH_MEMORY:
            message = f"the reference alone takes more than {self._job.memory_for(task)} bytes"
            return self._row(task, row.TOO_LARGE, "bytes", message, row.REFERENCE)
        message = f"the reference: {outcome.describe()}"
        return self._row(task, row.TORCH_ERROR, "reference", message, row.REFERENCE)

    def _row(self, task: Task, class_: str, reason: str, message: str, stage: str = "") -> Row:
        failed = Row(
            task.case, api_of(task.case), task.paddle, class_, stage, reason, message=message
        )
        return _stamped(failed, task)


def prepare_workers(paddle_kind: str) -> None:
    """Starts the server that workers are forked from, with the frameworks imported."""
    frameworks = "preload_torch" if paddle_kind == LIBRARY else "preload"
    # Every process that is forked imports the main module of this one, if it is not there yet.
    main_needs = ["distributed"] if "distributed.worker" in sys.modules else []
    child.prepare_server([f"paddlemend.apitest.{frameworks}", *main_needs], _THREADS)


def check_environment(paddle_kind: str, device: str) -> str:
    """Sets up one worker; names the versions it found or raises EnvironmentProblem."""
    prepare_workers(paddle_kind)
    outcome = child.run_in_child(
        describe_environment, paddle_kind, device, timeout=pool.START_TIMEOUT
    )
    if outcome.returned:
        return outcome.value
    if outcome.error_type == "DeviceMissing":
        raise EnvironmentProblem(f"--device {device}: {outcome.error_message}")
    text = " ".join(outcome.describe().split())
    raise EnvironmentProblem(f"no worker for --paddle {paddle_kind} can be set up: {text}")


def _stamped(result: Row, task: Task) -> Row:
    """The row with how it was run, which the worker need not say."""
    return replace(result, mode=task.mode, seed=task.seed, device=task.device)
