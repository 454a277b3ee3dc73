"""Finds the Python that Bazel would take (host_python.bzl), for programs that run without Bazel."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path


def find_python(version: str) -> str:
    """The path of Python `version`, such as "3.9"; ends the program if there is none.

    $PYTHON_3_9, which has to be one; else a python3.9 on PATH or the newest of pyenv's, each only
    if it runs. A shim of pyenv exists and does not run where the version is not chosen.
    """
    variable = "PYTHON_" + version.replace(".", "_")
    program = Path(sys.argv[0]).name
    chosen = os.environ.get(variable)
    if chosen:
        if not _runs(chosen, version):
            sys.exit(
                f"{program}: {variable}={chosen}: expected the path of a Python {version} that runs"
            )
        return chosen
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))
    installed = sorted(
        pyenv.glob(f"versions/{version}.*/bin/python{version}"),
        key=lambda path: [int(digits) for digits in re.findall(r"\d+", path.parents[1].name)],
    )
    for candidate in [shutil.which(f"python{version}"), *installed[-1:]]:
        if candidate and _runs(candidate, version):
            return str(candidate)
    sys.exit(f"{program}: Python {version} is not found; set ${variable}")


def _runs(program: str | Path, version: str) -> bool:
    try:
        probe = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:  # no such program, or not one that may be run
        return False
    return probe.returncode == 0 and probe.stdout.startswith(f"Python {version}.")
