"""What a benchmark case is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One operator on one size; the two functions do the same work.

    Of a case that stock is `hopeless` at, it is not asked: it would take minutes.
    """

    name: str
    paddle: Callable[[], object]
    torch: Callable[[], object]
    hopeless: bool = False
