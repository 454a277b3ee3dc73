"""The summary of a test run, which CI prints last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(".ci/count_tests.py").resolve()
SKIPPED = '<testcase name="c"><skipped message="no GPU"/></testcase>'


def run(folder: Path, **reports: str) -> subprocess.CompletedProcess:
    """Runs the script over reports: target name -> the cases of its test.xml."""
    for target, cases in reports.items():
        path = folder / "bazel-testlogs/tests/cuda" / target / "test.xml"
        path.parent.mkdir(parents=True)
        path.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    command = [sys.executable, SCRIPT]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_skipped_tests_are_named_with_their_reason(tmp_path):
    result = run(tmp_path, load_test=f'<testcase name="a"/>{SKIPPED}{SKIPPED}')
    assert result.stdout.splitlines() == [
        "skipped: 2 in //tests/cuda:load_test: no GPU",
        "1 passed, 0 failed, 2 skipped",
    ]
    assert result.returncode == 0


def test_a_failure_is_a_failure_of_the_run(tmp_path):
    result = run(tmp_path, a_test='<testcase name="a"><failure/></testcase><testcase name="b"/>')
    assert result.stdout == "1 passed, 1 failed, 0 skipped\n"
    assert result.returncode == 1


def test_a_run_without_a_test_that_passed_is_none(tmp_path):
    assert run(tmp_path, a_test=SKIPPED).returncode == 1
