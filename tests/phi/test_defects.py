"""Every defect: stock Paddle shows it; the mended one, however it executes, does not."""

from __future__ import annotations

import paddle
import pytest
from paddlemend.doctor.defects import DEFECTS
from paddlemend.doctor.modes import DYGRAPH, MODES
from paddlemend.doctor.reproduction import wrong_when_mended, wrong_when_stock


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_stock_shows_the_defect_on_exactly_the_paddles_it_names(defect):
    wrong = wrong_when_stock(defect, DYGRAPH)
    assert bool(wrong) == defect.is_shown_by(paddle.__version__), wrong


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_mended_gives_the_right_answer(defect, mode):
    assert wrong_when_mended(defect, mode) == ""
