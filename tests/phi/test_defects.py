"""Every defect: stock Paddle shows it; the mended one, however it executes, does not."""

from __future__ import annotations

import numpy as np
import paddle
import paddlemend
import pytest
from defects import DEFECTS, Defect
from modes import DYGRAPH, MODES, run
from paddlemend.apitest.tolerance import CLOSENESS, Closeness
from paddlemend.child import RAISED, Outcome, run_in_child

PADDLE = ".".join(paddle.__version__.split(".")[:2])
BY_NAME = {defect.name: defect for defect in DEFECTS}


def call(name: str, mode: str, mended: bool):
    """In a child: the result of the defect's call."""
    if mended:
        paddlemend.install()
    defect = BY_NAME[name]
    return run(mode, defect.function, defect.arrays, defect.cotangent)


def wrong(defect: Defect, outcome: Outcome) -> str:
    """ "" if the child's outcome is the right answer, else what is wrong with it."""
    if defect.error:
        expected = outcome.kind == RAISED and outcome.error_type in (defect.error, "InnerError")
        return "" if expected and defect.message in outcome.error_message else outcome.describe()
    if not outcome.returned:
        return outcome.describe()
    found = [outcome.value.output, *outcome.value.gradients]
    right = [defect.output, *(defect.gradients or [None] * len(defect.arrays))]
    for position, (got, want) in enumerate(zip(found, right)):
        if want is None:
            continue
        if got is None or got.shape != want.shape:
            return f"result {position} is {got}, expected {want}"
        close = CLOSENESS.get(got.dtype.name, Closeness(0, 0))
        if not np.allclose(got, want, close.rtol, close.atol):
            return f"result {position} is {got}, expected {want}"
    return ""


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_stock_shows_the_defect(defect):
    if PADDLE not in defect.affects:
        pytest.skip(f"Paddle {PADDLE} is not affected")
    assert wrong(defect, run_in_child(call, defect.name, DYGRAPH, False, timeout=60))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_mended_gives_the_right_answer(defect, mode):
    assert wrong(defect, run_in_child(call, defect.name, mode, True, timeout=60)) == ""
