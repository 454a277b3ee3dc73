"""One bad case costs one row: the others run, and their rows come."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections import Counter

import pytest
from paddlemend.apitest import row, worker
from paddlemend.apitest.row import Row
from paddlemend.apitest.runner import EnvironmentProblem, Runner, check_environment
from paddlemend.apitest.worker import Task


def prepare(paddle_kind):
    """Stands in for the imports of a real worker."""
    worker._report_calls_of_exit()


def fail_to_prepare(paddle_kind):
    raise ImportError("no such framework")


def run_fake(task: Task, on_stage=lambda stage: None) -> Row:
    """A task that does what its case says."""
    on_stage("backward")
    if task.case == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task.case == "exit":
        ctypes.CDLL(None).exit(0)
    if task.case == "hang":
        time.sleep(600)
    if task.case == "raise":
        raise MemoryError("too much")
    if task.case.startswith("wrong once"):
        return wrong_once(task)
    return Row(task.case, "api", task.paddle, row.PASS)


def wrong_once(task: Task) -> Row:
    """Wrong in the first process, right in the next."""
    marker = task.case.rpartition(" ")[2]
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return Row(task.case, "api", task.paddle, row.PASS)
    return Row(task.case, "api", task.paddle, row.ACCURACY_ERROR)


def run(cases, jobs=2, timeout=2.0, initialize=prepare):
    tasks = [Task(case, "stock", 0, 1 << 30) for case in cases]
    rows = list(Runner(jobs, timeout, run_fake, initialize).run(tasks))
    assert Counter(entry.case for entry in rows) == Counter(cases)
    return {entry.case: entry for entry in rows}


def test_every_task_gives_one_row():
    rows = run([f"case {number}" for number in range(200)])
    assert all(entry.class_ == row.PASS for entry in rows.values())


def test_a_crash_costs_one_row_that_names_signal_and_stage():
    rows = run(["a", "segfault", "b", "c"])
    crashed = rows.pop("segfault")
    assert (crashed.class_, crashed.reason, crashed.stage) == (row.CRASH, "SIGSEGV", "backward")
    assert all(entry.class_ == row.PASS for entry in rows.values())


def test_a_hang_costs_one_row_and_the_timeout():
    rows = run(["a", "hang", "b"])
    assert rows["hang"].class_ == row.TIMEOUT and "2 s" in rows["hang"].message
    assert rows["a"].class_ == rows["b"].class_ == row.PASS


def test_a_case_that_calls_exit_0_is_a_crash_and_found_at_once():
    started = time.monotonic()
    rows = run(["a", "exit", "b"], timeout=60.0)
    assert (rows["exit"].class_, rows["exit"].reason) == (row.CRASH, "exit")
    assert rows["b"].class_ == row.PASS and time.monotonic() - started < 30


def test_crashes_of_all_workers_at_once_lose_no_row():
    cases = ["segfault", *(f"case {number}" for number in range(20))]
    assert run(cases, jobs=1)["segfault"].class_ == row.CRASH


def test_an_exception_of_the_harness_is_a_row_of_its_own_class():
    rows = run(["a", "raise"])
    assert rows["raise"].class_ == row.TORCH_ERROR and "too much" in rows["raise"].message


def test_a_wrong_value_that_a_fresh_process_does_not_confirm_is_a_pass(tmp_path):
    case = f"wrong once {tmp_path / 'marker'}"
    assert run([case])[case].class_ == row.PASS


def test_workers_that_cannot_start_end_the_run_instead_of_hanging():
    rows = run(["a", "b"], initialize=fail_to_prepare)
    assert {entry.class_ for entry in rows.values()} == {row.TORCH_ERROR}
    assert "no such framework" in rows["a"].message


def test_an_abandoned_run_ends_at_once_and_kills_what_runs():
    tasks = [Task("hang", "stock", 0, 1 << 30), Task("a", "stock", 0, 1 << 30)]
    rows = Runner(1, 60.0, run_fake, prepare)._confirmed(tasks[1:] + tasks[:1])
    next(rows)
    started = time.monotonic()
    rows.close()
    assert time.monotonic() - started < 20


def test_an_environment_without_worker_is_one_line(monkeypatch):
    monkeypatch.setattr("paddlemend.apitest.runner.describe_environment", fail_to_prepare)
    with pytest.raises(EnvironmentProblem, match=r"--paddle stock.*no such framework") as problem:
        check_environment("stock")
    assert "\n" not in str(problem.value)
