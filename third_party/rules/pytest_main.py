"""Runs pytest over the files named on the command line; the result goes where Bazel wants it."""

from __future__ import annotations

import os
import sys

# Paddle frees a path twice at exit if its logging library finds TEST_TMPDIR, and writes the code it
# translates below the home folder.
scratch = os.environ.pop("TEST_TMPDIR", None)
if scratch:
    os.environ["HOME"] = scratch

import pytest  # noqa: E402

if __name__ == "__main__":
    words = ["-p", "no:cacheprovider", "--strict-markers", "-ra", *sys.argv[1:]]
    if report := os.environ.get("XML_OUTPUT_FILE"):
        words.append(f"--junitxml={report}")
    if only := os.environ.get("TESTBRIDGE_TEST_ONLY"):  # bazel test --test_filter=…
        words += ["-k", only]
    sys.exit(pytest.main(words))
