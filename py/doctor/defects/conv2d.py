"""The defects of conv2d."""

from __future__ import annotations

import numpy as np
from paddle.nn import functional as F
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones, zeros


def conv2d(x, weight):
    return F.conv2d(x, weight)


def with_bias(x, weight, bias):
    return F.conv2d(x, weight, bias)


def channels_last(x, weight):
    return F.conv2d(x, weight, data_format="NHWC")


def same_dilated(x, weight):
    return F.conv2d(x, weight, padding="SAME", dilation=2)


def by_two(x, weight):
    return F.conv2d(x, weight, stride=2)


def padded(x, weight):
    return F.conv2d(x, weight, padding=1)


def _defect(name, function, arrays, output=None, affects=ALL_PADDLES, **options) -> Defect:
    return Defect(f"conv2d: {name}", affects, function, arrays, output=output, **options)


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
            np.array([3, 10, 9], "float32").reshape(1, 1, 1, 3),
        ],
    ),
    _defect(
        "without channels the result has none",
        conv2d,
        [zeros(1, 0, 2, 2), zeros(2, 0, 1, 1)],
        zeros(1, 2, 2, 2),
        cotangent=ones(1, 2, 2, 2),
        gradients=[zeros(1, 0, 2, 2), zeros(2, 0, 1, 1)],
    ),
    _defect(
        "without channels a bias raises",
        with_bias,
        [zeros(1, 0, 2, 2), zeros(2, 0, 1, 1), np.array([1, 2], "float32")],
        np.repeat(np.array([1, 2], "float32"), 4).reshape(1, 2, 2, 2),
        cotangent=ones(1, 2, 2, 2),
        gradients=[zeros(1, 0, 2, 2), zeros(2, 0, 1, 1), np.array([4, 4], "float32")],
    ),
    _defect(
        "without channels NHWC ends the process or has no filters",
        channels_last,
        [zeros(1, 2, 2, 0), zeros(3, 0, 1, 1)],
        zeros(1, 2, 2, 3),
        cotangent=ones(1, 2, 2, 3),
        gradients=[zeros(1, 2, 2, 0), zeros(3, 0, 1, 1)],
    ),
    _defect(
        "no filters are refused",
        conv2d,
        [ones(1, 2, 3, 3), zeros(0, 2, 1, 1)],
        zeros(1, 0, 3, 3),
        cotangent=zeros(1, 0, 3, 3),
        gradients=[zeros(1, 2, 3, 3), zeros(0, 2, 1, 1)],
    ),
    _defect(
        "an empty batch is refused",
        conv2d,
        [zeros(0, 2, 3, 3), ones(4, 2, 2, 2)],
        zeros(0, 4, 2, 2),
        affects=("3.0", "3.1.0"),
        cotangent=zeros(0, 4, 2, 2),
        gradients=[zeros(0, 2, 3, 3), zeros(4, 2, 2, 2)],
    ),
    _defect(
        "an empty image has one position under a stride of 2",
        by_two,
        [zeros(1, 1, 0, 2), ones(1, 1, 1, 1)],
        zeros(1, 1, 0, 1),
    ),
    _defect(
        "a kernel one longer than the image is accepted",
        conv2d,
        [ones(1, 1, 3, 3), ones(1, 1, 4, 3)],
        error="ValueError",
        message="weight",
    ),
    _defect(
        "an empty kernel is accepted",
        conv2d,
        [ones(1, 1, 3, 3), zeros(1, 1, 0, 1)],
        error="ValueError",
        message="weight",
    ),
    _defect(
        "one filter with a bias of another size gives its channels",
        with_bias,
        [ones(1, 1, 2, 2), ones(1, 1, 1, 1), ones(3)],
        error="ValueError",  # by conv2d, or in static programs, where they run, by expand_as
    ),
    _defect(
        "float16 is missing",
        padded,
        [ones(1, 1, 2, 2, dtype="float16"), ones(1, 1, 3, 3, dtype="float16")],
        np.full((1, 1, 2, 2), 4, "float16"),
        cotangent=ones(1, 1, 2, 2, dtype="float16"),
        gradients=[
            np.full((1, 1, 2, 2), 4, "float16"),
            np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], "float16").reshape(1, 1, 3, 3),
        ],
    ),
]
