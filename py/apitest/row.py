"""The row: what is known about one case on one Paddle, as a table line and as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

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

_MEASURES = ("max_abs", "max_rel", "max_ulp")
_REQUIRED = frozenset({"case", "api", "paddle", "class"})

# Case, Paddle, mode, seed, device.
Key = tuple[str, str, str, int, str]


@dataclass(frozen=True)
class Row:
    """One case on one Paddle.

    `paddle` is "stock", "mended" or "library". `stage` is how far the case came. `tolerance` is
    the loosest rule that a passing case needed. The error measures are over all outputs and
    gradients that were compared. `mode`, `seed` and `device` say how the case was run.
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
    mode: str = ""
    seed: int = 0
    device: str = ""

    @property
    def good(self) -> bool:
        return self.class_ in GOOD_CLASSES

    @property
    def key(self) -> Key:
        """What was run: two rows of one key answer the same question."""
        return self.case, self.paddle, self.mode, self.seed, self.device

    def to_json(self) -> str:
        """One JSON object in one line; a measure that is not finite becomes null."""
        values = asdict(self)
        values["class"] = values.pop("class_")
        for name in _MEASURES:
            if not math.isfinite(values[name]):
                values[name] = None
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> Row:
        """The row behind a line of to_json(); null becomes infinity. ValueError for other text."""
        values = json.loads(text)
        if not isinstance(values, dict) or not values.keys() >= _REQUIRED:
            raise ValueError("not a row")
        if values["class"] not in CLASSES:
            raise ValueError(f"no class is named {values['class']!r}")
        values["class_"] = values.pop("class")
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        known.update({name: math.inf for name in _MEASURES if known.get(name, 0) is None})
        return cls(**known)


def all_good(rows: Iterable[Row]) -> bool:
    """Whether every row leaves the exit status 0."""
    return all(row.good for row in rows)
