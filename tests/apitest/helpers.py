"""Shared by the tests of the harness."""

from __future__ import annotations

from paddlemend import catalogue
from paddlemend.apitest.binding import BoundCall, bind
from paddlemend.apitest.case_line import parse_case_line


def bound(line: str) -> BoundCall:
    """The call behind a case line of an API in the catalogue."""
    case = parse_case_line(line)
    found = catalogue.find_api(case.api)
    assert found is not None, f"{case.api} is not in the catalogue"
    return bind(case, *found)
