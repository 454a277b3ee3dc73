"""The command line of the harness; `--help` describes it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import typer
from paddlemend.apitest import options
from paddlemend.apitest.options import PaddleKind, byte_count, output_path, resolved
from paddlemend.apitest.row_file import RowFile
from paddlemend.apitest.runner import EnvironmentProblem, Runner
from paddlemend.apitest.selection import Selection, case_lines, distinct
from paddlemend.apitest.session import Session
from paddlemend.apitest.spelling import in_our_spelling
from paddlemend.apitest.worker import ACCURACY, MAX_OPERATIONS, STABLE
from paddlemend.terminal import make_console

_FOUND_FAILURES = 1
_USAGE_ERROR = 2
_INTERRUPTED = 130

# A mode, what it does in a few words, and what it finds.
_MODES = {
    "accuracy": (
        "Compare Paddle with Torch.",
        "Runs every case on both, on the same inputs, and compares values, dtypes and shapes of the"
        " outputs and of every gradient. Calls that are quick are repeated: found are also inputs"
        " that were changed, memory that nobody wrote, unstable results and leaks.",
    ),
    "paddle-only": (
        "Run Paddle alone.",
        "Runs every case forward and backward on Paddle and compares nothing: it finds what"
        " raises, crashes, hangs, takes too much memory, changes its inputs or leaks. Every API"
        " can be run.",
    ),
    "stable": (
        "Run Paddle twice.",
        "Runs every call twice on equal inputs, with other contents in fresh memory: every bit of"
        " outputs and gradients must be equal, else the reason is unstable or uninitialised.",
    ),
    "static": (
        "Compare Paddle's static graph.",
        "Runs every call in dygraph, as a static PIR program and translated by SOT, and compares"
        " the outputs and gradients of the three.",
    ),
}

_LIBRARY_MODES = (ACCURACY, STABLE)

_HELP = """Runs case lines on Paddle and on Torch and compares what they give.

A case line is one call in PaddleAPITest's syntax, such as paddle.expand(Tensor([1, 3],"float32"),
list[2,3,], ). Without --api-config and --api-config-file the built-in cases run. Every case gives
one row, whatever happens to the process that runs it.

PaddleAPITest's spelling works too: underscores for dashes, and --accuracy=True, --paddle_only=True
or --accuracy_stable=True in the place of a command.
"""

_EXAMPLES = """
\b
Examples:
  apitest {mode} --paddle both
  apitest {mode} --api-config 'paddle.expand(Tensor([1],"float32"), list[2,], )'
  apitest {mode} --api-config-file cases.txt --json rows.jsonl --report rows.html
  apitest {mode} --api-config-file cases.txt --json rows.jsonl --resume
  apitest {mode} --json rows.jsonl --retest crash,timeout

\b
Exit status:
  0    every row (with --paddle both: of the mended Paddle) is pass, both_reject or too_large
  1    some row is not, or no worker can be set up here
  2    an option or its value is wrong
  130  interrupted; the reports tell of the rows that came
"""

app = typer.Typer(
    add_completion=False,
    help=_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def run_mode(
    context: typer.Context,
    paddle: options.Paddle = PaddleKind.both,
    device: options.Device = "cpu",
    api_config: options.ApiConfig = None,
    api_config_file: options.ApiConfigFile = None,
    seed: options.Seed = 0,
    jobs: options.Jobs = len(os.sched_getaffinity(0)),
    timeout: options.Timeout = 60.0,
    max_bytes: options.MaxBytes = "2GiB",
    max_operations: options.MaxOperations = MAX_OPERATIONS,
    max_memory: options.MaxMemory = None,
    cluster: options.Cluster = None,
    json: options.Json = None,
    resume: options.Resume = False,
    retest: options.Retest = None,
    report: options.Report = None,
    junit: options.JUnit = None,
) -> None:
    """Runs the mode that the command is named after; the options are the same for all."""
    mode = context.info_name or ""
    kinds = _kinds(paddle, mode)
    limit = byte_count("--max-bytes", max_bytes)
    memory = byte_count("--max-memory", max_memory) if max_memory is not None else None
    device = options.device_name(device)
    again = options.class_names(retest) if retest is not None else None
    html, xml = output_path("--report", report), output_path("--junit", junit)
    _check_going_on(json, resume, retest)
    lines = None
    if again is None or api_config or api_config_file:
        lines = case_lines(api_config or [], api_config_file or [])
    with ExitStack() as stack:
        row_file = stack.enter_context(RowFile(json, keep=resume or again is not None))
        engine = stack.enter_context(_engine(cluster, jobs, timeout, memory))
        if lines is None:
            lines = distinct(entry.case for entry in row_file.rows())
        selection = Selection(lines, kinds, mode, seed, limit, int(max_operations), device)
        session = Session(selection, engine, row_file, make_console(), html, xml)
        if again is None:
            session.run()
        else:
            session.run_again(again)
    if session.results.failures:
        raise typer.Exit(_FOUND_FAILURES)


for _mode, (_summary, _help) in _MODES.items():
    app.command(_mode, short_help=_summary, help=_help, epilog=_EXAMPLES.format(mode=_mode))(
        run_mode
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process; every error is one line on stderr."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what came is reported then as well
    try:
        words = in_our_spelling(sys.argv[1:] if arguments is None else arguments)
        status = app(words, standalone_mode=False)
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


def _kinds(paddle: PaddleKind, mode: str) -> list[str]:
    """The kinds of Paddle to run, the subject last. BadParameter if the mode cannot run on it."""
    if paddle is PaddleKind.library and mode not in _LIBRARY_MODES:
        possible = " and ".join(_LIBRARY_MODES)
        raise typer.BadParameter(
            f"--paddle library has no {mode}, which needs Paddle: only {possible} can run on it"
        )
    return ["stock", "mended"] if paddle is PaddleKind.both else [paddle.value]


def _check_going_on(json: Path | None, resume: bool, retest: str | None) -> None:
    """Raises BadParameter for --resume and --retest without what they go on from."""
    if resume and retest is not None:
        raise typer.BadParameter("--resume and --retest exclude each other")
    if (resume or retest is not None) and json is None:
        raise typer.BadParameter("--resume and --retest need the --json file of an earlier run")
    if retest is not None and json is not None and not resolved(json).exists():
        raise typer.BadParameter(f"--json {json}: No such file or directory")


def _engine(
    cluster: str | None, jobs: int, timeout: float, max_memory: int | None
) -> AbstractContextManager:
    if cluster is None:
        return Runner(jobs, timeout, max_memory)
    from paddlemend.apitest.cluster import ClusterRunner  # Dask takes a second to import

    return ClusterRunner(cluster, timeout, max_memory)


def _fail(message: str, status: int) -> int:
    sys.stdout.flush()  # the report comes before the line that says why it ends
    print(f"apitest: {' '.join(message.split())}", file=sys.stderr)
    return status
