"""What a benchmark case is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One operator on one size; the two functions do the same work."""

    name: str
    paddle: Callable[[], object]
    torch: Callable[[], object]
