"""The defects of index_put and index_put_."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones


def put(x, index, value):
    return paddle.index_put(x, (index,), value)


def put_in_place(x, index, value):
    return paddle.index_put_(x * 1, (index,), value)


def add(x, index, value):
    return paddle.index_put(x, (index,), value, True)


def add_at_two(x, rows, columns, value):
    return paddle.index_put(x, (rows, columns), value, True)


def put_at_three(x, index, value):
    return paddle.index_put(x, (index, index, index), value)


def put_into_zeros(index, value):
    return paddle.index_put(paddle.zeros([3, 0]), (index,), value)


def _refused(name: str, index: list | bool, message: str, function=put, shape=(4, 3)) -> Defect:
    return Defect(
        name,
        affects=ALL_PADDLES,
        function=function,
        arrays=[ones(*shape), np.array(index), ones(1)],
        error="ValueError",
        message=message,
    )


DEFECTS = [
    _refused("index_put: an index out of range is written to", [100], "indices[0][0] is 100"),
    _refused("index_put: the index after the last is written to", [1, 4], "indices[0][1] is 4"),
    _refused("index_put: a negative index out of range is added to", [-5], "is -5", function=add),
    _refused("index_put_: an index out of range is written to", [100], "is 100", put_in_place),
    _refused("index_put: an index into an axis of size 0 is accepted", [0], "is 0", shape=(0, 3)),
    _refused(
        "index_put: an index out of range of an empty x is accepted", [9], "is 9", put, (3, 0)
    ),
    _refused("index_put: a mask longer than x is accepted", [True] + 4 * [False], "indices[0]"),
    _refused("index_put: a mask shorter than x is accepted", [True], "indices[0]"),
    _refused("index_put: more indices than dimensions are accepted", [1], "3", put_at_three),
    _refused("index_put: an index into a 0-D x is accepted", [0], "indices", shape=()),
    Defect(
        "index_put: a 0-D index is refused",
        affects=ALL_PADDLES,
        function=put,
        arrays=[ones(4, 3), np.array(-1), 2 * ones(3)],
        cotangent=3 * ones(4, 3),
        output=np.array([[1, 1, 1]] * 3 + [[2, 2, 2]], np.float32),
        gradients=[np.array([[3, 3, 3]] * 3 + [[0, 0, 0]], np.float32), None, 3 * ones(3)],
    ),
    Defect(
        "index_put: two 0-D indices are refused",
        affects=ALL_PADDLES,
        function=add_at_two,
        arrays=[ones(2, 2), np.array(1), np.array(0), ones()],
        cotangent=3 * ones(2, 2),
        output=np.array([[1, 1], [2, 1]], np.float32),
        gradients=[3 * ones(2, 2), None, None, 3 * ones()],
    ),
    Defect(
        "index_put: 7 dimensions are refused",
        affects=ALL_PADDLES,
        function=put,
        arrays=[ones(2, 1, 1, 1, 1, 1, 3), np.array([1]), 2 * ones(3)],
        cotangent=ones(2, 1, 1, 1, 1, 1, 3),
        output=np.array([[1] * 3, [2] * 3], np.float32).reshape(2, 1, 1, 1, 1, 1, 3),
        gradients=[
            np.array([[1] * 3, [0] * 3], np.float32).reshape(2, 1, 1, 1, 1, 1, 3),
            None,
            ones(3),
        ],
    ),
    Defect(
        "index_put: the gradient of value raises when x is empty and requires none",
        affects=("3.0", "3.1.1", "3.2", "3.3"),
        function=put_into_zeros,
        arrays=[np.array([1]), ones(1)],
        cotangent=ones(3, 0),
        output=ones(3, 0),
        gradients=[None, np.zeros(1, np.float32)],
    ),
    Defect(
        "index_put: the gradient of value loses its dimension when the index is empty",
        affects=("3.0",),
        function=put,
        arrays=[ones(2, 3), np.array([], "int64"), ones(1)],
        cotangent=2 * ones(2, 3),
        output=ones(2, 3),
        gradients=[2 * ones(2, 3), None, np.zeros(1, np.float32)],
    ),
]
