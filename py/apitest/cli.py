"""The command line of the harness; `--help` describes it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import BinaryIO, List, Optional

import typer
from paddlemend.apitest.report import make_console, print_report, with_progress
from paddlemend.apitest.row import Row, all_good
from paddlemend.apitest.runner import EnvironmentProblem, Runner, check_environment
from paddlemend.apitest.worker import MAX_OPERATIONS, Task

BUILT_IN_CASES = Path(__file__).parent / "cases"

_FOUND_FAILURES = 1
_USAGE_ERROR = 2
_INTERRUPTED = 130

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class PaddleKind(str, Enum):
    """The values of --paddle."""

    stock = "stock"
    mended = "mended"
    both = "both"
    library = "library"


app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def apitest() -> None:
    """Runs cases on Paddle and on Torch and compares values, dtypes, shapes and gradients."""


@app.command()
def accuracy(
    paddle: PaddleKind = typer.Option(
        PaddleKind.both, help="the wheel as it is, the mended one, both, or the library alone"
    ),
    api_config: List[str] = typer.Option([], metavar="LINE", help="a case line; may be repeated"),
    api_config_file: List[Path] = typer.Option(
        [], metavar="FILE", help="a file of case lines; may be repeated"
    ),
    jobs: int = typer.Option(len(os.sched_getaffinity(0)), min=1, help="worker processes"),
    timeout: float = typer.Option(60.0, min=0.1, help="seconds that one case may take"),
    max_bytes: str = typer.Option(
        "2GiB", metavar="N", help="cases that need more memory are not run; 500MB and 2GiB work"
    ),
    max_operations: float = typer.Option(
        MAX_OPERATIONS, min=0, metavar="N", help="cases whose call multiplies more are not run"
    ),
    json: Optional[Path] = typer.Option(
        None, metavar="FILE", help="write every row, as JSON lines"
    ),
    seed: int = typer.Option(0, min=0, help="changes the random inputs"),
) -> None:
    """Compares Paddle with Torch on the built-in cases, or on the given ones."""
    lines = case_lines(api_config, api_config_file)
    kinds = ["stock", "mended"] if paddle is PaddleKind.both else [paddle.value]
    runner = Runner(jobs, timeout)
    task_options = {
        "seed": seed,
        "max_bytes": byte_count(max_bytes),
        "max_operations": int(max_operations),
    }
    with _RowFile(json) as row_file:
        rows = _run(lines, kinds, task_options, runner, row_file)
    subject = kinds[-1]
    if not all_good(entry for entry in rows if entry.paddle == subject):
        raise typer.Exit(_FOUND_FAILURES)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process; every error is one line on stderr."""
    try:
        status = app(arguments, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    except EnvironmentProblem as problem:
        status = _fail(str(problem), _FOUND_FAILURES)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        # Typer's own errors: it either depends on click or brings its own copy.
        status = _fail(error.format_message(), _USAGE_ERROR)
    if status == _INTERRUPTED:  # some versions of Typer return it instead of raising
        _fail("interrupted", status)
    sys.exit(status)


def case_lines(lines: Sequence[str], files: Sequence[Path]) -> list[str]:
    """The distinct case lines asked for; the built-in ones if none are. BadParameter if none."""
    wanted = [line.strip() for line in lines]
    for file in files or ([] if lines else sorted(BUILT_IN_CASES.glob("*.txt"))):
        wanted.extend(_lines_of(file))
    wanted = [line for line in wanted if line and not line.startswith("#")]
    if not wanted:
        raise typer.BadParameter("there is no case line to run")
    return list(dict.fromkeys(wanted))


def byte_count(text: str) -> int:
    """Bytes from "1048576", "500MB" or "2GiB"; units are powers of 1024. BadParameter else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", text.strip().upper())
    if match is None:
        raise typer.BadParameter(f"--max-bytes {text!r} is no size such as 1048576, 500MB or 2GiB")
    return int(float(match.group(1)) * _UNITS[match.group(2)])


def _run(
    lines: Sequence[str],
    kinds: Sequence[str],
    task_options: Mapping[str, int],
    runner: Runner,
    row_file: _RowFile,
) -> list[Row]:
    """Runs all lines on all kinds and reports; what an interrupt left is reported as well."""
    console = make_console()
    for kind in kinds:
        console.print(f"{kind}: {check_environment(kind)}", soft_wrap=True)
    rows: list[Row] = []
    try:
        for kind in kinds:
            tasks = [Task(line, kind, **task_options) for line in lines]
            for entry in with_progress(runner.run(tasks), len(tasks), kind, console):
                rows.append(entry)
                row_file.write(entry)
    finally:
        print_report(rows, kinds, kinds[-1], console)
    return rows


class _RowFile:
    """The JSONL file: opened at once, so that a bad path fails early, and unbuffered."""

    def __init__(self, path: Path | None):
        self._path = path
        self._file: BinaryIO | None = None

    def __enter__(self) -> _RowFile:
        if self._path is not None:
            try:
                self._file = open(_resolved(self._path), "wb", buffering=0)
            except OSError as error:
                raise typer.BadParameter(f"--json {self._path}: {error.strerror}") from error
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, entry: Row) -> None:
        """Writes one line in one piece."""
        if self._file is None:
            return
        try:
            self._file.write(entry.to_json().encode() + b"\n")
        except OSError as error:
            raise typer.BadParameter(f"--json {self._path}: {error.strerror}") from error


def _lines_of(file: Path) -> Iterator[str]:
    try:
        text = _resolved(file).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise typer.BadParameter(f"--api-config-file {file}: {error.strerror}") from error
    return (line.strip() for line in text.splitlines())


def _resolved(path: Path) -> Path:
    """A user's path; `bazel run` starts in another folder and names the user's own."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), path)


def _fail(message: str, status: int) -> int:
    sys.stdout.flush()  # the report comes before the line that says why it ends
    print(f"apitest: {' '.join(message.split())}", file=sys.stderr)
    return status
