"""The defects of index_sample."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, bfloat16_bits, ones


def sample(x, index):
    return paddle.index_sample(x, index)


def _missing_dtype(name: str, values: np.ndarray, index: list) -> Defect:
    positions = np.array(index)
    return Defect(
        f"index_sample: {name} is missing",
        affects=ALL_PADDLES,
        function=sample,
        arrays=[values, positions],
        output=np.take_along_axis(values, positions, 1),
    )


DEFECTS = [
    Defect(
        "index_sample: an index of no rows is refused",
        affects=("3.0",),
        function=sample,
        arrays=[ones(2, 3), np.zeros((0, 4), "int64")],
        cotangent=ones(0, 4),
        output=ones(0, 4),
        gradients=[np.zeros((2, 3), np.float32), None],
    ),
    Defect(
        "index_sample: bfloat16 is missing",
        affects=ALL_PADDLES,
        function=sample,
        arrays=[bfloat16_bits(np.array([[1.0, 2.0, 4.0]])), np.array([[2, 0, 2]])],
        cotangent=bfloat16_bits(ones(1, 3)),
        output=bfloat16_bits(np.array([[4.0, 1.0, 4.0]])),
        gradients=[bfloat16_bits(np.array([[1.0, 0.0, 2.0]])), None],
    ),
    _missing_dtype("int8", np.array([[1, -2], [3, 4]], np.int8), [[1], [0]]),
    _missing_dtype("bool", np.array([[True, False]]), [[1, 1, 0]]),
]
