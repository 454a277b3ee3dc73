"""The defects of eigvals and of eig, whose gradient is that of eigvals too."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones

# Each matrix has the eigenvalues i and -i, or 1 and 3.
ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]])
SHEAR = np.array([[1.0, 2.0], [0.0, 3.0]])
BATCH = np.stack([ROTATION, SHEAR]).astype("complex128")


def sum_of_squares(x):
    """The trace of x x, of which the gradient is 2 xᵀ."""
    values = paddle.linalg.eigvals(x)
    return paddle.sum(values * values, axis=-1)


def sum_of_squares_by_method(x):
    values = x.eigvals()
    return paddle.sum(values * values, axis=-1)


def sum_of_squares_by_eig(x):
    values, _ = paddle.linalg.eig(x)
    return paddle.sum(values * values, axis=-1)


def moduli(x):
    return paddle.abs(paddle.linalg.eigvals(x))


def _squares(name: str, function, x: np.ndarray, affects=ALL_PADDLES) -> Defect:
    real = {"float32": "complex64", "float64": "complex128"}
    dtype = real.get(x.dtype.name, x.dtype.name)
    shape = x.shape[:-2]
    return Defect(
        name,
        affects=affects,
        function=function,
        arrays=[x],
        cotangent=ones(*shape, dtype=dtype),
        output=np.trace(x @ x, axis1=-2, axis2=-1).astype(dtype),
        gradients=[2 * np.conj(np.swapaxes(x, -1, -2))],
    )


DEFECTS = [
    _squares("eigvals: there is no gradient", sum_of_squares, SHEAR),
    _squares(
        "eigvals: there is no gradient of float32", sum_of_squares, ROTATION.astype("float32")
    ),
    _squares("eigvals: there is no gradient of complex", sum_of_squares, BATCH),
    _squares("Tensor.eigvals: there is no gradient", sum_of_squares_by_method, BATCH.real),
    _squares("eig: the gradient of a batch is wrong", sum_of_squares_by_eig, BATCH),
    Defect(
        "eigvals: a NaN ends the process",
        affects=ALL_PADDLES,
        function=moduli,
        arrays=[np.array([[1, 2], [np.nan, 3]])],
        error="ValueError",
        message="x[1, 0] is nan, expected a finite number",
    ),
    Defect(
        "eigvals: an infinity is accepted",
        affects=ALL_PADDLES,
        function=moduli,
        arrays=[np.array([[1, -np.inf], [0, 3]], np.float32)],
        error="ValueError",
        message="x[0, 1] is -inf, expected a finite number",
    ),
    Defect(
        "eigvals: no matrices are refused",
        affects=("3.0",),
        function=moduli,
        arrays=[ones(0, 3, 3)],
        output=ones(0, 3),
    ),
    Defect(
        "eigvals: matrices of no rows are refused",
        affects=("3.0",),
        function=moduli,
        arrays=[ones(2, 0, 0)],
        output=ones(2, 0),
    ),
]
