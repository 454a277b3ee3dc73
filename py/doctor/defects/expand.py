"""The defects of expand, expand_as and broadcast_to."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones

RANDOM = np.random.default_rng(20250401)


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


def expand_to_a_tensor_among_sizes(x, rows):
    return paddle.expand(x, [rows, 3])


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
        "expand: a 1-D tensor of one element among the sizes is refused with NumPy 2.4",
        affects=ALL_PADDLES,
        function=expand_to_a_tensor_among_sizes,
        arrays=[ones(1, 3), np.array([2])],
        cotangent=3 * ones(2, 3),
        output=ones(2, 3),
        gradients=[6 * ones(1, 3), None],
    ),
]
