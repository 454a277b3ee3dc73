"""--cluster: the same rows from a Dask cluster, whatever happens to its workers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import Future
from typing import ClassVar

import fake_tasks
import pytest
from paddlemend.apitest import row
from paddlemend.apitest.cluster import ClusterRunner
from paddlemend.apitest.runner import EnvironmentProblem
from paddlemend.apitest.worker import Task
from processes import ends


def entries_of(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []


# Without the frameworks, which the fork server of every Dask worker would import first.
PATH = os.pathsep.join(
    [
        os.path.dirname(__file__),
        *(path for path in sys.path if not {"paddle", "torch"} & set(entries_of(path))),
    ]
)


class Cluster:
    """A scheduler and its workers, each a process of its own, on this machine."""

    def __init__(self, folder):
        self._folder = folder
        self.processes = []
        scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        self.address = self._printed(scheduler, r"Scheduler at:\s+(tcp://[\d.:]+)")

    def add_worker(self, *options) -> subprocess.Popen:
        """Starts a worker with one thread and waits until it takes work."""
        worker = self._start("worker", self.address, "--nthreads", "1", *options)
        self._printed(worker, r"Registered to:\s+(tcp://[\d.:]+)")
        return worker

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def _start(self, what, *words):
        log = self._folder / f"{len(self.processes)}.log"
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *words]
        environment = {**os.environ, "PYTHONPATH": PATH}
        with open(log, "wb") as file:
            process = subprocess.Popen(
                command, stdout=file, stderr=file, env=environment, cwd=self._folder
            )
        process.log = log
        self.processes.append(process)
        return process

    def _printed(self, process, pattern) -> str:
        """Waits until the process has printed something."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = re.search(pattern, process.log.read_text())
            if found:
                return found.group(1)
            time.sleep(0.05)
        raise AssertionError(process.log.read_text())


@pytest.fixture
def cluster(tmp_path):
    running = Cluster(tmp_path)
    yield running
    running.close()


def runner_on(cluster) -> ClusterRunner:
    limits = (30.0, fake_tasks.MEMORY)
    return ClusterRunner(cluster.address, *limits, fake_tasks.run_task, fake_tasks.initialize)


def tasks_for(cases):
    return [Task(case, "stock", 3, 1 << 30, mode="stable") for case in cases]


def classes_of(rows, cases):
    """The class of every case's row; every case has exactly one."""
    assert Counter(entry.case for entry in rows) == Counter(cases)
    return {entry.case: entry.class_ for entry in rows}


def test_every_case_gives_one_row_that_says_how_it_was_run(cluster):
    cluster.add_worker("--no-nanny")
    cases = [f"case {n}" for n in range(50)]
    with runner_on(cluster) as runner:
        rows = list(runner.run(tasks_for(cases)))
    assert set(classes_of(rows, cases).values()) == {row.PASS}
    assert {(entry.mode, entry.seed, entry.device) for entry in rows} == {("stable", 3, "cpu")}


@pytest.mark.parametrize("kind_of_worker", ["--no-nanny", "--nanny"])
def test_a_case_that_crashes_costs_one_row_and_no_worker(cluster, kind_of_worker):
    worker = cluster.add_worker(kind_of_worker)
    cases = ["a", "crash", "b"]
    with runner_on(cluster) as runner:
        classes = classes_of(list(runner.run(tasks_for(cases))), cases)
    assert classes == {"a": row.PASS, "crash": row.CRASH, "b": row.PASS}
    assert worker.poll() is None and "killed" not in worker.log.read_text()


def test_a_worker_that_is_killed_in_the_middle_loses_and_repeats_no_row(cluster):
    victim, _ = cluster.add_worker("--no-nanny"), cluster.add_worker("--no-nanny")
    cases = [f"sleep {n}" for n in range(160)]
    rows = []
    with runner_on(cluster) as runner:
        for entry in runner.run(tasks_for(cases)):
            rows.append(entry)
            if len(rows) == 20:
                victim.send_signal(signal.SIGKILL)
    assert set(classes_of(rows, cases).values()) == {row.PASS}


def test_processes_of_a_killed_worker_end_with_it(cluster):
    worker = cluster.add_worker("--no-nanny")
    with runner_on(cluster) as runner:
        list(runner.run(tasks_for(["a"])))
    children = descendants(worker.pid)
    assert len(children) >= 2  # the fork server and a worker process
    worker.kill()
    worker.wait()
    assert all(ends(pid) for pid in children)


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and theirs."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        children = [int(word) for word in file.read().split()]
    for task in os.listdir(f"/proc/{pid}/task"):
        if int(task) != pid:
            with open(f"/proc/{pid}/task/{task}/children") as file:
                children += [int(word) for word in file.read().split()]
    return children + [below for child in children for below in descendants(child)]


def test_a_worker_that_joins_late_takes_part(cluster):
    cluster.add_worker("--no-nanny")
    cases = [f"sleep {n}" for n in range(160)]
    rows = []
    with runner_on(cluster) as runner:
        for entry in runner.run(tasks_for(cases)):
            rows.append(entry)
            if len(rows) == 16:
                late = cluster.add_worker("--no-nanny")
    classes_of(rows, cases)
    assert len(descendants(late.pid)) >= 2


def test_batches_are_taken_when_there_is_room_so_that_endless_lists_fit_in_memory(cluster):
    cluster.add_worker("--no-nanny")
    taken = []

    def many():
        for n in range(1000):
            taken.append(n)
            yield from tasks_for([f"case {n}"])

    with runner_on(cluster) as runner:
        rows = runner.run(many())
        for _ in range(16):
            next(rows)
        rows.close()
    assert len(taken) <= 64


def test_no_scheduler_is_one_line(monkeypatch):
    monkeypatch.setattr("paddlemend.apitest.cluster._CONNECT_TIMEOUT", 1)
    with pytest.raises(EnvironmentProblem, match=r"--cluster tcp://127.0.0.1:9: ") as problem:
        ClusterRunner("tcp://127.0.0.1:9", 1.0, 1)
    assert "\n" not in str(problem.value)


class ScriptedClient:
    """A cluster on which the attempts at a batch end one after the other as `script` says."""

    script: ClassVar[list] = []
    status = "running"

    def __init__(self, address, **options):
        self.submitted = 0

    def submit(self, function, tasks, limits, pure):
        self.submitted += 1
        outcome = self.script.pop(0)
        future = Future()
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result([fake_tasks.run_task(task) for task in tasks])
        return future

    def nthreads(self):
        return {"worker": 1}

    def wait_for_workers(self, number, timeout):
        pass

    def cancel(self, futures):
        pass

    def close(self, timeout):
        pass


def run_scripted(monkeypatch, script, cases, status="running"):
    monkeypatch.setattr("paddlemend.apitest.cluster.Client", ScriptedClient)
    monkeypatch.setattr(ScriptedClient, "script", list(script))
    monkeypatch.setattr(ScriptedClient, "status", status)
    with ClusterRunner("tcp://127.0.0.1:9", 1.0, 1) as runner:
        return list(runner.run(tasks_for(cases)))


def test_a_batch_that_ended_several_workers_is_given_to_others(monkeypatch):
    rows = run_scripted(monkeypatch, [RuntimeError("killed")] * 9 + ["rows"], ["a", "b"])
    assert classes_of(rows, ["a", "b"]) == {"a": row.PASS, "b": row.PASS}


def test_a_batch_that_ends_every_worker_gives_a_row_for_each_case(monkeypatch):
    rows = run_scripted(monkeypatch, [RuntimeError("killed")] * 10, ["a", "b"])
    assert classes_of(rows, ["a", "b"]) == {"a": row.TORCH_ERROR, "b": row.TORCH_ERROR}
    assert "killed" in rows[0].message and rows[0].mode == "stable"


def test_a_lost_scheduler_ends_the_run_and_says_how_to_go_on(monkeypatch):
    with pytest.raises(EnvironmentProblem, match="the connection is lost; --resume"):
        run_scripted(monkeypatch, [RuntimeError("lost")], ["a"], status="closed")
