"""The cases of unique."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import paddle
import torch
from case import Case

RANDOM = np.random.default_rng(0)
MILLION = 1_000_000


def unique_cases() -> Iterator[Case]:
    """Every case, inputs made when its turn comes. Stock's inverse and counts are quadratic."""
    for name, x in elements():
        yield values(f"unique {name}", x)
        yield numbers(f"unique {name}, inverse, counts", x, hopeless=x.size == MILLION)
    yield numbers("unique int64 1024, inverse, counts", RANDOM.integers(0, 2**14, 2**10))
    yield rows("unique int64 [1000,4], axis 0", RANDOM.integers(0, 9, (1000, 4)))
    yield rows("unique int64 [250000,4], axis 0", RANDOM.integers(0, 30, (250_000, 4)), True)
    few = RANDOM.integers(0, 2, (62_500, 16)) / 2
    yield rows("unique float64 [62500,16], axis 0", few, True)


def elements() -> Iterator[tuple[str, np.ndarray]]:
    yield "int64 tiny", np.array([3, 1, 3, 2])
    yield "int64 1M below 1M", RANDOM.integers(0, MILLION, MILLION)
    yield "int64 1M anywhere", RANDOM.integers(-(2**62), 2**62, MILLION)
    yield "int64 1M of 1000", RANDOM.integers(0, 1000, MILLION) * 2**40
    yield "int32 1M anywhere", RANDOM.integers(-(2**31), 2**31, MILLION).astype("int32")
    yield "float32 1M normal", RANDOM.standard_normal(MILLION, np.float32)


def both(array: np.ndarray) -> tuple[paddle.Tensor, torch.Tensor]:
    """The same values for both frameworks."""
    return paddle.to_tensor(array), torch.from_numpy(array)


def values(name: str, array: np.ndarray) -> Case:
    """The values alone."""
    x, y = both(array)
    return Case(name, lambda: paddle.unique(x), lambda: torch.unique(y))


def numbers(name: str, array: np.ndarray, hopeless: bool = False) -> Case:
    """With inverse and counts."""
    x, y = both(array)
    return Case(
        name,
        lambda: paddle.unique(x, return_inverse=True, return_counts=True),
        lambda: torch.unique(y, return_inverse=True, return_counts=True),
        hopeless,
    )


def rows(name: str, array: np.ndarray, hopeless: bool = False) -> Case:
    """Rows, with inverse and counts."""
    x, y = both(array)
    return Case(
        name,
        lambda: paddle.unique(x, return_inverse=True, return_counts=True, axis=0),
        lambda: torch.unique(y, return_inverse=True, return_counts=True, dim=0),
        hopeless,
    )
