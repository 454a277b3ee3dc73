"""What a defect of a released wheel is, and the values that several of them are shown with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

ALL_PADDLES = ("3.0", "3.1", "3.2", "3.3")


@dataclass(frozen=True)
class Defect:
    """`function(*arrays)` is wrong on the Paddles in `affects`.

    There "3.1" means all releases of 3.1, "3.1.0" that one.
    Right is `output` (and `gradients` of the sum over output * cotangent), or an exception whose
    type is named `error` and whose text contains `message`. `dygraph_only` is an operator that
    static programs do not have: there it is right to say so, and SOT breaks the graph.
    """

    name: str
    affects: tuple[str, ...]
    function: Callable
    arrays: list[np.ndarray]
    cotangent: np.ndarray | None = None
    output: np.ndarray | None = None
    gradients: list[np.ndarray | None] = field(default_factory=list)
    error: str = ""
    message: str = ""
    dygraph_only: bool = False

    def is_shown_by(self, release: str) -> bool:
        """Whether the stock wheel of `release`, such as "3.1.0", is wrong."""
        return any(f"{release}.".startswith(f"{version}.") for version in self.affects)


def ones(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.ones(shape, dtype)


def zeros(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.zeros(shape, dtype)


def bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """The upper halves of float32 values that bfloat16 represents exactly."""
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
