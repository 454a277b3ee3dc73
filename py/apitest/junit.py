"""The results as JUnit XML, which CI systems show: a suite for every Paddle and API."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from paddlemend.apitest import row
from paddlemend.apitest.row import Row

# What a row that is not good is in JUnit's words: a finding, or a case that gave no answer.
_FAILURES = frozenset({row.ACCURACY_ERROR, row.PADDLE_ERROR, row.PADDLE_ACCEPTS})

# XML 1.0 has no spelling for these characters.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class JUnitReport:
    """Takes rows in as they come and writes them at the end."""

    def __init__(self) -> None:
        self._suites: dict[tuple[str, str], Element] = {}

    def add(self, entry: Row) -> None:
        suite = self._suites.get((entry.paddle, entry.api))
        if suite is None:
            suite = Element("testsuite", name=_text(f"{entry.paddle} {entry.api}"))
            self._suites[entry.paddle, entry.api] = suite
        name = f"{entry.paddle}.{entry.mode}.{entry.device}.{entry.api}"
        case = SubElement(suite, "testcase", classname=_text(name), name=_text(entry.case))
        if entry.class_ == row.TOO_LARGE:
            SubElement(case, "skipped", message=_text(entry.message))
        elif not entry.good:
            tag = "failure" if entry.class_ in _FAILURES else "error"
            found = SubElement(case, tag, type=_text(f"{entry.class_} {entry.reason}".strip()))
            found.set("message", _text(entry.message))
            found.text = _text(_details(entry))

    def write(self, path: Path) -> None:
        """Writes the file. Raises OSError."""
        root = Element("testsuites", name="paddlemend.apitest")
        for key in sorted(self._suites):
            suite = self._suites[key]
            _count(suite, [suite])
            root.append(suite)
        _count(root, list(root))
        ElementTree.indent(root)
        ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _count(element: Element, suites: Sequence[Element]) -> None:
    """Sets JUnit's numbers of cases."""
    for attribute, tag in [
        ("tests", "testcase"),
        ("failures", "testcase/failure"),
        ("errors", "testcase/error"),
        ("skipped", "testcase/skipped"),
    ]:
        element.set(attribute, str(sum(len(suite.findall(tag)) for suite in suites)))


def _details(entry: Row) -> str:
    return "\n".join(
        [
            f"class: {entry.class_}",
            f"stage: {entry.stage}",
            f"reason: {entry.reason}",
            f"max_abs: {entry.max_abs:g}, max_rel: {entry.max_rel:g}, max_ulp: {entry.max_ulp:g}",
            f"seed: {entry.seed}",
            entry.message,
        ]
    )


def _text(text: str) -> str:
    """The text with an escape such as \\x1b for every character that XML cannot hold."""
    return _NOT_IN_XML.sub(lambda match: ascii(match.group())[1:-1], text)
