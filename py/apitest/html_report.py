"""The results as one page of HTML that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from paddlemend.apitest.results import COLUMNS, Results
from paddlemend.apitest.selection import Selection

_TEMPLATES = Path(__file__).parent / "templates"


def write_html(path: Path, results: Results, selection: Selection, environment: list[str]) -> None:
    """Writes the page; `environment` says what ran where, line by line. Raises OSError."""
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    *lines, total = results.lines()
    page = templates.get_template("report.html").stream(
        columns=list(COLUMNS),
        environment=environment,
        kinds=results.kinds,
        lines=lines,
        total=total,
        rows=results.bad,
        classes=sorted({entry.class_ for entry in results.bad}),
        selection=selection,
        summaries=[results.summary(kind) for kind in results.kinds],
    )
    page.enable_buffering(100)
    with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        page.dump(file)
