"""linalg.eigvals and linalg.eigvalsh."""

from __future__ import annotations

import numpy as np
import torch
from paddlemend import catalogue
from paddlemend.apitest.equivalence import MultisetAlongLastAxis
from paddlemend.apitest.generators_matrices import hermitian, separated_eigenvalues
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.matrix_residual import largest, unit
from paddlemend.apitest.rules.model import Arguments, Parameter, Rule

_DTYPES = (torch.float32, torch.float64, torch.complex64, torch.complex128)


def eigvals(x: torch.Tensor) -> torch.Tensor:
    """The eigenvalues of each matrix of x, [*, M, M], in any order.

    LAPACK ends the process at a matrix that is not finite, Torch's as well as Paddle's.
    """
    _require_square(x)
    require(torch.isfinite(x).all(), "x must be finite")
    return torch.linalg.eigvals(x)


def eigvalsh(x: torch.Tensor, UPLO: str = "L") -> torch.Tensor:
    """The eigenvalues of each Hermitian matrix of x, [*, M, M], in ascending order.

    Only the lower ("L") or the upper ("U") triangle is read; the gradient, V diag(g) Vᴴ, is of the
    whole matrix.
    """
    _require_square(x)
    require(UPLO in ("L", "U"), f"UPLO must be 'L' or 'U', got {UPLO!r}")
    triangle = torch.tril(x) if UPLO == "L" else torch.triu(x)
    require(torch.isfinite(triangle).all(), "the triangle that is read must be finite")
    return torch.linalg.eigvalsh(x, UPLO=UPLO)


def _require_square(x: torch.Tensor) -> None:
    square = x.ndim >= 2 and x.shape[-1] == x.shape[-2]
    require(square, f"x must hold square matrices, got {list(x.shape)}")
    require(x.dtype in _DTYPES, f"x must be of one of {_DTYPES}, got {x.dtype}")


def eigvals_residual(arguments: Arguments, output: HostTensor) -> float:
    """How far the values w are from being all eigenvalues of a matrix near x, in n·eps·‖x‖.

    That is the largest of the smallest singular values of x - w I, for each w, and of the distance
    between the traces of x and of diag(w), divided by n: the former alone would let one eigenvalue
    stand for another.
    """
    x, w = arguments["x"], output.data.astype(np.complex128)
    if not np.isfinite(w).all():
        return float("inf")
    size = x.shape[-1]
    identity = np.eye(size)
    distances = [
        np.linalg.svd(x - w[..., i, None, None] * identity, compute_uv=False)[..., -1]
        for i in range(size)
    ]
    distances.append(np.abs(np.trace(x, axis1=-2, axis2=-1) - w.sum(-1)) / size)
    return largest(np.stack(distances), np.linalg.norm(x, 2, (-2, -1)), unit(output, size))


def eigvalsh_residual(arguments: Arguments, output: HostTensor) -> float:
    """The largest distance to an eigenvalue in float64, in n·eps·‖x‖.

    By Weyl's theorem that is the size of the smallest change of x that explains it.
    """
    exact = np.linalg.eigvalsh(arguments["x"], arguments.get("UPLO", "L"))
    norms = np.abs(exact).max(-1)
    return largest(np.abs(exact - output.data).max(-1), norms, unit(output, exact.shape[-1]))


RULES = (
    Rule(
        path="paddle.linalg.eigvals",
        aliases=("paddle.Tensor.eigvals", "paddle.tensor.eigvals"),
        operator=catalogue.operator("eigvals"),
        parameters=(Parameter("x", separated_eigenvalues), Parameter("name")),
        reference=eigvals,
        equivalence=MultisetAlongLastAxis(),
        residual=eigvals_residual,
    ),
    Rule(
        path="paddle.linalg.eigvalsh",
        aliases=("paddle.eigvalsh", "paddle.Tensor.eigvalsh", "paddle.tensor.eigvalsh"),
        operator=catalogue.operator("eigvalsh"),
        parameters=(Parameter("x", hermitian), Parameter("UPLO"), Parameter("name")),
        reference=eigvalsh,
        residual=eigvalsh_residual,
    ),
)
