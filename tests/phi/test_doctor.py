"""`python -m paddlemend doctor`: the defects of the Paddle at hand, before and after."""

from __future__ import annotations

import io

import paddle
import pytest
from paddlemend.cli import app
from paddlemend.doctor import defects, diagnosis, report
from rich.console import Console
from typer.testing import CliRunner


def run(*words: str):
    return CliRunner().invoke(app, ["doctor", *words])


def test_every_known_defect_of_an_operator_is_shown_wrong_and_then_right():
    result = run("--operator", "cholesky_solve")
    known = [
        d
        for d in defects.DEFECTS_BY_OPERATOR["cholesky_solve"]
        if d.is_shown_by(paddle.__version__)
    ]
    number = len(known)
    total = f"{number} of {number} known defects reproduced, {number} of them mended"
    assert total in result.output
    assert result.output.count("│ right") == number
    assert "SIGSEGV" in result.output  # the stock wheel's; this process goes on
    assert result.exit_code == 0


def test_a_name_that_is_no_operator_is_refused():
    result = run("--operator", "index_fill")
    assert result.exit_code == 2
    assert "operator is 'index_fill'; expected one of as_strided, batch_norm" in result.output


def test_a_defect_that_is_not_mended_is_shown_and_fails(monkeypatch):
    monkeypatch.setattr(diagnosis, "wrong_when_mended", lambda _: "result 0 is 1, expected 2")
    result = run("--operator", "index_sample")
    assert "result 0 is 1, expected 2" in result.output
    assert ", 0 of them mended" in result.output
    assert result.exit_code == 1


@pytest.mark.parametrize("operator", sorted(defects.DEFECTS_BY_OPERATOR))
def test_every_operator_has_defects_of_the_wheel_at_hand(operator):
    assert diagnosis.known_defects([operator])


def test_a_long_answer_is_one_short_line():
    console = Console(file=io.StringIO(), width=160)
    finding = diagnosis.Finding("expand", "name", "[1]\n" * 1000, "")
    report.print_findings([finding], "3.3.1", console)
    assert len(console.file.getvalue().splitlines()) <= 8
