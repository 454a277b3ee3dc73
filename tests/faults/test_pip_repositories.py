"""Wheels that are fetched when the fetch is disturbed: a clear message, and then a clean retry."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from conftest import machines_bazel
from find_python import find_python

TARGET = "//third_party/lapack:runtime_libraries"  # of one wheel, of 10 MB


@pytest.fixture
def build(clone):
    """Builds what needs one wheel, with the Bazel that this machine has already."""
    outputs = clone.source.parent / "outputs"

    def build(before=(), start=False, **changes: str):
        call = clone.start if start else clone.run
        words = (f"--output_base={outputs}", "build", TARGET)
        return call(*words, before=before, **machines_bazel(), **changes)

    build.outputs = outputs
    yield build
    clone.kill_server(outputs)


def test_a_build_in_a_path_with_spaces_works(build):
    status, printed = build()
    assert status == 0, printed


@pytest.mark.parametrize("seconds", [4, 8])
def test_after_kill_9_during_the_download_the_next_build_fetches_anew(build, clone, seconds):
    process = build(start=True, PIP_NO_CACHE_DIR="1")
    time.sleep(seconds)
    clone.kill_server(build.outputs)
    clone.kill(process)
    status, printed = build()
    assert status == 0, printed


def test_a_full_disk_is_named_and_the_next_build_works(build, clone):
    """Files of at most 8 MB: the wheel does not fit."""
    status, printed = build(before=("prlimit", "--fsize=8000000"), PIP_NO_CACHE_DIR="1")
    assert status != 0
    assert "pip could not install" in printed and "openblas.txt" in printed
    clone.kill_server(build.outputs)
    status, printed = build()
    assert status == 0, printed


def test_without_a_network_the_message_names_the_lock_and_the_next_build_works(
    build, clone, no_network
):
    status, printed = build(before=no_network, PIP_NO_CACHE_DIR="1", PIP_RETRIES="0")
    assert status != 0
    assert "pip could not install" in printed and "openblas.txt" in printed
    clone.kill_server(build.outputs)  # it lives in the network that is none
    status, printed = build()
    assert status == 0, printed


def test_without_a_network_what_was_fetched_is_used(build, clone, no_network):
    status, printed = build()
    assert status == 0, printed
    clone.kill_server(build.outputs)
    status, printed = build(before=no_network)
    assert status == 0, printed


def test_a_python_that_does_not_run_is_named_and_no_other_taken(build):
    status, printed = build(PYTHON_3_11="/nowhere/python")
    assert status != 0
    assert "PYTHON_3_11=/nowhere/python: expected the path of a Python 3.11 that runs" in printed


def test_the_wheel_of_the_kernels_is_fetched_by_another_python_where_the_default_one_is_absent(
    build, tmp_path
):
    other = another_python()
    path = tmp_path / "path"
    path.mkdir()
    for folder in os.defpath.split(os.pathsep):
        for program in Path(folder).iterdir():
            if not program.name.startswith("python3") and not (path / program.name).exists():
                (path / program.name).symlink_to(program)
    (path / "python3").symlink_to(other)
    (path / Path(other).name).symlink_to(other)
    status, printed = build(PATH=str(path), PYENV_ROOT="/nowhere")
    assert status == 0, printed


def another_python() -> str:
    for version in ("3.13", "3.12", "3.10", "3.9"):
        try:
            return find_python(version)
        except SystemExit:
            continue
    pytest.skip("this machine has no Python of 3.9 to 3.13 but 3.11")
