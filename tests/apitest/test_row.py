"""Rows are one JSON object a line, with the field names that others read."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from paddlemend.apitest import row
from paddlemend.apitest.row import Row, all_good


def test_a_row_has_the_documented_fields():
    fields = json.loads(Row("case", "api", "stock", row.PASS, max_abs=0.5).to_json())
    assert set(fields) == {
        *("case", "api", "paddle", "class", "stage", "reason", "tolerance"),
        *("max_abs", "max_rel", "max_ulp", "message", "mode", "seed", "device"),
    }
    assert fields["class"] == "pass" and fields["max_abs"] == 0.5


def test_a_measure_without_a_number_is_null_because_json_has_no_infinity():
    text = Row("case", "api", "stock", row.ACCURACY_ERROR, max_rel=math.inf).to_json()
    assert json.loads(text)["max_rel"] is None and "Infinity" not in text


def test_a_row_that_was_written_can_be_read():
    entry = Row("case", "api", "stock", row.TIMEOUT, message="ü", mode="stable", seed=3)
    assert Row.from_json(entry.to_json()) == entry


def test_a_measure_of_null_is_read_as_infinity():
    text = Row("case", "api", "stock", row.ACCURACY_ERROR, max_rel=math.nan).to_json()
    assert Row.from_json(text).max_rel == math.inf


@pytest.mark.parametrize(
    "text",
    ["", "3", "[]", "{}", '{"case": 1', '{"case":"a","api":"b","paddle":"c","class":"fine"}'],
)
def test_other_text_is_no_row(text):
    with pytest.raises(ValueError):
        Row.from_json(text)


def test_rows_of_one_key_differ_only_in_what_came_out():
    entry = Row("case", "api", "stock", row.PASS, mode="accuracy", seed=1, device="cpu")
    assert entry.key == replace(entry, class_=row.CRASH, message="why").key
    for other in [{"case": "x"}, {"paddle": "x"}, {"mode": "x"}, {"seed": 2}, {"device": "x"}]:
        assert entry.key != replace(entry, **other).key


def test_only_pass_both_reject_and_too_large_are_good():
    good = {name for name in row.CLASSES if all_good([Row("case", "api", "stock", name)])}
    assert good == {row.PASS, row.BOTH_REJECT, row.TOO_LARGE}
