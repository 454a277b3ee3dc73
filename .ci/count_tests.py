"""Sums up the last `bazel test`: what was skipped and why, then "N passed, N failed, N skipped".

count_tests.py [--not-run]     also lists, by tag, the targets that need `--config=ci` or `matrix`
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--not-run", action="store_true", help="list targets left out by their tag")
    options = parser.parse_args()
    counts, reasons = read_reports(Path("bazel-testlogs").resolve())
    for (target, reason), number in sorted(reasons.items()):
        print(f"skipped: {number} in {target}: {reason}")
    if options.not_run:
        for tag in ("ci", "matrix"):
            print(f"only with --config={tag}: {' '.join(tagged(tag)) or 'none'}")
    print(", ".join(f"{counts[kind]} {kind}" for kind in ("passed", "failed", "skipped")))
    return 0 if counts["passed"] and not counts["failed"] else 1


def read_reports(logs: Path) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """The number of cases by outcome, and of skipped ones by target and reason."""
    counts: Counter[str] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    for report in sorted(logs.rglob("test.xml")):
        target = report.parent.relative_to(logs)
        for case in ElementTree.parse(report).iter("testcase"):
            outcomes = {child.tag: child for child in case}
            if "failure" in outcomes or "error" in outcomes:
                counts["failed"] += 1
            elif "skipped" in outcomes:
                counts["skipped"] += 1
                message = outcomes["skipped"].get("message") or "no reason given"
                reasons[f"//{target.parent}:{target.name}", message] += 1
            else:
                counts["passed"] += 1
    return counts, reasons


def tagged(tag: str) -> list[str]:
    """The test targets that have a tag."""
    query = f'attr(tags, "[\\[ ]{tag}[,\\]]", tests(//tests/...))'
    command = ["./bazelw", "query", "--ui_event_filters=-info", "--noshow_progress", query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


if __name__ == "__main__":
    sys.exit(main())
