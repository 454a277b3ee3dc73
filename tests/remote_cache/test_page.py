"""The commands of docs/caches.md, in checkouts whose home and caches are their own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from checkout import copy_source_tree, shell_environment

PAGE = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"]) / "docs/caches.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
PORT = 8980  # the page's


class Reader:
    """Who follows the page: a home, and checkouts in it.

    Args:
      home: an empty folder.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.checkouts: list[Path] = []

    def environment(self) -> dict[str, str]:
        """HOME is the reader's; Bazel, Pythons and pip's downloads are those of this machine."""
        real = Path(os.path.expanduser("~"))
        theirs = {
            "PADDLEMEND_CACHE": str(real / ".cache/paddlemend"),
            "PIP_CACHE_DIR": str(real / ".cache/pip"),
            "PYENV_ROOT": str(real / ".pyenv"),
        }
        return {**theirs, **shell_environment(), "HOME": str(self.home)}

    def run(self, line: str, checkout: str) -> str:
        """Runs a line of the page in a checkout, which is made if it is not there."""
        folder = self.home / checkout
        if folder not in self.checkouts:
            copy_source_tree(folder)
            # Bazel's ~ is the home of the account, not $HOME.
            settings = f"startup --host_jvm_args=-Duser.home={self.home}\n"
            (folder / ".bazelrc.user").write_text(settings)
            self.checkouts.append(folder)
        result = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}"
        return result.stdout

    @contextmanager
    def running(self, line: str) -> Iterator[None]:
        """A line that goes on until Ctrl-C; entered when PORT answers."""
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", PORT)) == 0:
                pytest.skip(f"something else listens on port {PORT} of this machine")
        process = subprocess.Popen(
            ["bash", "-c", f"exec env {line}"],
            cwd=PAGE.parents[1],
            env=self.environment(),
        )
        try:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline and process.poll() is None:
                with socket.socket() as client:
                    if client.connect_ex(("127.0.0.1", PORT)) == 0:
                        break
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


@pytest.fixture
def reader(tmp_path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    for folder in reader.checkouts:
        reader.run("./bazelw shutdown", folder.name)
    subprocess.run(["chmod", "-R", "u+w", tmp_path], check=False)


def hits(printed: str, kind: str) -> int:
    found = re.search(rf"(\d+) {kind} cache hit", printed)
    return int(found[1]) if found else 0


def test_a_second_checkout_takes_all_from_the_folder_of_the_machine(reader):
    (line,) = BLOCKS[0].splitlines()
    assert hits(reader.run(line, "first"), "disk") == 0
    assert (reader.home / ".cache/paddlemend/disk/ac").is_dir()
    printed = reader.run(line, "second")
    assert "(cached) PASSED" in printed
    assert hits(printed, "disk") > 0
    assert not re.search(r"\d+ linux-sandbox", printed), printed


def test_the_server_gives_what_a_writer_pushed(reader):
    (server,) = BLOCKS[1].splitlines()
    push, read = BLOCKS[2].splitlines()
    with reader.running(server):
        assert hits(reader.run(push, "first"), "remote") == 0
        printed = reader.run(read, "second")
    assert "(cached) PASSED" in printed
    assert hits(printed, "remote") > 0
    assert not re.search(r"\d+ linux-sandbox", printed), printed


def test_the_page_has_no_other_commands():
    assert len(BLOCKS) == 3
