"""The verdict on one case: its class, and the measures of everything that was compared."""

from __future__ import annotations

from dataclasses import dataclass

from paddlemend.apitest import row
from paddlemend.apitest.compare import Comparison
from paddlemend.apitest.tolerance import loosest


@dataclass
class Verdict:
    """The fields of a row that a trial decides; see `row.Row`."""

    class_: str = row.PASS
    stage: str = row.FORWARD
    reason: str = ""
    message: str = ""
    tolerance: str = ""
    max_abs: float = 0.0
    max_rel: float = 0.0
    max_ulp: float = 0.0

    def add(self, comparison: Comparison, subject: str) -> bool:
        """Takes one comparison in; says whether it passed. `subject` names what was compared."""
        self.max_abs = max(self.max_abs, comparison.max_abs)
        self.max_rel = max(self.max_rel, comparison.max_rel)
        self.max_ulp = max(self.max_ulp, comparison.max_ulp)
        if comparison.passed:
            self.tolerance = loosest([rule for rule in (self.tolerance, comparison.rule) if rule])
        else:
            self.fail(row.ACCURACY_ERROR, comparison.reason, f"{subject}: {comparison.message}")
        return comparison.passed

    def fail(self, class_: str, reason: str, message: str) -> None:
        """Ends the verdict with a class that is not a pass."""
        self.class_, self.reason, self.message, self.tolerance = class_, reason, message, ""
