"""The row: what is known about one case on one Paddle, as a table line and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

PASS = "pass"
ACCURACY_ERROR = "accuracy_error"
PADDLE_ERROR = "paddle_error"
CRASH = "crash"
TIMEOUT = "timeout"
BOTH_REJECT = "both_reject"
PADDLE_ACCEPTS = "paddle_accepts"
UNSUPPORTED = "unsupported"
TORCH_ERROR = "torch_error"
TOO_LARGE = "too_large"

CLASSES = (
    PASS,
    BOTH_REJECT,
    ACCURACY_ERROR,
    PADDLE_ERROR,
    PADDLE_ACCEPTS,
    CRASH,
    TIMEOUT,
    TORCH_ERROR,
    UNSUPPORTED,
    TOO_LARGE,
)

# The classes that leave the exit status 0.
GOOD_CLASSES = frozenset({PASS, BOTH_REJECT, TOO_LARGE})

FORWARD = "forward"
BACKWARD = "backward"

# The stage in which the reference runs: what goes wrong there is not the subject's fault.
REFERENCE = "reference"


@dataclass(frozen=True)
class Row:
    """One case on one Paddle.

    `paddle` is "stock", "mended" or "library". `stage` is how far the case came. `tolerance` is
    the loosest rule that a passing case needed. The error measures are over all outputs and
    gradients that were compared.
    """

    case: str
    api: str
    paddle: str
    class_: str
    stage: str = ""
    reason: str = ""
    tolerance: str = ""
    max_abs: float = 0.0
    max_rel: float = 0.0
    max_ulp: float = 0.0
    message: str = ""

    @property
    def good(self) -> bool:
        return self.class_ in GOOD_CLASSES

    def to_json(self) -> str:
        """One JSON object in one line; a measure that is not finite becomes null."""
        fields = asdict(self)
        fields["class"] = fields.pop("class_")
        for name in ("max_abs", "max_rel", "max_ulp"):
            if not math.isfinite(fields[name]):
                fields[name] = None
        return json.dumps(fields)


def all_good(rows: Iterable[Row]) -> bool:
    """Whether every row leaves the exit status 0."""
    return all(row.good for row in rows)
