"""Installs wheels as users do: in a clean virtual environment for each Paddle, and out of it again.

    python3 tests/wheel/environments.py WHEEL… [--paddle VERSION …]

WHEEL is what `./bazelw build //py:wheel` left in bazel-bin/py; the tag in its name says for which
Python: $PYTHON_3_9, a python3.9 on PATH that runs, or pyenv's. pip fetches each Paddle, 200 MB, and
its requirements. One environment at a time, which is deleted: 3 GB of disk. Prints a table, and
exits with 1 if a step failed. The standard library and find_python.py alone, without Bazel.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[2] / "third_party/python"))
from find_python import find_python

PADDLES = ["3.0.0", "3.1.1", "3.2.2", "3.3.1"]

# Of a kernel without Paddle, through what the wheel has for this Python alone.
NATIVE = """
import sys, numpy
from paddlemend import native
assert numpy.from_dlpack(native.expand(numpy.ones((1, 2)), [3, 2])).shape == (3, 2)
assert "paddle" not in sys.modules
"""

# A Paddle that never saw paddlemend.
STOCK = """
import paddle
assert paddle.ones([2]).sum().item() == 2
"""

COUNT = re.compile(r"(\d+) of (\d+) known defects reproduced, (\d+) of them mended")


class StepFailed(Exception):
    """A command of the user's failed; the text is what it printed."""


@dataclass
class User:
    """Somebody with an empty home and nothing but the system's folders on PATH.

    Attributes:
      folder: temporary; holds the home, the environment, and the folder where commands run.
    """

    folder: Path

    def run(self, *words: str | Path) -> str:
        """What a command prints, with the environment activated; StepFailed if it fails."""
        elsewhere = self.folder / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        cache = os.environ.get("PIP_CACHE_DIR") or os.path.expanduser("~/.cache/pip")
        result = subprocess.run(
            [str(word) for word in words],
            cwd=elsewhere,
            env={
                **pip,
                "HOME": str(self.folder),
                "PATH": f"{self.folder / 'env/bin'}{os.pathsep}{os.defpath}",
                "PIP_CACHE_DIR": cache,
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "VIRTUAL_ENV": str(self.folder / "env"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise StepFailed(f"{' '.join(map(str, words))}: {result.stdout[-2000:]}")
        return result.stdout


def python_of(wheel: Path) -> str:
    """ "…-cp39-cp39-….whl" -> "3.9"."""
    tag = re.search(r"-cp3(\d+)-", wheel.name)
    if not tag:
        sys.exit(f"environments.py: WHEEL is {wheel.name!r}; expected a name with a tag like cp311")
    return f"3.{tag[1]}"


def try_cell(wheel: Path, python: str, paddle: str, folder: Path) -> str:
    """Everything with one Paddle; the last line of the doctor. StepFailed says what went wrong."""
    user = User(folder)
    user.run(python, "-m", "venv", folder / "env")
    user.run("pip", "install", f"paddlepaddle=={paddle}", "setuptools")
    user.run("pip", "install", wheel)
    user.run("pip", "check")
    user.run("python", "-c", NATIVE)
    user.run("paddlemend", "status")
    printed = user.run("paddlemend", "doctor")
    user.run("pip", "uninstall", "--yes", "paddlemend")
    left = sorted(path for path in (folder / "env").rglob("*paddlemend*"))
    if left:
        raise StepFailed(f"pip uninstall left {left}")
    user.run("python", "-c", STOCK)
    count = COUNT.search(printed)
    if not count or count[1] != count[3]:
        raise StepFailed(f"doctor did not say that all defects are mended: {printed[-500:]}")
    return count[0]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path, nargs="+", metavar="WHEEL")
    parser.add_argument("--paddle", action="append", metavar="VERSION")
    options = parser.parse_args()
    failed = 0
    for wheel in options.wheel:
        contents = wheel.read_bytes()
        digest = hashlib.sha256(contents).hexdigest()
        print(f"\n{wheel.name}: {len(contents) / 1e6:.1f} MB, sha256 {digest}\n", flush=True)
        print("| Python | Paddle | seconds | doctor |\n|---|---|---|---|", flush=True)
        version = python_of(wheel)
        for paddle in options.paddle or PADDLES:
            started = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
                try:
                    said = try_cell(wheel.resolve(), find_python(version), paddle, Path(folder))
                except StepFailed as error:
                    failed += 1
                    said = f"FAILED: {error}"
            seconds = time.monotonic() - started
            print(f"| {version} | {paddle} | {seconds:.0f} | {said} |", flush=True)
    print(f"\n{failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
