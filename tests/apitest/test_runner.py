"""One bad case costs one row: the others run, and their rows come."""

from __future__ import annotations

import ctypes
import itertools
import os
import signal
import subprocess
import time
from collections import Counter

import pytest
from paddlemend.apitest import row, worker
from paddlemend.apitest.device import DeviceMissing
from paddlemend.apitest.row import Row
from paddlemend.apitest.runner import EnvironmentProblem, Runner, check_environment
from paddlemend.apitest.worker import Task
from processes import ends

LIMIT = 300 << 20


def prepare(paddle_kind, device):
    """Stands in for the imports of a real worker."""
    worker._report_calls_of_exit()


def fail_to_prepare(paddle_kind, device):
    raise ImportError("no such framework")


def run_fake(task: Task, on_stage=lambda stage: None) -> Row:
    """A task that does what its case says."""
    on_stage("backward")
    action, _, argument = task.case.partition(" ")
    if action == "reference-segfault":
        on_stage(row.REFERENCE)
        crash_like_paddle(argument)
    if action in ACTIONS:
        ACTIONS[action](argument)
    class_ = row.ACCURACY_ERROR if action == "wrong-once" and first_time(argument) else row.PASS
    return Row(task.case, "api", task.paddle, class_, message=str(os.getpid()))


def first_time(marker: str) -> bool:
    """Whether this is the first call for the file."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def crash_like_paddle(argument):
    os.write(2, b"0   phi::ExpandKernel<float>(phi::Context)\n")
    os.kill(os.getpid(), signal.SIGSEGV)


def hang_in_native_code(argument):
    """Keeps the interpreter's lock for ever, as a kernel that hangs does."""
    ctypes.PyDLL(None).pause()


def raise_error(argument):
    raise MemoryError("too much")


def die_once(marker):
    if first_time(marker):
        os.kill(os.getpid(), signal.SIGKILL)


def allocate(mebibytes):
    """Takes memory step by step, for ever if no number is given."""
    taken = []
    while not mebibytes or len(taken) < int(mebibytes):
        taken.append(bytearray(1 << 20))


def leave_a_process(pid_file):
    child_process = subprocess.Popen(["sleep", "600"])
    with open(pid_file, "w") as file:
        file.write(str(child_process.pid))
    time.sleep(600)


ACTIONS = {
    "segfault": crash_like_paddle,
    "exit": lambda argument: ctypes.CDLL(None).exit(int(argument)),
    "_exit": lambda argument: os._exit(int(argument)),
    "hang": lambda argument: time.sleep(600),
    "native-hang": hang_in_native_code,
    "raise": raise_error,
    "die-once": die_once,
    "allocate": allocate,
    "close-all": lambda argument: os.closerange(0, 1000),
    "leave-a-process": leave_a_process,
    "print": lambda argument: os.write(1, b"x" * (1 << 20)),
}


def tasks_for(cases):
    return [Task(case, "stock", 0, 1 << 30) for case in cases]


def run(cases, jobs=2, timeout=2.0, initialize=prepare):
    with Runner(jobs, timeout, LIMIT, run_fake, initialize) as runner:
        rows = list(runner.run(tasks_for(cases)))
    assert Counter(entry.case for entry in rows) == Counter(cases)
    return {entry.case: entry for entry in rows}


def test_every_task_gives_one_row_in_a_few_reused_processes():
    rows = run([f"case {number}" for number in range(200)])
    assert all(entry.class_ == row.PASS for entry in rows.values())
    assert len({entry.message for entry in rows.values()}) <= 2


def test_a_row_says_how_it_was_run():
    task = Task("a", "mended", 7, 1 << 30, mode="stable", device="cuda:1")
    with Runner(1, 2.0, LIMIT, run_fake, prepare) as runner:
        (entry,) = runner.run([task])
    assert entry.key == ("a", "mended", "stable", 7, "cuda:1")


def test_a_crash_costs_one_row_that_names_signal_stage_and_kernel():
    rows = run(["a", "segfault", "b", "c"])
    crashed = rows.pop("segfault")
    assert (crashed.class_, crashed.reason, crashed.stage) == (row.CRASH, "SIGSEGV", "backward")
    assert "phi::ExpandKernel" in crashed.message
    assert all(entry.class_ == row.PASS for entry in rows.values())


def test_a_crash_of_the_reference_is_not_blamed_on_paddle():
    crashed = run(["reference-segfault"])["reference-segfault"]
    assert (crashed.class_, crashed.reason) == (row.TORCH_ERROR, "SIGSEGV")
    assert crashed.stage == row.REFERENCE


@pytest.mark.parametrize("case", ["hang", "native-hang"])
def test_a_hang_costs_one_row_and_the_timeout(case):
    rows = run(["a", case, "b"])
    assert rows[case].class_ == row.TIMEOUT and "2 s" in rows[case].message
    assert rows["a"].class_ == rows["b"].class_ == row.PASS


@pytest.mark.parametrize("case", ["exit 0", "exit 3", "_exit 0"])
def test_a_case_that_ends_its_process_is_a_crash_and_found_at_once(case):
    started = time.monotonic()
    rows = run(["a", case, "b"], timeout=60.0)
    assert (rows[case].class_, rows[case].reason) == (row.CRASH, "exit")
    assert f"status {case[-1]}" in rows[case].message
    assert rows["b"].class_ == row.PASS and time.monotonic() - started < 30


def test_a_case_that_takes_too_much_memory_is_ended_before_the_machine_is():
    rows = run(["a", "allocate", "b"], timeout=60.0)
    assert (rows["allocate"].class_, rows["allocate"].reason) == (row.CRASH, "memory")
    assert str(LIMIT) in rows["allocate"].message and rows["b"].class_ == row.PASS


def test_without_a_limit_a_case_may_take_four_times_its_estimate():
    tasks = [Task(case, "stock", 0, 50 << 20) for case in ["allocate 150", "allocate 400"]]
    with Runner(1, 60.0, None, run_fake, prepare) as runner:
        rows = {entry.case: entry.class_ for entry in runner.run(tasks)}
    assert rows == {"allocate 150": row.PASS, "allocate 400": row.CRASH}


def test_memory_within_the_limit_is_no_crash():
    assert run(["allocate 200"], timeout=60.0)["allocate 200"].class_ == row.PASS


def test_a_worker_that_is_killed_from_outside_while_it_runs_costs_nothing(tmp_path):
    case = f"die-once {tmp_path / 'marker'}"
    assert {entry.class_ for entry in run(["a", case, "b"]).values()} == {row.PASS}


def test_a_worker_that_is_killed_while_it_waits_costs_nothing():
    with Runner(1, 5.0, LIMIT, run_fake, prepare) as runner:
        (first,) = runner.run(tasks_for(["a"]))
        os.kill(int(first.message), signal.SIGKILL)
        (second,) = runner.run(tasks_for(["b"]))
    assert second.class_ == row.PASS and second.message != first.message


def test_a_case_that_closes_every_file_is_one_row():
    rows = run(["close-all", "a"])
    assert rows["close-all"].class_ == row.CRASH and rows["a"].class_ == row.PASS


def test_what_a_hanging_case_started_is_killed_with_it(tmp_path):
    pid_file = tmp_path / "pid"
    run([f"leave-a-process {pid_file}"])
    assert ends(int(pid_file.read_text()))


def test_output_of_one_case_is_not_kept_for_the_next(tmp_path):
    cases = ["print", "print again", "segfault"]
    assert run(cases, jobs=1)["segfault"].class_ == row.CRASH


def test_crashes_of_all_workers_at_once_lose_no_row():
    cases = [f"segfault {number}" for number in range(4)]
    others = [f"case {number}" for number in range(20)]
    rows = run([*cases, *others])
    assert {rows[case].class_ for case in cases} == {row.CRASH}
    assert {rows[case].class_ for case in others} == {row.PASS}


def test_an_exception_of_the_harness_is_a_row_of_its_own_class():
    rows = run(["a", "raise"])
    assert rows["raise"].class_ == row.TORCH_ERROR and "too much" in rows["raise"].message


def test_a_wrong_value_that_a_fresh_process_does_not_confirm_is_a_pass(tmp_path):
    case = f"wrong-once {tmp_path / 'marker'}"
    assert run([case])[case].class_ == row.PASS


def test_a_suspicious_result_is_confirmed_before_later_tasks_run():
    cases = ["segfault", *(f"case {number}" for number in range(50))]
    with Runner(1, 2.0, LIMIT, run_fake, prepare) as runner:
        assert next(runner.run(tasks_for(cases))).case == "segfault"


def test_tasks_are_taken_when_a_worker_is_free_so_that_endless_lists_fit_in_memory():
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield from tasks_for([f"case {number}"])

    with Runner(2, 2.0, LIMIT, run_fake, prepare) as runner:
        rows = list(itertools.islice(runner.run(endless()), 100))
    assert len(rows) == 100 and len(taken) <= 102


def test_workers_that_cannot_start_end_the_run_instead_of_hanging():
    rows = run(["a", "b"], initialize=fail_to_prepare)
    assert {entry.class_ for entry in rows.values()} == {row.TORCH_ERROR}
    assert "no such framework" in rows["a"].message


def test_no_process_to_be_had_is_a_row_for_every_task(monkeypatch):
    def refuse(*arguments):
        raise OSError("no more processes")

    monkeypatch.setattr("paddlemend.child.start_child", refuse)
    rows = run(["a", "b", "c"])
    assert {entry.class_ for entry in rows.values()} == {row.TORCH_ERROR}
    assert "no more processes" in rows["c"].message


def test_an_abandoned_run_ends_at_once_and_kills_what_runs():
    with Runner(2, 60.0, LIMIT, run_fake, prepare) as runner:
        rows = runner.run(tasks_for(["a", "hang", "hang"]))
        next(rows)
        started = time.monotonic()
        rows.close()
    assert time.monotonic() - started < 20


def test_an_environment_without_worker_is_one_line(monkeypatch):
    monkeypatch.setattr("paddlemend.apitest.runner.describe_environment", fail_to_prepare)
    with pytest.raises(EnvironmentProblem, match=r"--paddle stock.*no such framework") as problem:
        check_environment("stock", "cpu")
    assert "\n" not in str(problem.value)


def test_a_device_that_the_frameworks_lack_is_one_line_that_names_the_option(monkeypatch):
    monkeypatch.setattr("paddlemend.apitest.runner.describe_environment", lack_device)
    with pytest.raises(EnvironmentProblem) as problem:
        check_environment("stock", "cuda:7")
    assert str(problem.value) == "--device cuda:7: Torch finds 1 CUDA devices"


def lack_device(paddle_kind, device):
    raise DeviceMissing("Torch finds 1 CUDA devices")
