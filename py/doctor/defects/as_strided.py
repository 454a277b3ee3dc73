"""The defects of as_strided."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones


def overlapping(x):
    return paddle.as_strided(x, [2, 2], [1, 1])


def repeated(x):
    return x.as_strided([3], [0], 4)


def view_of_the_end(x):
    end = paddle.as_strided(x, [4], [1], 8)
    return paddle.as_strided(end, [3], [1], 12)


def view_before_the_end(x):
    end = paddle.as_strided(x, [2], [1], 8)
    return paddle.as_strided(end, [4], [1])


def view_of_transposed(x):
    transposed = paddle.as_strided(x, [3, 2], [1, 3])
    return paddle.as_strided(transposed, [3], [2])


def one_too_many(x):
    return paddle.as_strided(x, [5], [1])


def far_away(x):
    return paddle.as_strided(x, [2], [1000000])


def beyond_by_offset(x):
    return paddle.as_strided(x, [1], [1], 16)


def beyond_after_overflow(x):
    return paddle.as_strided(x, [5], [2**62])


def more_elements_than_numbers(x):
    return paddle.as_strided(x, [2**32, 2**32], [0, 0])


def backwards(x):
    return paddle.as_strided(x, [2], [-1], 8)


def before_the_start(x):
    return paddle.as_strided(x, [2], [1], -8)


def more_strides(x):
    return paddle.as_strided(x, [2], [1, 1])


def more_sizes(x):
    return paddle.as_strided(x, [2, 2], [1])


def inside_an_element(x):
    return paddle.as_strided(x, [2], [1], 2)


def _float32(values: list) -> np.ndarray:
    return np.array(values, np.float32)


def _numbers(*shape: int) -> np.ndarray:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def _refused(name: str, function, message: str, affects: tuple[str, ...] = ALL_PADDLES) -> Defect:
    return Defect(
        f"as_strided: {name}",
        affects=affects,
        function=function,
        arrays=[ones(4)],
        error="ValueError",
        message=message,
        dygraph_only=True,
    )


def _wrong_gradient(name: str, function, x: np.ndarray, output: list, gradient: list) -> Defect:
    """The cotangent is 1, 2, 3, …"""
    return Defect(
        f"as_strided: {name}",
        affects=ALL_PADDLES,
        function=function,
        arrays=[x],
        cotangent=1 + _numbers(*np.shape(output)),
        output=_float32(output),
        gradients=[_float32(gradient)],
        dygraph_only=True,
    )


DEFECTS = [
    _wrong_gradient(
        "the gradient of an element that is seen twice is overwritten",
        overlapping,
        _numbers(4),
        [[0, 1], [1, 2]],
        [1, 5, 4, 0],
    ),
    _wrong_gradient(
        "the gradient of a stride of 0 is overwritten",
        repeated,
        _numbers(4),
        [1, 1, 1],
        [0, 6, 0, 0],
    ),
    _wrong_gradient(
        "the gradient of a view of a part raises",
        view_of_the_end,
        _numbers(6),
        [3, 4, 5],
        [0, 0, 0, 1, 2, 3],
    ),
    _wrong_gradient(
        "the gradient of a view that begins before x is at the wrong place",
        view_before_the_end,
        _numbers(4),
        [0, 1, 2, 3],
        [0, 0, 3, 4],
    ),
    _wrong_gradient(
        "the gradient of a view of a transposed tensor is at the wrong place",
        view_of_transposed,
        _numbers(2, 3),
        [0, 2, 4],
        [[1, 0, 2], [0, 3, 0]],
    ),
    _refused("an element after the last is read", one_too_many, "its memory has 16 bytes"),
    _refused("memory far away is read", far_away, "its memory has 16 bytes"),
    _refused("an offset after the last element is accepted", beyond_by_offset, "ends at byte 20"),
    _refused("a stride that overflows is accepted", beyond_after_overflow, "more than 2^63"),
    _refused(
        "a number of elements that overflows ends the process",
        more_elements_than_numbers,
        "more than 2^63",
    ),
    _refused("a negative stride is accepted", backwards, "stride[0] is -1"),
    _refused(
        "a negative offset is accepted",
        before_the_start,
        "offset is -8",
        affects=("3.0", "3.1", "3.2"),
    ),
    _refused("more strides than sizes are accepted", more_strides, "stride has 2 entries"),
    _refused("more sizes than strides are accepted", more_sizes, "stride has 1 entries"),
    _refused("an offset inside an element is accepted", inside_an_element, "offset is 2 bytes"),
]
