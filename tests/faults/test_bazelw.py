"""bazelw when its set-up is disturbed: a clear message, or a clean retry."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

VERSION = "bazel 7.7.1"


@pytest.mark.parametrize("seed", range(5))
def test_after_kill_9_at_a_random_moment_the_next_call_sets_up_anew(clone, seed):
    process = clone.start("--version")
    time.sleep(random.Random(seed).uniform(0.5, 25))
    clone.kill(process)
    status, printed = clone.run("--version")
    assert status == 0, printed
    assert VERSION in printed


def test_ctrl_c_during_the_set_up_ends_it_without_a_report(clone):
    process = clone.start("--version")
    time.sleep(3)
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in printed and "could not assemble" not in printed


def test_two_at_once_assemble_it_once(clone):
    processes = [clone.start("--version") for _ in range(2)]
    printed = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], printed
    assert all(VERSION in text for text in printed)
    assert sum("assembling Bazel" in text for text in printed) == 1
    assert sum("waiting for another call" in text for text in printed) == 1


def test_a_second_call_waits_for_none_that_was_killed(clone):
    """The lock belongs to the process: it goes with it."""
    process = clone.start("--version")
    time.sleep(3)
    clone.kill(process)
    started = time.monotonic()
    assert clone.run("--version")[0] == 0
    assert time.monotonic() - started < 600


def test_a_home_that_cannot_be_written_is_named(clone):
    clone.home.chmod(0o555)
    as_nobody = ("setpriv", "--reuid=65534", "--clear-groups") if os.geteuid() == 0 else ()
    if as_nobody:
        clone.source.parent.chmod(0o755)
        open_to_all(clone.source)
    status, printed = clone.run("--version", before=as_nobody)
    assert status == 1
    assert f"bazelw: cannot write {clone.prefix.parent}" in printed
    assert "PADDLEMEND_CACHE" in printed


def test_another_folder_serves_where_the_home_cannot_be_written(clone, tmp_path):
    status, printed = clone.run("--version", PADDLEMEND_CACHE=str(tmp_path / "elsewhere"))
    assert status == 0, printed
    assert not (clone.home / ".cache/paddlemend").exists()


def open_to_all(folder: Path) -> None:
    """For the user nobody: every folder above, and the clone."""
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o055)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)


def test_a_full_disk_is_named_and_leaves_nothing_that_counts(clone, tmp_path):
    """Files of at most 20 MB: the largest package does not fit, as on a disk that is full."""
    status, printed = clone.run("--version", before=("prlimit", "--fsize=20000000"))
    assert status != 0
    assert "bazelw: could not assemble Bazel" in printed
    assert not (clone.prefix / "complete").exists()
    status, printed = clone.run("--version")
    assert status == 0, printed


def test_without_a_network_the_message_says_what_was_wanted(clone, no_network):
    status, printed = clone.run("--version", before=no_network)
    assert status != 0
    assert "E: Failed to fetch" in printed
    assert "bazelw: could not assemble Bazel" in printed
    assert "Traceback" not in printed


def test_without_a_network_what_was_assembled_runs(assembled, no_network):
    status, printed = assembled.run("--version", before=no_network)
    assert status == 0, printed
    assert VERSION in printed
