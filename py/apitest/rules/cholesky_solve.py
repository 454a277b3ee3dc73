"""linalg.cholesky_solve."""

from __future__ import annotations

import numpy as np
import torch
from paddlemend import catalogue
from paddlemend.apitest.generators_matrices import cholesky_factor
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.rules.complex_operand import real_operand
from paddlemend.apitest.rules.matrix_residual import largest, unit
from paddlemend.apitest.rules.model import (
    Arguments,
    Difference,
    LibraryCall,
    Output,
    Parameter,
    Rule,
)


def cholesky_solve(x: torch.Tensor, y: torch.Tensor, upper: bool = False) -> torch.Tensor:
    """Solves A out = x, x being [*, M, K], A = y yᴴ, or yᴴ y if `upper`, and y [*, M, M].

    Only one triangle of y is read, and its gradient is zero outside of it.
    """
    triangle = torch.triu if upper else torch.tril
    return torch.cholesky_solve(x, triangle(y), upper=bool(upper))


def residual(arguments: Arguments, output: HostTensor) -> float:
    """The largest ‖A out - x‖ over the batch, in n·eps·‖A‖·‖out‖."""
    y, upper = arguments["y"], arguments.get("upper", False)
    triangle = np.triu(y) if upper else np.tril(y)
    adjoint = np.conj(np.swapaxes(triangle, -1, -2))
    matrix = adjoint @ triangle if upper else triangle @ adjoint
    out = output.widened().data
    if not np.isfinite(out).all():
        return float("inf")
    distances = _norms(matrix @ out - arguments["x"])
    return largest(distances, _norms(matrix) * _norms(out), unit(output, y.shape[-1]))


def _norms(matrices: np.ndarray) -> np.ndarray:
    return np.linalg.norm(matrices, axis=(-2, -1))


def _has_other_triangle(arguments: Arguments) -> bool:
    shape = getattr(arguments.get("y"), "shape", ())
    return len(shape) >= 2 and shape[-1] > 1 and 0 not in shape


RULES = (
    Rule(
        path="paddle.linalg.cholesky_solve",
        aliases=("paddle.Tensor.cholesky_solve", "paddle.tensor.cholesky_solve"),
        operator=catalogue.operator("cholesky_solve"),
        parameters=(
            Parameter("x"),
            Parameter("y", cholesky_factor),
            Parameter("upper"),
            Parameter("name"),
        ),
        reference=cholesky_solve,
        library=LibraryCall(
            function="cholesky_solve",
            arguments=("x", "y", "upper"),
            gradient_function="cholesky_solve_grad",
            gradient_arguments=("out_grad", "y", Output(0), "upper", "x"),
            gradients=("x", "y"),
            defaults={"upper": False},
        ),
        differences=(
            real_operand("cholesky_solve", ("x", "y"), ("y", "x")),
            Difference("cholesky_solve.triangular_gradient", _has_other_triangle),
        ),
        residual=residual,
    ),
)
