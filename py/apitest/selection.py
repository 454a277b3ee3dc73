"""What is asked for: the case lines, the Paddles, and how they run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import typer
from paddlemend.apitest.options import resolved
from paddlemend.apitest.row import Key, Row
from paddlemend.apitest.worker import Task

BUILT_IN_CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Selection:
    """Every line on every kind of Paddle; the last kind is the subject, which is judged."""

    lines: Sequence[str]
    kinds: Sequence[str]
    mode: str
    seed: int
    max_bytes: int
    max_operations: int
    device: str

    @property
    def subject(self) -> str:
        return self.kinds[-1]

    def tasks(self, kind: str) -> Iterator[Task]:
        """The tasks for one kind of Paddle."""
        for line in self.lines:
            yield Task(
                line,
                kind,
                self.seed,
                self.max_bytes,
                self.mode,
                self.device,
                self.max_operations,
            )

    def covers(self, entry: Row) -> bool:
        """Whether the row answers one of the tasks."""
        how = (entry.mode, entry.seed, entry.device)
        asked = how == (self.mode, self.seed, self.device) and entry.paddle in self.kinds
        return asked and entry.case in self._cases

    @cached_property
    def _cases(self) -> frozenset[str]:
        return frozenset(self.lines)


def key_of(task: Task) -> Key:
    """The key of the row that the task will give."""
    return task.case, task.paddle, task.mode, task.seed, task.device


def case_lines(lines: Sequence[str], files: Sequence[Path]) -> list[str]:
    """The distinct case lines asked for; the built-in ones if none are. BadParameter if none."""
    wanted = [line.strip() for line in lines]
    for file in files or ([] if lines else sorted(BUILT_IN_CASES.glob("*.txt"))):
        wanted.extend(_lines_of(file))
    wanted = [line for line in wanted if line and not line.startswith("#")]
    if not wanted:
        raise typer.BadParameter("there is no case line to run")
    return distinct(wanted)


def distinct(lines: Iterable[str]) -> list[str]:
    """The lines without repetitions, in the order in which they appear first."""
    return list(dict.fromkeys(lines))


def _lines_of(file: Path) -> Iterator[str]:
    try:
        text = resolved(file).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise typer.BadParameter(f"--api-config-file {file}: {error.strerror}") from error
    return (line.strip() for line in text.splitlines())
