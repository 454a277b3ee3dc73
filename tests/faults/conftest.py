"""A clone and a home of its own in paths with spaces, and bazelw in them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import copy_source_tree, shell_environment

TIMEOUT_SECONDS = 1200

_LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 0x41))  # SIOCSIFFLAGS: up, running
os.execvp(sys.argv[1], sys.argv[1:])
"""


class Clone:
    """A clone, and a home that nothing was ever built in; both paths have spaces.

    Args:
      folder: where both go.
    """

    def __init__(self, folder: Path) -> None:
        self.source = folder / "a clone with spaces"
        self.home = folder / "a home with spaces"
        self.home.mkdir()
        copy_source_tree(self.source)

    @property
    def prefix(self) -> Path:
        """Where bazelw assembles Bazel."""
        return self.home / ".cache/paddlemend/bazel-7.7.1"

    def environment(self, **changes: str) -> dict[str, str]:
        """HOME is the new one; pip keeps its cache, because what is tested is not the network."""
        theirs = ("XDG_", "PADDLEMEND_", "BAZEL")
        kept = {k: v for k, v in shell_environment().items() if not k.startswith(theirs)}
        pyenv = {"PYENV_ROOT": os.environ.get("PYENV_ROOT", os.path.expanduser("~/.pyenv"))}
        return {**kept, **pyenv, "HOME": str(self.home), **changes}

    def start(self, *words: str, before: tuple[str, ...] = (), **changes: str) -> subprocess.Popen:
        """Starts bazelw in a process group of its own, behind the words of `before`."""
        return subprocess.Popen(
            [*before, str(self.source / "bazelw"), *words],
            cwd=self.source,
            env=self.environment(**changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, before: tuple[str, ...] = (), **changes: str) -> tuple[int, str]:
        """Runs bazelw to its end; the exit status and what it printed."""
        process = self.start(*words, before=before, **changes)
        printed, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        return process.returncode, printed

    def kill(self, process: subprocess.Popen) -> None:
        """kill -9, of the process and all that it started and that did not leave its group."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def kill_server(self, outputs: Path) -> None:
        """kill -9, of the Bazel server of an output base and of what it runs."""
        pid = outputs / "server/server.pid.txt"
        if pid.exists():
            server = int(pid.read_text())
            for process in [*children(server), server]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            pid.unlink(missing_ok=True)


def machines_bazel() -> dict[str, str]:
    """The variable by which bazelw takes the Bazel that this machine has already."""
    usual = os.path.expanduser("~/.cache/paddlemend")
    return {"PADDLEMEND_CACHE": os.environ.get("PADDLEMEND_CACHE") or usual}


def children(parent: int) -> list[int]:
    """Every process below `parent`."""
    below = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if int(fields[1]) == parent:
            pid = int(status.parent.name)
            below += [*children(pid), pid]
    return below


@pytest.fixture
def clone(tmp_path) -> Iterator[Clone]:
    clone = Clone(tmp_path)
    yield clone
    if clone.prefix.exists():
        clone.run("shutdown")
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=False)
    shutil.rmtree(tmp_path, ignore_errors=True)  # half a gigabyte


@pytest.fixture
def assembled(clone) -> Clone:
    """A clone for which bazelw has assembled Bazel."""
    status, printed = clone.run("--version")
    assert status == 0, printed
    return clone


@pytest.fixture(scope="session")
def no_network() -> tuple[str, ...]:
    """Words before a command that take the network from it, but for the machine itself: Bazel talks
    to its own server."""
    words = ("unshare", "--net", "--map-root-user", sys.executable, "-c", _LOOPBACK_UP)
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("a user may not make a network namespace here, as in most containers of CI")
    return words
