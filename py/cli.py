"""The command line: `status`, `doctor` and `run`."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import paddlemend
import typer

app = typer.Typer(
    add_completion=False,
    help="Mends the PaddlePaddle that is installed, without a rebuild.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def status() -> None:
    """Install into the Paddle found here and show what became of each operator.

    Exits with 1 if an operator stays as it is in the wheel.
    """
    _install()
    report = paddlemend.status()
    typer.echo(str(report))
    if any(operator.state == "stock" for operator in report.operators):
        raise typer.Exit(1)


@app.command()
def doctor(
    operator: list[str] = typer.Option([], help="Only this operator; may be given again."),
) -> None:
    """Reproduce each known defect of the Paddle found here, before and after, as a table.

    Each call runs in a child process, so that crashes do no harm. Exits with 1 if a defect is not
    mended.
    """
    _install()
    paddlemend.uninstall()
    import paddle
    from paddlemend.doctor.diagnosis import examine, known_defects
    from paddlemend.doctor.report import print_findings
    from paddlemend.terminal import make_console, with_progress

    try:
        defects = known_defects(operator)
    except ValueError as error:
        _fail(str(error))
    console = make_console()
    findings = list(with_progress(examine(defects), len(defects), "reproducing", console))
    print_findings(findings, paddle.__version__, console)
    if any(finding.mended for finding in findings):
        raise typer.Exit(1)


@app.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})
def run(
    script: Path = typer.Argument(help="A Python script."),
    arguments: list[str] = typer.Argument(None, help="Handed to the script."),
) -> None:
    """Run a script with the mended kernels: install(), then the script as `__main__`."""
    if not script.is_file():
        _fail(f"script is {str(script)!r}; expected a Python file that exists")
    _install()
    sys.argv = [str(script), *(arguments or [])]
    sys.path[0] = str(script.resolve().parent)  # as `python script.py` has it
    runpy.run_path(str(script), run_name="__main__")


def _install() -> None:
    try:
        paddlemend.install()
    except (ImportError, paddlemend.InstallError) as error:
        _fail(str(error))


def _fail(message: str) -> None:
    typer.echo(f"paddlemend: {message}", err=True)
    raise typer.Exit(2)
