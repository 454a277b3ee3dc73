"""The cases of cholesky_solve, eigvals and eigvalsh, in float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import paddle
import torch
from case import Case

RANDOM = np.random.default_rng(2)

# (batch, rows, columns of the right-hand side)
SYSTEMS = [(1, 4, 1), (1000, 8, 4), (64, 64, 64), (1, 1024, 64), (1, 1024, 1024)]

# (batch, rows)
MATRICES = [(1, 4), (1000, 8), (64, 64), (1, 64), (1, 256)]


def linalg_cases() -> Iterator[Case]:
    """Every case, inputs made when its turn comes."""
    for batch, rows, columns in SYSTEMS:
        size = f"[{batch},{rows},{rows}] {columns} columns"
        yield cholesky_solve(f"cholesky_solve {size}", batch, rows, columns)
        yield cholesky_solve_gradient(f"cholesky_solve_grad {size}", batch, rows, columns)
    for batch, rows in MATRICES:
        size = f"[{batch},{rows},{rows}]"
        yield eigvals(f"eigvals {size}", batch, rows)
        yield eigvalsh(f"eigvalsh {size}", batch, rows)
        yield eigvalsh_gradient(f"eigvalsh_grad {size}", batch, rows)


def both(array: np.ndarray) -> tuple[paddle.Tensor, torch.Tensor]:
    """The same values for both frameworks."""
    return paddle.to_tensor(array), torch.from_numpy(array)


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape, np.float32)


def system(batch: int, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Right-hand sides and well-conditioned factors."""
    factors = np.tril(RANDOM.random((batch, rows, rows), np.float32) / rows)
    return floats(batch, rows, columns), factors + np.eye(rows, dtype=np.float32)


def cholesky_solve(name: str, batch: int, rows: int, columns: int) -> Case:
    """The solutions."""
    right, factors = system(batch, rows, columns)
    (x, y), (a, b) = both(right), both(factors)
    return Case(
        name,
        lambda: paddle.linalg.cholesky_solve(x, a),
        lambda: torch.cholesky_solve(y, b),
    )


def cholesky_solve_gradient(name: str, batch: int, rows: int, columns: int) -> Case:
    """Both gradients."""
    right, factors = system(batch, rows, columns)
    (x, y), (a, b) = both(right), both(factors)
    for tensor in (x, a):
        tensor.stop_gradient = False
    for tensor in (y, b):
        tensor.requires_grad = True
    seed, torch_seed = both(floats(batch, rows, columns))
    out, torch_out = paddle.linalg.cholesky_solve(x, a), torch.cholesky_solve(y, b)
    return Case(
        name,
        lambda: paddle.grad(out, [x, a], seed, retain_graph=True),
        lambda: torch.autograd.grad(torch_out, [y, b], torch_seed, retain_graph=True),
    )


def eigvals(name: str, batch: int, rows: int) -> Case:
    """General matrices."""
    x, y = both(floats(batch, rows, rows))
    return Case(name, lambda: paddle.linalg.eigvals(x), lambda: torch.linalg.eigvals(y))


def symmetric(batch: int, rows: int) -> np.ndarray:
    values = floats(batch, rows, rows)
    return values + values.swapaxes(-1, -2)


def eigvalsh(name: str, batch: int, rows: int) -> Case:
    """Symmetric matrices; without a gradient no eigenvectors are found."""
    x, y = both(symmetric(batch, rows))
    return Case(name, lambda: paddle.linalg.eigvalsh(x), lambda: torch.linalg.eigvalsh(y))


def eigvalsh_gradient(name: str, batch: int, rows: int) -> Case:
    """The gradient, given the eigenvectors."""
    x, y = both(symmetric(batch, rows))
    x.stop_gradient = False
    y.requires_grad = True
    seed, torch_seed = both(floats(batch, rows))
    out, torch_out = paddle.linalg.eigvalsh(x), torch.linalg.eigvalsh(y)
    return Case(
        name,
        lambda: paddle.grad(out, x, seed, retain_graph=True),
        lambda: torch.autograd.grad(torch_out, y, torch_seed, retain_graph=True),
    )
