"""A plugin of pytest for cross.py: appends the row of each cell to $CROSS_ROWS as it ends.

What is there when the run is stopped need not run again.
"""

from __future__ import annotations

import json
import os
import re


def pytest_runtest_logreport(report) -> None:
    """The row of a test that ended: $CROSS_COMMON, setuptools, route, result, seconds."""
    if report.when != "call" and not report.failed:
        return
    setuptools, route = re.search(r"test_cell\[([\d.]+)-(.*)\]", report.nodeid).groups()
    row = {
        **json.loads(os.environ["CROSS_COMMON"]),
        "setuptools": setuptools,
        "route": route,
        "result": report.outcome,
        "seconds": round(report.duration, 1),
    }
    if report.failed:
        row["message"] = report.longreprtext[-3000:]
    with open(os.environ["CROSS_ROWS"], "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
