"""The defects of conv2d_transpose."""

from __future__ import annotations

import numpy as np
from paddle.nn import functional as F
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones, zeros


def transpose(x, weight):
    return F.conv2d_transpose(x, weight)


def same_dilated(x, weight):
    return F.conv2d_transpose(x, weight, padding="SAME", dilation=2)


def padded_by_two(x, weight):
    return F.conv2d_transpose(x, weight, padding=2)


def output_size_of_one(x, weight, size):
    return F.conv2d_transpose(x, weight, stride=2, output_size=size)


def output_size_too_large(x, weight):
    return F.conv2d_transpose(x, weight, stride=2, output_size=[9, 9])


def padded_between(x, weight):
    return F.conv2d_transpose(x, weight, dilation=3, output_padding=2)


def _defect(name, function, arrays, output=None, affects=ALL_PADDLES, **options) -> Defect:
    return Defect(f"conv2d_transpose: {name}", affects, function, arrays, output=output, **options)


RAMP = np.arange(5, dtype="float32").reshape(1, 1, 1, 5)

DEFECTS = [
    _defect(
        "SAME resets the dilation to 1",
        same_dilated,
        [RAMP, ones(1, 1, 1, 3)],
        np.array([2, 4, 6, 4, 6], "float32").reshape(1, 1, 1, 5),
        cotangent=ones(1, 1, 1, 5),
        gradients=[
            np.array([2, 2, 3, 2, 2], "float32").reshape(1, 1, 1, 5),
            np.array([9, 10, 3], "float32").reshape(1, 1, 1, 3),
        ],
    ),
    _defect(
        "no input channels are refused",
        transpose,
        [zeros(1, 0, 2, 2), zeros(0, 2, 1, 1)],
        zeros(1, 2, 2, 2),
        affects=("3.0",),
        cotangent=ones(1, 2, 2, 2),
        gradients=[zeros(1, 0, 2, 2), zeros(0, 2, 1, 1)],
    ),
    _defect(
        "no filters are refused",
        transpose,
        [ones(1, 2, 2, 2), zeros(2, 0, 1, 1)],
        zeros(1, 0, 2, 2),
        affects=("3.0",),
        cotangent=zeros(1, 0, 2, 2),
        gradients=[zeros(1, 2, 2, 2), zeros(2, 0, 1, 1)],
    ),
    _defect(
        "a padding that takes all of the result ends the process",
        padded_by_two,
        [ones(1, 1, 2, 2), ones(1, 1, 2, 2)],
        error="ValueError",
        message="padding",
    ),
    _defect(
        "an output_size of one element in a tensor is read as -1",
        output_size_of_one,
        [ones(1, 1, 2, 2), ones(1, 1, 1, 1), np.array([4])],
        np.kron(ones(2, 2), np.array([[1, 0], [0, 0]], "float32")).reshape(1, 1, 4, 4),
    ),
    _defect(
        "an output_size beyond its interval is accepted for an empty image",
        output_size_too_large,
        [zeros(0, 1, 2, 2), ones(1, 1, 1, 1)],
        error="ValueError",
        message="output_size",
        affects=("3.2.0", "3.3"),
    ),
    _defect(
        "an output_padding between the stride and the dilation is refused",
        padded_between,
        [ones(1, 1, 1, 1), ones(1, 1, 1, 1)],
        np.pad(ones(1, 1), ((0, 2), (0, 2))).reshape(1, 1, 3, 3),
    ),
    _defect(
        "an empty kernel is accepted",
        transpose,
        [ones(1, 1, 3, 3), zeros(1, 1, 0, 1)],
        error="ValueError",
        message="weight",
    ),
    _defect(
        "float16 is missing",
        transpose,
        [ones(1, 1, 1, 2, dtype="float16"), ones(1, 1, 1, 2, dtype="float16")],
        np.array([1, 2, 1], "float16").reshape(1, 1, 1, 3),
        cotangent=ones(1, 1, 1, 3, dtype="float16"),
        gradients=[
            np.full((1, 1, 1, 2), 2, "float16"),
            np.full((1, 1, 1, 2), 2, "float16"),
        ],
    ),
]
