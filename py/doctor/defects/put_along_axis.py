"""The defects of put_along_axis and put_along_axis_."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones

NAN = float("nan")


def assign(x, index, value):
    return paddle.put_along_axis(x, index, value, 0)


def multiply(x, index, value):
    return paddle.put_along_axis(x, index, value, 0, "mul")


def greatest(x, index, value):
    return paddle.put_along_axis(x, index, value, 0, "amax")


def least(x, index, value):
    return paddle.put_along_axis(x, index, value, 0, "amin")


def add(x, index, value):
    return paddle.put_along_axis(x, index, value, 0, "add")


def a_number(x, index):
    return paddle.put_along_axis(x, index, 2.5, 0)


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


DEFECTS = [
    Defect(
        "put_along_axis: the gradient of a negative index is at no place",
        affects=ALL_PADDLES,
        function=assign,
        arrays=[ones(4, 3), np.array([[-1, -1, -1]]), 5 * ones(1, 3)],
        cotangent=2 * ones(4, 3),
        output=np.array([[1, 1, 1]] * 3 + [[5, 5, 5]], np.float32),
        gradients=[np.array([[2, 2, 2]] * 3 + [[0, 0, 0]], np.float32), None, 2 * ones(1, 3)],
    ),
    Defect(
        "put_along_axis: an index into an axis of size 0 is accepted",
        affects=ALL_PADDLES,
        function=assign,
        arrays=[ones(0), np.array([0]), ones(1)],
        error="ValueError",
        message="index[0] is 0",
    ),
    Defect(
        "put_along_axis: the gradients of mul are NaN where a factor is 0",
        affects=ALL_PADDLES,
        function=multiply,
        arrays=[floats(0, 2), np.array([0, 0]), floats(3, 4)],
        cotangent=ones(2),
        output=floats(0, 2),
        gradients=[floats(12, 1), None, floats(0, 0)],
    ),
    Defect(
        "put_along_axis: amax drops NaN",
        affects=ALL_PADDLES,
        function=greatest,
        arrays=[floats(1, 1), np.array([0, 0]), floats(NAN, 3)],
        output=floats(NAN, 1),
    ),
    Defect(
        "put_along_axis: amin drops NaN",
        affects=ALL_PADDLES,
        function=least,
        arrays=[floats(1, 1), np.array([0, 0]), floats(NAN, 3)],
        output=floats(NAN, 1),
    ),
    Defect(
        "put_along_axis: int8 is missing",
        affects=ALL_PADDLES,
        function=add,
        arrays=[np.array([1, 2], np.int8), np.array([1, 1]), np.array([4, 8], np.int8)],
        output=np.array([1, 14], np.int8),
    ),
    Defect(
        "put_along_axis: complex64 is missing",
        affects=ALL_PADDLES,
        function=assign,
        arrays=[np.zeros(2, np.complex64), np.array([1, 1]), np.array([1j, 2], np.complex64)],
        output=np.array([0, 2], np.complex64),
    ),
    Defect(
        "put_along_axis: a number beside a float64 arr is refused",
        affects=ALL_PADDLES,
        function=a_number,
        arrays=[ones(2, 1, dtype="float64"), np.array([[1]])],
        cotangent=3 * ones(2, 1, dtype="float64"),
        output=np.array([[1], [2.5]]),
        gradients=[np.array([[3.0], [0]]), None],
    ),
    Defect(
        "put_along_axis: a 0-D arr is refused",
        affects=ALL_PADDLES,
        function=add,
        arrays=[floats(2).reshape(()), np.array(0), floats(3).reshape(())],
        cotangent=floats(7).reshape(()),
        output=floats(5).reshape(()),
        gradients=[floats(7).reshape(()), None, floats(7).reshape(())],
    ),
]
