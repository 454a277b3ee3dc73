"""The defects of eigvalsh."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones

DIAGONALS = np.stack([np.diag([1.0, 2.0, 4.0]), np.diag([5.0, 3.0, 1.0])])
# Eigenvalues ascend: their weights go to the places on the diagonal that they come from.
WEIGHTS = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
GRADIENTS = np.stack([np.diag([1.0, 2.0, 3.0]), np.diag([6.0, 5.0, 4.0])])


def lower(x):
    return paddle.linalg.eigvalsh(x)


def of_triangle_x(x):
    return paddle.linalg.eigvalsh(x, "X")


DEFECTS = [
    Defect(
        "eigvalsh: the gradient of a batch is wrong",
        affects=ALL_PADDLES,
        function=lower,
        arrays=[DIAGONALS],
        cotangent=WEIGHTS,
        output=np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 5.0]]),
        gradients=[GRADIENTS],
    ),
    Defect(
        "eigvalsh: the gradient of a complex batch is wrong",
        affects=ALL_PADDLES,
        function=lower,
        arrays=[DIAGONALS.astype("complex128")],
        cotangent=WEIGHTS,
        output=np.array([[1.0, 2.0, 4.0], [1.0, 3.0, 5.0]]),
        gradients=[GRADIENTS.astype("complex128")],
    ),
    Defect(
        "eigvalsh: the gradient of no matrices has a dimension too many",
        affects=("3.0",),
        function=lower,
        arrays=[ones(0, 3, 3)],
        cotangent=ones(0, 3),
        output=ones(0, 3),
        gradients=[ones(0, 3, 3)],
    ),
    Defect(
        'eigvalsh: any UPLO but "L" counts as "U"',
        affects=ALL_PADDLES,
        function=of_triangle_x,
        arrays=[ones(2, 2)],
        error="ValueError",
        message="L",
    ),
    Defect(
        "eigvalsh: a number that is not finite is accepted",
        affects=ALL_PADDLES,
        function=lower,
        arrays=[np.array([[1, 2], [np.inf, 3]], np.float32)],
        error="ValueError",
        message="x[1, 0] is inf, expected a finite number",
    ),
]
