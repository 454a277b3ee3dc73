"""Finds the Python that Bazel would take (host_python.bzl), for programs that run without Bazel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def find_python(version: str) -> str:
    """The path of Python `version`, such as "3.9"; ends the program if there is none.

    $PYTHON_3_9, a python3.9 on PATH, or the newest of pyenv's: the first that runs. A shim of pyenv
    exists and does not run where the version is not chosen.
    """
    variable = "PYTHON_" + version.replace(".", "_")
    pyenv = Path(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"))
    installed = sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))
    for candidate in [os.environ.get(variable), shutil.which(f"python{version}"), *installed[-1:]]:
        if candidate:
            probe = subprocess.run([candidate, "--version"], capture_output=True, check=False)
            if probe.returncode == 0:
                return str(candidate)
    sys.exit(f"{Path(sys.argv[0]).name}: Python {version} is not found; set ${variable}")
