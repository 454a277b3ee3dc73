"""The defects of unique."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones

NAN = np.array([np.nan, 1, np.nan, 2, 1], "float32")


def values(x):
    return paddle.unique(x)


def inverse(x):
    return paddle.unique(x, return_inverse=True)[1]


def counts(x):
    return paddle.unique(x, return_counts=True)[1]


def rows(x):
    return paddle.unique(x, axis=0)


def columns(x):
    return x.unique(axis=1)


def last_but_one(x):
    return paddle.unique(x, axis=-2)


def _missing(dtype: str) -> Defect:
    x = np.array([1, 0, 1], dtype)
    return Defect(f"unique: {dtype} is missing", ALL_PADDLES, values, [x], output=np.unique(x))


DEFECTS = [
    Defect(
        "unique: a 0-size input keeps its shape",
        affects=("3.2", "3.3"),
        function=values,
        arrays=[ones(0, 3)],
        output=ones(0),
    ),
    Defect(
        "unique: NaN drops other values",
        affects=("3.0", "3.1"),
        function=values,
        arrays=[NAN],
        output=np.array([1, 2, np.nan, np.nan], "float32"),
    ),
    Defect(
        "unique: the inverse of NaN is memory",
        affects=ALL_PADDLES,
        function=inverse,
        arrays=[NAN],
        output=np.array([2, 0, 3, 1, 0]),
    ),
    Defect(
        "unique: the counts of NaN are 0",
        affects=ALL_PADDLES,
        function=counts,
        arrays=[NAN],
        output=np.array([2, 1, 1, 1]),
    ),
    Defect(
        "unique: a 0-size axis ends the process",
        affects=("3.0", "3.1"),
        function=rows,
        arrays=[ones(0, 2)],
        output=ones(0, 2),
    ),
    Defect(
        "unique: slices of nothing end the process or are accepted",
        affects=ALL_PADDLES,
        function=rows,
        arrays=[ones(3, 0)],
        error="ValueError",
        message="have no elements",
    ),
    Defect(
        "unique: a negative axis but the last ends the process",
        affects=ALL_PADDLES,
        function=last_but_one,
        arrays=[np.array([[2, 1], [0, 3], [2, 1]])],
        output=np.array([[0, 3], [2, 1]]),
    ),
    Defect(
        "unique: an axis of a 0-size input is not checked",
        affects=("3.2", "3.3"),
        function=columns,
        arrays=[ones(0)],
        error="ValueError",
        message="axis is 1",
    ),
    *(_missing(dtype) for dtype in ("bool", "uint8", "int8", "int16", "float16")),
]
