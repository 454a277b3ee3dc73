"""The table of the doctor: each defect, before and after."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from paddlemend.doctor.diagnosis import Finding
from rich.console import Console
from rich.markup import escape
from rich.table import Table

_LONGEST_ANSWER = 60


def print_findings(findings: Sequence[Finding], version: str, console: Console) -> None:
    """Prints a line a defect, and how many of them Paddle `version` shows and are mended."""
    table = Table("operator", "known defect", "stock", "mended")
    operator = ""
    for finding in findings:
        if operator and finding.operator != operator:
            table.add_section()
        shown = finding.operator if finding.operator != operator else ""
        operator = finding.operator
        table.add_row(
            shown,
            escape(finding.defect.removeprefix(f"{operator}: ")),
            _answer(finding.stock),
            _answer(finding.mended),
        )
    console.print(table)
    shown = [finding for finding in findings if finding.stock]
    mended = [finding for finding in shown if not finding.mended]
    text = (
        f"Paddle {version}: {len(shown)} of {len(findings)} known defects reproduced, "
        f"{len(mended)} of them mended"
    )
    console.print(text, soft_wrap=True)


def _answer(wrong: str) -> str:
    if not wrong:
        return "right"
    return escape(textwrap.shorten(wrong, _LONGEST_ANSWER, placeholder=" …"))
