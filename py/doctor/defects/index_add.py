"""The defects of index_add and index_add_."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, bfloat16_bits, ones

RANDOM = np.random.default_rng(20250401)


def index_add_rows(x, index, value):
    return paddle.index_add(x, index, 0, value)


def index_add_rows_in_place(x, index, value):
    return paddle.index_add_(x * 1, index, 0, value)


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


DEFECTS = [
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
