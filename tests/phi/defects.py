"""The defects of released wheels: the call that shows each, and its right answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import paddle

ALL_PADDLES = ("3.0", "3.1", "3.2", "3.3")

RANDOM = np.random.default_rng(20250401)


@dataclass(frozen=True)
class Defect:
    """`function(*arrays)` is wrong on the Paddles in `affects`.

    There "3.1" means all releases of 3.1, "3.1.0" that one.
    Right is `output` (and `gradients` of the sum over output * cotangent), or an exception whose
    type is named `error` and whose text contains `message`.
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

    def is_shown_by(self, release: str) -> bool:
        """Whether the stock wheel of `release`, such as "3.1.0", is wrong."""
        return any(f"{release}.".startswith(f"{version}.") for version in self.affects)


def expand_to_3_by_0(x):
    return paddle.expand(x, [3, 0])


def expand_heads(x):
    return x.expand([2, 51, 1, 64])


def expand_to_minus_2(x):
    return paddle.expand(x, [-2, 3])


def broadcast_to_minus_5(x):
    return paddle.broadcast_to(x, [-5, 3])


def expand_to_9_dimensions(x):
    return paddle.expand(x, [2, 1, 2, 1, 1, 1, 1, 1, 3])


def expand_as_9_dimensions(x, y):
    return paddle.expand_as(x, y)


def index_add_rows(x, index, value):
    return paddle.index_add(x, index, 0, value)


def index_add_rows_in_place(x, index, value):
    return paddle.index_add_(x * 1, index, 0, value)


def ones(*shape: int, dtype: str = "float32") -> np.ndarray:
    return np.ones(shape, dtype)


def bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """The upper halves of float32 values that bfloat16 represents exactly."""
    return (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


def _rows_added(dtype: str) -> dict:
    """index_add of rows 0, 2, 0 with small values, which every dtype represents exactly."""
    x = RANDOM.integers(0, 4, (3, 5))
    value = RANDOM.integers(0, 4, (3, 5))
    expected = x.copy()
    np.add.at(expected, [0, 2, 0], value)
    if dtype == "bool":
        expected = x > 0
        for row, position in enumerate([0, 2, 0]):
            expected[position] |= value[row] > 0
    convert = bfloat16_bits if dtype == "bfloat16" else lambda array: array.astype(dtype)
    return {
        "arrays": [convert(x), np.array([0, 2, 0]), convert(value)],
        "output": expected if dtype == "bool" else convert(expected),
    }


def _float16_expand() -> dict:
    x = RANDOM.standard_normal((1, 51, 1, 1)).astype(np.float16)
    cotangent = RANDOM.standard_normal((2, 51, 1, 64)).astype(np.float16)
    gradient = cotangent.astype(np.float64).sum((0, 3), keepdims=True)
    return {
        "arrays": [x],
        "cotangent": cotangent,
        "output": np.broadcast_to(x, (2, 51, 1, 64)),
        "gradients": [gradient],
    }


DEFECTS = [
    Defect(
        "expand: gradient of a 0-size result ends the process",
        affects=("3.0",),
        function=expand_to_3_by_0,
        arrays=[ones(1, 0)],
        cotangent=ones(3, 0),
        output=ones(3, 0),
        gradients=[ones(1, 0)],
    ),
    Defect(
        "expand: float16 gradient is not the sum",
        affects=("3.0",),
        function=expand_heads,
        **_float16_expand(),
    ),
    Defect(
        "expand: -2 is accepted as a size",
        affects=ALL_PADDLES,
        function=expand_to_minus_2,
        arrays=[ones(1, 3)],
        error="ValueError",
        message="shape[0] is -2",
    ),
    Defect(
        "broadcast_to: -5 is accepted as a size",
        affects=ALL_PADDLES,
        function=broadcast_to_minus_5,
        arrays=[ones(1, 3)],
        error="ValueError",
        message="shape[0] is -5",
    ),
    Defect(
        "expand: 9 dimensions are refused",
        affects=ALL_PADDLES,
        function=expand_to_9_dimensions,
        arrays=[ones(1, 3)],
        cotangent=ones(2, 1, 2, 1, 1, 1, 1, 1, 3),
        output=ones(2, 1, 2, 1, 1, 1, 1, 1, 3),
        gradients=[4 * ones(1, 3)],
    ),
    Defect(
        "expand_as: 9 dimensions are refused",
        affects=ALL_PADDLES,
        function=expand_as_9_dimensions,
        arrays=[ones(1, 3), np.zeros((2, 1, 2, 1, 1, 1, 1, 1, 3), "int64")],
        cotangent=ones(2, 1, 2, 1, 1, 1, 1, 1, 3),
        output=ones(2, 1, 2, 1, 1, 1, 1, 1, 3),
        gradients=[4 * ones(1, 3), None],
    ),
    Defect(
        "index_add: an empty index is refused",
        affects=("3.0", "3.1.0"),
        function=index_add_rows,
        arrays=[ones(2, 3), np.array([], "int64"), ones(0, 3)],
        cotangent=2 * ones(2, 3),
        output=ones(2, 3),
        gradients=[2 * ones(2, 3), None, ones(0, 3)],
    ),
    Defect(
        "index_add: a value longer than the index is accepted",
        affects=ALL_PADDLES,
        function=index_add_rows,
        arrays=[ones(4, 3), np.array([0, 1]), ones(3, 3)],
        error="ValueError",
        message="value",
    ),
    Defect(
        "index_add: an empty index with a value is accepted",
        affects=("3.1.1", "3.2", "3.3"),
        function=index_add_rows,
        arrays=[ones(4, 3), np.array([], "int64"), ones(2, 3)],
        error="ValueError",
        message="value",
    ),
    Defect(
        "index_add: a 0-D x is refused",
        affects=ALL_PADDLES,
        function=index_add_rows,
        arrays=[ones(), np.array(0), ones()],
        cotangent=3 * ones(),
        output=2 * ones(),
        gradients=[3 * ones(), None, 3 * ones()],
    ),
    Defect(
        "index_add: the gradient accepts an index out of range of an empty x",
        affects=("3.1.1", "3.2", "3.3"),
        function=index_add_rows,
        arrays=[ones(4, 0), np.array([9]), ones(1, 0)],
        cotangent=ones(4, 0),
        error="ValueError",
        message="index[0] is 9",
    ),
    *(
        Defect(
            f"index_add: {dtype} is missing",
            affects=ALL_PADDLES,
            function=index_add_rows,
            **_rows_added(dtype),
        )
        for dtype in ["bool", "uint8", "int8", "int16", "bfloat16", "complex64", "complex128"]
    ),
    Defect(
        "index_add_: bfloat16 is missing in place",
        affects=ALL_PADDLES,
        function=index_add_rows_in_place,
        **_rows_added("bfloat16"),
    ),
]
