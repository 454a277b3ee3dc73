"""Runs tasks on the workers of a Dask scheduler: the engine behind --cluster.

Dask rather than Ray: it is pure Python and on PyPI for every Python that Paddle supports, it joins
a scheduler that somebody else has started with two commands (`dask scheduler`, `dask worker
ADDRESS`), and it moves the work of a machine that dies to another one by itself.

A Dask task is a batch of cases, which a Runner on the worker's machine runs in child processes of
its own: a case that crashes never ends a Dask worker, and suspicious results are confirmed there.
A row counts when its batch arrives here, so that a batch that ran twice yields nothing twice.
"""

from __future__ import annotations

import itertools
import logging
import threading
from asyncio import CancelledError
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from paddlemend.apitest import row
from paddlemend.apitest.case_line import api_of
from paddlemend.apitest.row import Row
from paddlemend.apitest.runner import (
    EnvironmentProblem,
    Runner,
    check_environment,
    prepare_workers,
)
from paddlemend.apitest.worker import Task, initialize_worker
from paddlemend.apitest.worker import run_task as run_real_task

try:
    from distributed import Client, Future
except ImportError as error:
    raise EnvironmentProblem("--cluster needs Dask: pip install 'paddlemend[cluster]'") from error

_BATCH = 16

# Batches that wait for each thread of the cluster, so that none is idle while rows travel.
_WAITING = 2

# How often a batch is given to the cluster before its cases are given up. A batch is not what ends
# a worker, but it may be where many workers are ended.
_ATTEMPTS = 10

# Seconds to reach the scheduler; seconds without any worker after which the run ends.
_CONNECT_TIMEOUT = 10
_WORKERLESS_TIMEOUT = 60


@dataclass(frozen=True)
class Limits:
    """What a Runner on the worker's side is made of; see there."""

    timeout: float
    max_memory: int | None
    run_task: Callable[..., Row]
    initialize: Callable[[str, str], None]

    def new_runner(self) -> Runner:
        return Runner(1, self.timeout, self.max_memory, self.run_task, self.initialize)


@dataclass
class _Batch:
    tasks: list[Task]
    attempts: int = 0


class ClusterRunner:
    """Runs tasks on the cluster of a scheduler; `with` leaves the cluster as it was."""

    def __init__(
        self,
        address: str,
        timeout: float,
        max_memory: int | None,
        run_task: Callable[..., Row] = run_real_task,
        initialize: Callable[[str, str], None] = initialize_worker,
    ):
        """Connects. Raises EnvironmentProblem if there is no scheduler or no worker."""
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # the row or error tells it
        self._address = address
        self._limits = Limits(timeout, max_memory, run_task, initialize)
        try:
            self._client = Client(address, timeout=_CONNECT_TIMEOUT, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_WORKERLESS_TIMEOUT)
        except (OSError, ValueError, TimeoutError) as error:
            raise EnvironmentProblem(f"--cluster {address}: {error}") from error

    def __enter__(self) -> ClusterRunner:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close(timeout=5)

    def environment(self, paddle_kind: str, device: str) -> str:
        """Names the versions on the workers, except on those that join later.

        Raises EnvironmentProblem if a worker cannot run cases, or if the versions differ.
        """
        checks = {
            address: self._client.submit(
                check_environment, paddle_kind, device, workers=[address], pure=False
            )
            for address in self._client.scheduler_info(n_workers=-1)["workers"]
        }
        found: dict[str, str] = {}
        for address, check in checks.items():
            try:
                found.setdefault(check.result(), address)
            except Exception as error:
                raise EnvironmentProblem(f"cluster worker {address}: {error}") from error
        if len(found) > 1:
            differing = "; ".join(f"{address} has {text}" for text, address in found.items())
            raise EnvironmentProblem(f"the workers of the cluster differ: {differing}")
        return f"{next(iter(found))} on {len(checks)} cluster workers"

    def run(self, tasks: Iterable[Task]) -> Iterator[Row]:
        """Yields one row for every task as the batches arrive; takes tasks when there is room."""
        waiting = iter(tasks)
        batches: dict[Future, _Batch] = {}
        done: SimpleQueue[Future] = SimpleQueue()
        try:
            while True:
                while len(batches) < self._room() and (
                    batch := list(itertools.islice(waiting, _BATCH))
                ):
                    self._submit(_Batch(batch), batches, done)
                if not batches:
                    return
                future = self._next(done)
                yield from self._arrived(future, batches, done)
        finally:
            with suppress(Exception):  # the scheduler may be gone
                self._client.cancel(list(batches))

    def _room(self) -> int:
        """How many batches the cluster should have now."""
        return max(1, _WAITING * sum(self._client.nthreads().values()))

    def _submit(
        self, batch: _Batch, batches: dict[Future, _Batch], done: SimpleQueue[Future]
    ) -> None:
        batch.attempts += 1
        future = self._client.submit(run_batch, batch.tasks, self._limits, pure=False)
        batches[future] = batch
        future.add_done_callback(done.put)

    def _next(self, done: SimpleQueue[Future]) -> Future:
        """The next batch to end. Raises EnvironmentProblem if nobody is left to run any."""
        workerless = 0
        while True:
            try:
                return done.get(timeout=_CONNECT_TIMEOUT)
            except Empty:
                workerless = 0 if self._client.nthreads() else workerless + _CONNECT_TIMEOUT
            if workerless >= _WORKERLESS_TIMEOUT:
                raise EnvironmentProblem(f"--cluster {self._address}: no worker is left")

    def _arrived(
        self, future: Future, batches: dict[Future, _Batch], done: SimpleQueue[Future]
    ) -> Iterator[Row]:
        """The rows of a batch; one that was lost is submitted again."""
        batch = batches.pop(future)
        try:
            rows = future.result()
        except (Exception, CancelledError) as error:
            if self._client.status != "running":
                text = f"--cluster {self._address}: the connection is lost; --resume goes on"
                raise EnvironmentProblem(text) from error
            if batch.attempts < _ATTEMPTS:
                self._submit(batch, batches, done)
                return
            rows = [_given_up(task, error) for task in batch.tasks]
        yield from rows


def run_batch(tasks: list[Task], limits: Limits) -> list[Row]:
    """What a Dask worker does with a batch: the rows of its tasks."""
    prepare_workers(tasks[0].paddle)
    with _runner(limits) as runner:
        return list(runner.run(tasks))


_lock = threading.Lock()
_idle: dict[Limits, list[Runner]] = {}


@contextmanager
def _runner(limits: Limits) -> Iterator[Runner]:
    """A Runner for one thread of the Dask worker, which keeps its process for the next batch."""
    with _lock:
        known = _idle.setdefault(limits, [])
        runner = known.pop() if known else limits.new_runner()
    try:
        yield runner
    finally:
        with _lock:
            known.append(runner)


def _given_up(task: Task, error: Exception) -> Row:
    message = f"the cluster gave no answer in {_ATTEMPTS} attempts: {error}"
    return Row(
        task.case,
        api_of(task.case),
        task.paddle,
        row.TORCH_ERROR,
        reason="worker",
        message=message,
        mode=task.mode,
        seed=task.seed,
        device=task.device,
    )
