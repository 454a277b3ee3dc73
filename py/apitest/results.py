"""What came out of a run: counts by API, Paddle and class, and the rows that are not good."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from paddlemend.apitest import row
from paddlemend.apitest.row import Row

# Table columns and the classes that each counts.
COLUMNS: dict[str, frozenset[str]] = {
    "pass": frozenset({row.PASS, row.BOTH_REJECT}),
    "wrong": frozenset({row.ACCURACY_ERROR, row.PADDLE_ACCEPTS}),
    "error": frozenset({row.PADDLE_ERROR}),
    "crash": frozenset({row.CRASH}),
    "timeout": frozenset({row.TIMEOUT}),
    "not run": frozenset({row.TOO_LARGE, row.UNSUPPORTED, row.TORCH_ERROR}),
}

_NUMBER = re.compile(r"[-+]?\b\d+(?:\.\d+)?(?:e[-+]?\d+)?\b", re.IGNORECASE)


@dataclass(frozen=True)
class TableLine:
    """One API, or the total: `counts[kind]` has a number for each of COLUMNS."""

    api: str
    cases: int
    counts: dict[str, list[int]]


@dataclass
class Group:
    """Failures that look alike; `example` is the first of them."""

    example: Row
    shape: str
    size: int = 0


class Results:
    """Takes rows in as they come; good ones are counted and not kept.

    `kinds` are the Paddles in the order of the columns; the last is the subject.
    """

    def __init__(self, kinds: Sequence[str]):
        self.kinds = list(kinds)
        self.subject = self.kinds[-1]
        self.bad: list[Row] = []
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, entry: Row) -> None:
        self._counts[entry.api, entry.paddle, entry.class_] += 1
        if not entry.good:
            self.bad.append(entry)

    @property
    def failures(self) -> list[Row]:
        """The rows of the subject that are not good."""
        return [entry for entry in self.bad if entry.paddle == self.subject]

    def lines(self) -> list[TableLine]:
        """A line for every API, and one for the total, which is the last."""
        apis = sorted({api for api, _, _ in self._counts})
        lines = [self._line(api) for api in apis]
        total = {
            kind: [
                sum(line.counts[kind][column] for line in lines) for column in range(len(COLUMNS))
            ]
            for kind in self.kinds
        }
        return [*lines, TableLine("total", sum(line.cases for line in lines), total)]

    def summary(self, kind: str) -> str:
        """One line with the number of rows of every class, such as "stock: 30 pass, 2 crash"."""
        counts: Counter[str] = Counter()
        for (_, paddle, class_), number in self._counts.items():
            if paddle == kind:
                counts[class_] += number
        listed = ", ".join(f"{counts[name]} {name}" for name in row.CLASSES if counts[name])
        return f"{kind}: {listed or 'no rows'}"

    def _line(self, api: str) -> TableLine:
        counts = {
            kind: [
                sum(self._counts[api, kind, class_] for class_ in classes)
                for classes in COLUMNS.values()
            ]
            for kind in self.kinds
        }
        return TableLine(api, max(map(sum, counts.values())), counts)


def groups(failures: Sequence[Row]) -> Iterator[Group]:
    """Failures of one API, class, stage, reason and message without its numbers; largest first."""
    found: dict[tuple[str, ...], Group] = {}
    for entry in failures:
        shape = _NUMBER.sub("#", entry.message)
        key = (entry.api, entry.class_, entry.stage, entry.reason, shape)
        found.setdefault(key, Group(entry, shape)).size += 1
    yield from sorted(found.values(), key=lambda group: -group.size)
