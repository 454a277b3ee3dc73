"""A child may return, raise, crash, exit or hang: the caller learns which, and goes on."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time

import pytest
from paddlemend import child
from processes import ends


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


def hang_in_native_code(pid_file):
    """Keeps the interpreter's lock for ever, as a kernel that hangs does."""
    with open(pid_file, "w") as file:
        file.write(str(os.getpid()))
    ctypes.PyDLL(None).pause()


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


def test_a_caller_that_is_killed_takes_its_child_along(tmp_path):
    pid_file = tmp_path / "pid"
    code = (
        "import sys; from paddlemend import child; from test_child import hang_in_native_code; "
        "child.run_in_child(hang_in_native_code, sys.argv[1], timeout=300)"
    )
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])
    caller = subprocess.Popen(
        [sys.executable, "-c", code, str(pid_file)], env={**os.environ, "PYTHONPATH": path}
    )
    deadline = time.monotonic() + 60
    while not pid_file.exists() or not pid_file.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    caller.kill()
    caller.wait()
    assert ends(int(pid_file.read_text()))


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
