"""Shared by the suites that translate functions in children of their own."""

from __future__ import annotations

import pytest
from paddlemend.child import prepare_server


@pytest.fixture(scope="session", autouse=True)
def fork_server():
    """Children start from a process that has imported Paddle and run nothing."""
    prepare_server(["paddle", "paddle.jit.sot", "numpy"], {"MIN_GRAPH_SIZE": "0"})
