"""What the user sees: a progress bar on a terminal, the table, the failing rows, a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from paddlemend.apitest import row
from paddlemend.apitest.row import Row
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

# Table columns and the classes that each counts.
COLUMNS: dict[str, frozenset[str]] = {
    "pass": frozenset({row.PASS, row.BOTH_REJECT}),
    "wrong": frozenset({row.ACCURACY_ERROR, row.PADDLE_ACCEPTS}),
    "error": frozenset({row.PADDLE_ERROR}),
    "crash": frozenset({row.CRASH}),
    "timeout": frozenset({row.TIMEOUT}),
    "not run": frozenset({row.TOO_LARGE, row.UNSUPPORTED, row.TORCH_ERROR}),
}

_MOST_FAILURES = 20

# A pipe has no width of its own.
_PIPE_WIDTH = 160

_Item = TypeVar("_Item")


def make_console() -> Console:
    """A console on stdout, wide enough for the table where there is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def with_progress(
    items: Iterable[_Item], total: int, description: str, console: Console
) -> Iterator[_Item]:
    """Passes the items on and shows how many came; silent where there is no terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        bar = progress.add_task(description, total=total)
        for item in items:
            progress.advance(bar)
            yield item


def print_report(rows: Sequence[Row], kinds: Sequence[str], subject: str, console: Console) -> None:
    """Prints table, failures and summary. `kinds` are the Paddles in the order of the columns."""
    console.print(results_table(rows, kinds))
    _print_failures(
        [entry for entry in rows if entry.paddle == subject and not entry.good], console
    )
    for kind in kinds:
        console.print(summary(rows, kind), soft_wrap=True)


def results_table(rows: Sequence[Row], kinds: Sequence[str]) -> Table:
    """A line for every API and one for the totals; a group of columns for every Paddle."""
    table = Table(show_footer=False)
    table.add_column("API")
    table.add_column("cases", justify="right")
    for kind in kinds:
        for column in COLUMNS:
            table.add_column(f"{kind}\n{column}", justify="right")
    apis = sorted({entry.api for entry in rows})
    for api in apis:
        table.add_row(*_table_line(escape(api), [r for r in rows if r.api == api], kinds))
    table.add_section()
    table.add_row(*_table_line("total", rows, kinds))
    return table


def summary(rows: Sequence[Row], kind: str) -> str:
    """One line with the number of rows of every class, such as "stock: 30 pass, 2 crash"."""
    counts = Counter(entry.class_ for entry in rows if entry.paddle == kind)
    listed = ", ".join(f"{counts[name]} {name}" for name in row.CLASSES if counts[name])
    return f"{kind}: {listed or 'no rows'}"


def _table_line(name: str, rows: Sequence[Row], kinds: Sequence[str]) -> list[str]:
    cells = [name, str(len({entry.case for entry in rows}))]
    for kind in kinds:
        counts = Counter(entry.class_ for entry in rows if entry.paddle == kind)
        for classes in COLUMNS.values():
            number = sum(counts[name] for name in classes)
            cells.append(str(number) if number else "·")
    return cells


def _print_failures(failures: Sequence[Row], console: Console) -> None:
    for entry in failures[:_MOST_FAILURES]:
        where = " ".join(part for part in (entry.class_, entry.stage, entry.reason) if part)
        console.print(escape(f"{where}: {entry.case}"), soft_wrap=True)
        console.print(escape(f"    {entry.message}"), soft_wrap=True)
    if len(failures) > _MOST_FAILURES:
        console.print(f"… and {len(failures) - _MOST_FAILURES} more; --json keeps every row")
