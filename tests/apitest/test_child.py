"""A child may return, raise, crash, exit or hang: the caller learns which, and goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from paddlemend import child


def echo(value):
    return value


def fail():
    raise LookupError("nothing there")


def crash():
    print("before the crash", flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(status):
    os._exit(status)


def sleep_with_grandchild(pid_file):
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(pid_file, "w") as file:
        file.write(str(grandchild.pid))
    time.sleep(600)


def print_much():
    sys.stderr.write("x" * 5_000_000 + "the end")
    return "done"


class Unpicklable:
    def __reduce__(self):
        raise TypeError("cannot be pickled")


def unpicklable():
    return Unpicklable()


def test_a_returned_value_comes_back():
    outcome = child.run_in_child(echo, {"a": [1, 2]}, timeout=30)
    assert outcome.returned and outcome.value == {"a": [1, 2]}


def test_a_large_value_comes_back():
    assert len(child.run_in_child(echo, b"x" * 10_000_000, timeout=30).value) == 10_000_000


def test_an_exception_comes_back_as_type_message_and_traceback():
    outcome = child.run_in_child(fail, timeout=30)
    assert (outcome.kind, outcome.error_type) == (child.RAISED, "LookupError")
    assert outcome.error_message == "nothing there" and "in fail" in outcome.traceback
    assert outcome.describe() == "LookupError: nothing there"


def test_a_crash_names_its_signal_and_keeps_the_output():
    outcome = child.run_in_child(crash, timeout=30)
    assert (outcome.kind, outcome.signal_name) == (child.CRASHED, "SIGSEGV")
    assert "before the crash" in outcome.output


@pytest.mark.parametrize("status", [0, 3])
def test_a_process_that_ends_itself_is_not_taken_for_success(status):
    outcome = child.run_in_child(leave, status, timeout=30)
    assert (outcome.kind, outcome.exit_status) == (child.EXITED, status)


def test_a_hang_ends_at_the_timeout_together_with_its_descendants(tmp_path):
    pid_file = tmp_path / "pid"
    started = time.monotonic()
    outcome = child.run_in_child(sleep_with_grandchild, str(pid_file), timeout=3)
    assert outcome.kind == child.TIMED_OUT and time.monotonic() - started < 20
    assert ends(int(pid_file.read_text()))


def test_another_thread_can_cancel_the_wait(tmp_path):
    cancel, other_end = child.CONTEXT.Pipe(duplex=False)
    threading.Timer(1.0, other_end.close).start()
    started = time.monotonic()
    outcome = child.run_in_child(
        sleep_with_grandchild, str(tmp_path / "pid"), timeout=300, cancel=cancel
    )
    assert outcome.kind == child.TIMED_OUT and time.monotonic() - started < 30


def test_output_larger_than_any_pipe_does_not_block_the_child():
    outcome = child.run_in_child(print_much, timeout=30, output_bytes=100)
    assert outcome.value == "done" and len(outcome.output) == 100
    assert outcome.output.endswith("the end")


def test_a_long_temporary_folder_does_not_break_the_sockets(tmp_path):
    folder = tmp_path / ("x" * 90)
    folder.mkdir()
    code = (
        "import os; from paddlemend import child; "
        "print(child.run_in_child(os.getcwd, timeout=30).kind)"
    )
    environment = {"TMPDIR": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    shown = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert shown.stdout.strip() == child.RETURNED, shown.stderr


def test_a_value_that_cannot_be_pickled_is_an_error_not_a_hang():
    outcome = child.run_in_child(unpicklable, timeout=30)
    assert outcome.kind == child.RAISED and "cannot be pickled" in outcome.error_message


def ends(pid: int) -> bool:
    """Whether a process that was killed is gone: on a busy machine that takes a moment."""
    deadline = time.monotonic() + 20
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(pid)


def is_running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
