"""The defects of copysign and copysign_."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, bfloat16_bits, ones

LEAST = np.iinfo(np.int64).min


def copysign(x, y):
    return paddle.copysign(x, y)


def method(x, y):
    return x.copysign(y)


def to_minus_half(x):
    return paddle.copysign(x, -0.5)


def in_place(x, y):
    return paddle.copysign_(paddle.assign(x), y)


def method_in_place(x, y):
    return paddle.assign(x).copysign_(y)


def in_place_to_minus_3(x):
    return paddle.copysign_(paddle.assign(x), -3.0)


def _defect(name, function, arrays, output, affects=ALL_PADDLES, **options) -> Defect:
    return Defect(f"copysign{name}", affects, function, arrays, output=output, **options)


DEFECTS = [
    _defect(
        ": integers give integers, and -128 keeps its sign",
        copysign,
        [np.array([-128, 3, -3], "int8"), np.array([1, -1, 1], "int8")],
        np.array([128, -3, 3], "float32"),
    ),
    _defect(
        ": integers give integers, as a method",
        method,
        [np.array([LEAST, 1 << 24 | 1]), np.array([5, -5])],
        np.array([2.0**63, -(2.0**24)], "float32"),
    ),
    _defect(
        ": a number below 0 loses its sign on unsigned integers",
        to_minus_half,
        [np.array([0, 3, 255], "uint8")],
        np.array([-0.0, -3, -255], "float32"),
    ),
    _defect(
        ": a number above -1 loses its sign on integers",
        to_minus_half,
        [np.array([2, -3], "int32")],
        np.array([-2, -3], "float32"),
    ),
    _defect(
        ": an integer and a floating y are refused",
        copysign,
        [np.array([2, -3], "int32"), np.array([-1, 1], "float64")],
        np.array([-2, 3], "float64"),
        cotangent=np.array([1, 1], "float64"),
        gradients=[None, np.zeros(2)],
    ),
    _defect(
        ": a floating x and an integer y are refused",
        copysign,
        [bfloat16_bits(np.array([2.0, -3.0])), np.array([-1, 1])],
        bfloat16_bits(np.array([-2.0, 3.0])),
        cotangent=bfloat16_bits(np.array([1.0, 1.0])),
        gradients=[bfloat16_bits(np.array([-1.0, -1.0])), None],
    ),
    _defect(
        ": two floating dtypes are refused",
        copysign,
        [np.array([2, -3], "float16"), np.array([-1, 1], "float32")],
        np.array([-2, 3], "float32"),
        affects=("3.0",),
        cotangent=ones(2),
        gradients=[np.array([-1, -1], "float16"), np.zeros(2, "float32")],
    ),
    _defect(
        ": broadcasting with a 0-size is refused",
        copysign,
        [ones(0, 3), ones(1, 3)],
        ones(0, 3),
        affects=("3.0",),
        cotangent=ones(0, 3),
        gradients=[ones(0, 3), np.zeros((1, 3), "float32")],
    ),
    _defect(
        ": the float16 gradient of a long broadcast is not the sum",
        copysign,
        [ones(1, dtype="float16"), ones(5000, dtype="float16")],
        ones(5000, dtype="float16"),
        affects=("3.0", "3.1.0"),
        cotangent=ones(5000, dtype="float16"),
        gradients=[np.array([5000], "float16"), np.zeros(5000, "float16")],
    ),
    _defect(
        "_: int64 goes through float64",
        in_place,
        [np.array([LEAST, (1 << 62) + 1]), np.array([5, -5])],
        np.array([np.iinfo(np.int64).max, -(1 << 62) - 1]),
    ),
    _defect(
        "_: the least integer keeps its sign",
        method_in_place,
        [np.array([-128, 3, -3], "int8"), np.array([1, -1, 1], "int8")],
        np.array([127, -3, 3], "int8"),
    ),
    _defect(
        "_: a negative number means nothing to unsigned integers",
        in_place_to_minus_3,
        [np.array([0, 3, 255], "uint8")],
        np.zeros(3, "uint8"),
    ),
    _defect(
        "_: a wider y changes the dtype of x, or is refused",
        in_place,
        [np.array([2, -3], "float16"), np.array([-1, 1], "float32")],
        np.array([-2, 3], "float16"),
    ),
    _defect(
        "_: a floating y is refused for integers",
        in_place,
        [np.array([2, -3], "int32"), np.array([-0.0, 1], "float32")],
        np.array([-2, 3], "int32"),
    ),
]
