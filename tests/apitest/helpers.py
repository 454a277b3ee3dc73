"""Shared by the tests of the harness."""

from __future__ import annotations

from paddlemend.apitest.binding import BoundCall, bind
from paddlemend.apitest.case_line import parse_case_line
from paddlemend.apitest.rules import find_rule


def bound(line: str) -> BoundCall:
    """The call behind a case line."""
    case = parse_case_line(line)
    return bind(case, find_rule(case.api))
