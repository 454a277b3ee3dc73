"""The targets of the pages' commands exist, and what nothing else runs does what it says.

By `bazel run`, because it starts Bazel in the source tree.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from checkout import shell_environment
from commands import WHO_RUNS

ROOT = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])

LABEL = re.compile(r"(?<![\w/])//[\w/.]*(?::[\w.]+)?")


def run(*words: str) -> str:
    """Runs a command in the source tree as from a shell; returns what it printed to stdout."""
    result = subprocess.run(
        words, cwd=ROOT, env=shell_environment(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def labels(text: str) -> set[str]:
    return {found.replace("X_Y", "3_3") for found in LABEL.findall(text)}


def test_every_target_exists():
    named = set().union(*(labels(f"{command} {who}") for command, who in WHO_RUNS.items()))
    named -= {"//:use_kernels"}  # of the examples, which are workspaces of their own
    assert "//py:wheel" in named
    run("./bazelw", "query", " + ".join(sorted(named)))


def test_compile_commands_name_a_file_of_the_kernels():
    run("./bazelw", "run", "//:compile_commands")
    commands = json.loads((ROOT / "compile_commands.json").read_text())
    assert any(command["file"].endswith("cc/kernels/expand.cc") for command in commands)


def test_the_tests_that_did_not_run_are_listed():
    run("./bazelw", "test", "//tests/lint:lint_test")
    printed = run("python3", ".ci/count_tests.py", "--not-run")
    assert "only with --config=ci: //" in printed
    assert "only with --config=matrix: //" in printed
