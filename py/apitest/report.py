"""What the user sees: the table, the failing rows, a summary."""

from __future__ import annotations

from collections.abc import Sequence

from paddlemend.apitest.results import COLUMNS, Results, TableLine, groups
from paddlemend.apitest.row import Row
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_MOST_FAILURES = 20


def print_report(results: Results, console: Console) -> None:
    """Prints the table, the subject's failures and a summary for every Paddle."""
    console.print(_table(results))
    failures = results.failures
    if len(failures) <= _MOST_FAILURES:
        _print_failures(failures, console)
    else:
        _print_groups(failures, console)
    for kind in results.kinds:
        console.print(results.summary(kind), soft_wrap=True)


def _table(results: Results) -> Table:
    """A line for every API and one for the totals; a group of columns for every Paddle."""
    table = Table(show_footer=False)
    table.add_column("API")
    table.add_column("cases", justify="right")
    for kind in results.kinds:
        for column in COLUMNS:
            table.add_column(f"{kind}\n{column}", justify="right")
    *lines, total = results.lines()
    for line in lines:
        table.add_row(*_cells(line))
    table.add_section()
    table.add_row(*_cells(total))
    return table


def _cells(line: TableLine) -> list[str]:
    numbers = [number for counts in line.counts.values() for number in counts]
    return [escape(line.api), str(line.cases), *(str(number or "·") for number in numbers)]


def _print_failures(failures: Sequence[Row], console: Console) -> None:
    for entry in failures:
        console.print(escape(f"{_finding(entry)}: {entry.case}"), soft_wrap=True)
        console.print(escape(f"    {entry.message}"), soft_wrap=True)


def _print_groups(failures: Sequence[Row], console: Console) -> None:
    """Prints failures that look alike as one, with an example to run again."""
    found = list(groups(failures))
    for group in found[:_MOST_FAILURES]:
        head = f"{group.size} x {group.example.api}: {_finding(group.example)}: {group.shape}"
        console.print(escape(head), soft_wrap=True)
        console.print(escape(f"    {group.example.case}"), soft_wrap=True)
    rest = found[_MOST_FAILURES:]
    if rest:
        rows = sum(group.size for group in rest)
        text = f"… and {rows} more rows that fail in {len(rest)} other ways; --report shows all"
        console.print(text, soft_wrap=True)


def _finding(entry: Row) -> str:
    return " ".join(part for part in (entry.class_, entry.stage, entry.reason) if part)
