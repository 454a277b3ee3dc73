"""Reproduces a defect in a child process, on the stock or on the mended Paddle."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import paddlemend
from paddlemend.apitest.tolerance import CLOSENESS, Closeness
from paddlemend.child import RAISED, Outcome, run_in_child
from paddlemend.doctor.defect import Defect
from paddlemend.doctor.defects import DEFECTS
from paddlemend.doctor.modes import DYGRAPH, FULL_GRAPH, STATIC, run

# Seconds; a call takes less than one.
_TIMEOUT = 60

_BY_NAME = {defect.name: defect for defect in DEFECTS}


def wrong_when_stock(defect: Defect, mode: str = DYGRAPH) -> str:
    """ "" if stock Paddle is right, else what is wrong. Its errors may have any text."""
    outcome = run_in_child(_call, defect.name, mode, False, timeout=_TIMEOUT)
    return _wrong(replace(defect, message=""), outcome)


def wrong_when_mended(defect: Defect, mode: str = DYGRAPH) -> str:
    """ "" if the mended Paddle is right, else what is wrong."""
    if defect.dygraph_only and mode in (STATIC, FULL_GRAPH):
        defect = replace(defect, error="AssertionError", message="in dynamic graph mode")
    return _wrong(defect, run_in_child(_call, defect.name, mode, True, timeout=_TIMEOUT))


def _call(name: str, mode: str, mended: bool):
    """In a child: the result of the defect's call."""
    if mended:
        paddlemend.install()
    defect = _BY_NAME[name]
    one_graph = not defect.dygraph_only
    return run(mode, defect.function, defect.arrays, defect.cotangent, one_graph)


def _wrong(defect: Defect, outcome: Outcome) -> str:
    """ "" if the child's outcome is the right answer, else what is wrong with it."""
    if defect.error:
        if outcome.returned:
            return f"accepted, expected {defect.error}; the result is {outcome.value.output}"
        expected = outcome.kind == RAISED and outcome.error_type in (defect.error, "InnerError")
        return "" if expected and defect.message in outcome.error_message else outcome.describe()
    if not outcome.returned:
        return outcome.describe()
    found = [outcome.value.output, *outcome.value.gradients]
    right = [defect.output, *(defect.gradients or [None] * len(defect.arrays))]
    for position, (got, want) in enumerate(zip(found, right)):
        if want is None:
            continue
        if got is None:
            return f"result {position} is missing, expected {want}"
        if got.shape != want.shape:
            return f"result {position} has the shape {got.shape}, expected {want.shape}"
        if position == 0 and got.dtype != want.dtype:
            return f"the output is of dtype {got.dtype}, expected {want.dtype}"
        close = CLOSENESS.get(got.dtype.name, Closeness(0, 0))
        if not np.allclose(got, want, close.rtol, close.atol, equal_nan=True):
            return f"result {position} is {got}, expected {want}"
    return ""
