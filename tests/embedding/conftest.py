"""Examples and the installed tree, copied to where nothing else lies."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def example(request, tmp_path) -> Path:
    """A copy of the folder of `examples/` that the module names in EXAMPLE, or its parameter."""
    name = getattr(request, "param", None) or request.module.EXAMPLE
    copy = tmp_path / name
    shutil.copytree(Path("examples") / name, copy)
    return copy


@pytest.fixture(scope="session")
def dist(tmp_path_factory) -> Path:
    """The installed tree, in another place than it was built in, whose path has spaces."""
    copy = tmp_path_factory.mktemp("prefix") / "a prefix with spaces"
    shutil.copytree("cc/dist", copy)
    return copy


@pytest.fixture
def run(tmp_path):
    """Runs a program in an environment of its own; returns what it printed, fails if it does."""

    def run(*words: str | Path, cwd: Path, **environment: str | Path) -> str:
        result = subprocess.run(
            [str(word) for word in words],
            cwd=cwd,
            env={
                "HOME": str(tmp_path),
                "PATH": os.defpath,
                **{k: str(v) for k, v in environment.items()},
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    return run
