"""One run of the harness: what is left to do is done, every row is kept, and all is reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import typer
from paddlemend.apitest.html_report import write_html
from paddlemend.apitest.junit import JUnitReport
from paddlemend.apitest.report import print_report
from paddlemend.apitest.results import Results
from paddlemend.apitest.row import Key, Row
from paddlemend.apitest.row_file import RowFile
from paddlemend.apitest.selection import Selection, key_of
from paddlemend.apitest.worker import Task
from paddlemend.terminal import with_progress
from rich.console import Console


class Engine(Protocol):
    """What runs tasks: runner.Runner here, cluster.ClusterRunner elsewhere."""

    def environment(self, paddle_kind: str, device: str) -> str:
        """Names the versions that tasks will meet. Raises EnvironmentProblem if they cannot run."""

    def run(self, tasks: Iterable[Task]) -> Iterator[Row]:
        """One row for every task, all of them for one kind of Paddle, as they come."""


class Session:
    """Runs a selection; the reports tell of every row that it covers, also of earlier ones."""

    def __init__(
        self,
        selection: Selection,
        engine: Engine,
        row_file: RowFile,
        console: Console,
        html: Path | None = None,
        junit: Path | None = None,
    ):
        self._selection = selection
        self._engine = engine
        self._row_file = row_file
        self._console = console
        self._html = html
        self._junit = junit
        self._junit_report = JUnitReport()
        self._environment: list[str] = []
        self.results = Results(selection.kinds)

    def run(self) -> None:
        """Runs every task that has no row yet. An interrupt leaves a report of what came."""
        done = set()
        for entry in self._row_file.rows():
            if self._selection.covers(entry) and entry.key not in done:
                done.add(entry.key)
                self._add(entry)
        if done:
            self._console.print(f"{len(done)} rows are there already", soft_wrap=True)
        left = self._left(done)
        try:
            for entry in self._rows_of(left, done):
                self._row_file.append(entry)
                self._add(entry)
        finally:
            self._report()

    def run_again(self, classes: frozenset[str]) -> None:
        """Runs the tasks whose rows have one of the classes, and replaces those rows together.

        The file changes at the end or at an interrupt; a run that is killed leaves it as it is.
        """
        old = list(self._row_file.rows())
        covered = {entry.key: entry for entry in old if self._selection.covers(entry)}
        kept = {key for key, entry in covered.items() if entry.class_ not in classes}
        missing = {key_of(task) for kind in self._selection.kinds for task in self._tasks(kind)}
        missing -= covered.keys()
        left = self._left(kept | missing)
        new: dict[Key, Row] = {}
        try:
            for entry in self._rows_of(left, kept | missing):
                new[entry.key] = entry
        finally:
            if new:
                self._row_file.replace(new.get(entry.key, entry) for entry in old)
            for key, entry in covered.items():
                self._add(new.get(key, entry))
            self._report()

    def _left(self, done: Set[Key]) -> dict[str, int]:
        """How many tasks of each kind are not in `done`; says what those will meet."""
        left = {
            kind: sum(key_of(task) not in done for task in self._tasks(kind))
            for kind in self._selection.kinds
        }
        for kind, number in left.items():
            if number:  # a run that is complete needs no worker
                environment = self._engine.environment(kind, self._selection.device)
                self._environment.append(f"{kind}: {environment}")
                self._console.print(self._environment[-1], soft_wrap=True, markup=False)
        return left

    def _rows_of(self, left: Mapping[str, int], done: Set[Key]) -> Iterator[Row]:
        """Runs the tasks that are not in `done`, one kind of Paddle after the other."""
        for kind, number in left.items():
            if number:
                tasks = (task for task in self._tasks(kind) if key_of(task) not in done)
                yield from with_progress(self._engine.run(tasks), number, kind, self._console)

    def _tasks(self, kind: str) -> Iterator[Task]:
        return self._selection.tasks(kind)

    def _add(self, entry: Row) -> None:
        self.results.add(entry)
        if self._junit is not None:
            self._junit_report.add(entry)

    def _report(self) -> None:
        print_report(self.results, self._console)
        if self._html is not None:
            with _problems("--report", self._html):
                write_html(self._html, self.results, self._selection, self._environment)
        if self._junit is not None:
            with _problems("--junit", self._junit):
                self._junit_report.write(self._junit)


@contextmanager
def _problems(option: str, path: Path) -> Iterator[None]:
    """Turns an OSError of the block into a BadParameter that names the option."""
    try:
        yield
    except OSError as error:
        raise typer.BadParameter(f"{option} {path}: {error.strerror}") from error
