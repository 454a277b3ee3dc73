"""Trials of a form in several modes, in children that run at the same time."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sample_package
import trial
from paddlemend.child import run_in_child

COMPARED = ("result", "error", "log", "globals", "modules")
_PATIENCE = 120  # seconds


def records(
    name: str, source: str, modes: Sequence[str], environment: dict[str, str] | None = None
) -> list[list[dict]]:
    """The records of one form's trial in each mode."""
    with ThreadPoolExecutor(len(modes)) as pool:
        return list(pool.map(lambda mode: _trial(name, source, mode, environment), modes))


def _trial(name: str, source: str, mode: str, environment: dict[str, str] | None) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        sample_package.write(Path(folder), {name: source})
        outcome = run_in_child(trial.run, folder, name, mode, environment, timeout=_PATIENCE)
    assert outcome.returned, f"{mode}: {outcome.describe()}\n{outcome.traceback}\n{outcome.output}"
    return outcome.value


def differences(expected: Sequence[dict], found: Sequence[dict]) -> list[str]:
    """What differs between two trials, in a line each."""
    return [
        f"call {number}: {key} is {ours.get(key)!r}, by the interpreter {theirs.get(key)!r}"
        for number, (theirs, ours) in enumerate(zip(expected, found))
        for key in COMPARED
        if theirs.get(key) != ours.get(key)
    ]
