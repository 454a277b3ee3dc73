"""The defects of cholesky_solve."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones

# y yᵀ = [[4, 2], [2, 10]], with a stranger in the other triangle.
FACTOR = np.array([[2, 0], [1, 3]], np.float64)
CLUTTERED = np.array([[2, 9], [1, 3]], np.float64)
X = np.array([[8], [22]], np.float64)
OUT = np.array([[1], [2]], np.float64)
X_GRAD = np.array([[2], [0.5]]) / 9  # of the sum of out: A⁻¹ 1


def factor_gradient(out):
    """-(S + Sᵀ) y in the triangle, where S = A⁻¹ 1 outᵀ."""
    s = X_GRAD @ out.T
    return np.tril(-(s + s.T) @ FACTOR)


def solve(x, y):
    return paddle.linalg.cholesky_solve(x, y)


def solve_upper(x, y):
    return paddle.linalg.cholesky_solve(x, y, upper=True)


def solve_with_a_constant_factor(x):
    return paddle.linalg.cholesky_solve(x, 2 * paddle.eye(2, dtype="float64"))


def solve_for_ones(y):
    return paddle.linalg.cholesky_solve(paddle.ones([2, 1], "float64"), y)


DEFECTS = [
    Defect(
        "cholesky_solve: the gradient ends the process when the factor needs none",
        affects=ALL_PADDLES,
        function=solve_with_a_constant_factor,
        arrays=[X],
        cotangent=ones(2, 1, dtype="float64"),
        output=X / 4,
        gradients=[ones(2, 1, dtype="float64") / 4],
    ),
    Defect(
        "cholesky_solve: the gradient ends the process when the right-hand side needs none",
        affects=ALL_PADDLES,
        function=solve_for_ones,
        arrays=[FACTOR],
        cotangent=ones(2, 1, dtype="float64"),
        output=X_GRAD,
        gradients=[factor_gradient(X_GRAD)],
    ),
    Defect(
        "cholesky_solve: the gradient of the factor depends on its other triangle",
        affects=ALL_PADDLES,
        function=solve,
        arrays=[X, CLUTTERED],
        cotangent=ones(2, 1, dtype="float64"),
        output=OUT,
        gradients=[X_GRAD, factor_gradient(OUT)],
    ),
    Defect(
        "cholesky_solve: the gradient of an upper factor depends on its other triangle",
        affects=ALL_PADDLES,
        function=solve_upper,
        arrays=[X, CLUTTERED.T],
        cotangent=ones(2, 1, dtype="float64"),
        output=OUT,
        gradients=[X_GRAD, factor_gradient(OUT).T],
    ),
    Defect(
        "cholesky_solve: complex is missing",
        affects=ALL_PADDLES,
        function=solve,
        arrays=[np.array([[2], [4j]], np.complex64), np.array([[1, 0], [1j, 1]], np.complex64)],
        cotangent=ones(2, 1, dtype="complex64"),
        output=np.array([[0], [2j]], np.complex64),
        gradients=[
            np.array([[2 + 1j], [1 - 1j]], np.complex64),
            np.array([[-4 - 2j, 0], [-2, 4]], np.complex64),
        ],
    ),
    Defect(
        "cholesky_solve: the gradient of no systems ends the process or is refused",
        affects=("3.0",),
        function=solve,
        arrays=[ones(0, 2, 1, dtype="float64"), ones(0, 2, 2, dtype="float64")],
        cotangent=ones(0, 2, 1, dtype="float64"),
        output=ones(0, 2, 1, dtype="float64"),
        gradients=[ones(0, 2, 1, dtype="float64"), ones(0, 2, 2, dtype="float64")],
    ),
]
