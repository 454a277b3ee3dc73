"""Rows are one JSON object a line, with the field names that others read."""

from __future__ import annotations

import json
import math

from paddlemend.apitest import row
from paddlemend.apitest.row import Row, all_good


def test_a_row_has_the_documented_fields():
    fields = json.loads(Row("case", "api", "stock", row.PASS, max_abs=0.5).to_json())
    assert set(fields) == {
        *("case", "api", "paddle", "class", "stage", "reason", "tolerance"),
        *("max_abs", "max_rel", "max_ulp", "message"),
    }
    assert fields["class"] == "pass" and fields["max_abs"] == 0.5


def test_a_measure_without_a_number_is_null_because_json_has_no_infinity():
    text = Row("case", "api", "stock", row.ACCURACY_ERROR, max_rel=math.inf).to_json()
    assert json.loads(text)["max_rel"] is None and "Infinity" not in text


def test_only_pass_both_reject_and_too_large_are_good():
    good = {name for name in row.CLASSES if all_good([Row("case", "api", "stock", name)])}
    assert good == {row.PASS, row.BOTH_REJECT, row.TOO_LARGE}
