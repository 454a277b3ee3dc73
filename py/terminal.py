"""What the commands share on a terminal: a console, and a progress bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
