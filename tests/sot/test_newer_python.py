"""The logic that needs no Paddle, on Python 3.14, for which there is no Paddle yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).absolute().parent
PYTHON = os.environ["NEWER_PYTHON"]
TESTS = ["test_bytecode.py", "test_checks.py", "test_resolution.py"]


def test_the_logic_on_python_3_14():
    folder = Path(PYTHON)
    if not (folder / "python").exists():
        pytest.skip(f"no Python 3.14 to be had: {(folder / 'absent').read_text().strip()[-300:]}")
    packages = [each for each in sys.path if not each.startswith(sys.base_prefix)]
    run = subprocess.run(
        [
            str(folder.absolute() / "python"),
            "-m",
            "pytest",
            "-q",
            "--noconftest",
            "-pno:cacheprovider",
            *(str(HERE / name) for name in TESTS),
        ],
        env={
            "PATH": os.defpath,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # plugins have compiled parts for this Python
            "PYTHONPATH": os.pathsep.join(packages),
            "PYTHONSAFEPATH": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
