"""Tests that change the process they run in get a child of their own."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable

from paddlemend.child import run_in_child

_PATIENCE = 300  # seconds, on a machine that is busy with other tests


def in_child(test: Callable[[], None]) -> Callable[[], None]:
    """Runs the body of a test function in a fresh child process."""

    @functools.wraps(test)
    def run() -> None:
        outcome = run_in_child(_run_body, test.__module__, test.__name__, timeout=_PATIENCE)
        assert outcome.returned, f"{outcome.describe()}\n{outcome.traceback}\n{outcome.output}"

    return run


def _run_body(module: str, name: str) -> None:
    getattr(importlib.import_module(module), name).__wrapped__()
