"""Runs pytest over the files named on the command line; the result goes where Bazel wants it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Paddle frees a path twice at exit if its logging library finds TEST_TMPDIR, and writes the code it
# translates below the home folder.
scratch = os.environ.pop("TEST_TMPDIR", None)
if scratch:
    os.environ["HOME"] = scratch

import pytest  # noqa: E402


class Shard:
    """The part of the tests that this process runs of a target with a shard_count: every n-th."""

    def __init__(self, index: int, total: int) -> None:
        self._index = index
        self._total = total

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list) -> None:
        config.hook.pytest_deselected(
            items=[item for at, item in enumerate(items) if at % self._total != self._index]
        )
        items[:] = items[self._index :: self._total]


def shards() -> list[Shard]:
    """What Bazel asks for in the environment; it is told that this program knows how."""
    total = int(os.environ.get("TEST_TOTAL_SHARDS", "0"))
    if total == 0:
        return []
    Path(os.environ["TEST_SHARD_STATUS_FILE"]).touch()
    return [Shard(int(os.environ["TEST_SHARD_INDEX"]), total)]


if __name__ == "__main__":
    words = ["-p", "no:cacheprovider", "--strict-markers", "-ra", *sys.argv[1:]]
    if report := os.environ.get("XML_OUTPUT_FILE"):
        words.append(f"--junitxml={report}")
    if only := os.environ.get("TESTBRIDGE_TEST_ONLY"):  # bazel test --test_filter=…
        words += ["-k", only]
    sys.exit(pytest.main(words, plugins=shards()))
