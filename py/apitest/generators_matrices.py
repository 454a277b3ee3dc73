"""Generators of well-conditioned matrices; shapes that are no square matrices get any values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from paddlemend.apitest.case_line import TensorSpec
from paddlemend.apitest.generators import random_values
from paddlemend.apitest.host_tensor import HostTensor, is_differentiable, round_to

if TYPE_CHECKING:
    from paddlemend.apitest.binding import BoundCall

# How far the eigenvectors of a general matrix are from orthogonal: their condition number is about
# (1 + this) / (1 - this).
_SKEWNESS = 0.4


def separated_eigenvalues(
    call: BoundCall, spec: TensorSpec, rng: np.random.Generator
) -> HostTensor:
    """[*, M, M] with eigenvalues at least about 1 apart and well-conditioned eigenvectors.

    A real matrix has pairs of conjugate eigenvalues as well as real ones.
    """
    if not _is_square(spec):
        return random_values(spec.shape, spec.dtype, rng)
    spectrum = _real_blocks(spec.shape, rng)
    if spec.dtype.startswith("complex"):
        spectrum = spectrum * np.exp(2j * np.pi * rng.random(spec.shape[:-1]))[..., None]
    size = spec.shape[-1]
    noise = _normal(spec, rng) / (2 * np.sqrt(size))  # of norm about 1
    vectors = np.eye(size) + _SKEWNESS * noise
    return round_to(spec.dtype, vectors @ spectrum @ np.linalg.inv(vectors))


def hermitian(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """[*, M, M], Hermitian to the bit, with eigenvalues 1 apart in magnitude, of either sign."""
    if not _is_square(spec):
        return random_values(spec.shape, spec.dtype, rng)
    vectors, _ = np.linalg.qr(_normal(spec, rng))
    values = _signed_steps(spec.shape[:-1], rng)
    matrix = (vectors * values[..., None, :]) @ np.conj(np.swapaxes(vectors, -1, -2))
    rounded = round_to(spec.dtype, matrix).data
    lower = np.tril(rounded, -1)
    diagonal = np.real(rounded) * np.eye(spec.shape[-1])
    mirrored = lower + np.conj(np.swapaxes(lower, -1, -2)) + diagonal
    return HostTensor(spec.dtype, mirrored.astype(rounded.dtype))


def cholesky_factor(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """[*, M, M]: tril(rand) + M·I, or its mirror image if `upper`; the diagonal is real."""
    if not _is_square(spec):
        return random_values(spec.shape, spec.dtype, rng)
    values = rng.random(spec.shape)
    if spec.dtype.startswith("complex"):
        values = values + 1j * rng.random(spec.shape)
    triangle = np.triu(values, 1) if call.arguments.get("upper") else np.tril(values, -1)
    size = spec.shape[-1]
    diagonal = (size + rng.random(spec.shape[:-1]))[..., None] * np.eye(size)
    return round_to(spec.dtype, triangle + diagonal)


def _is_square(spec: TensorSpec) -> bool:
    square = len(spec.shape) >= 2 and spec.shape[-1] == spec.shape[-2]
    return square and 0 not in spec.shape and is_differentiable(spec.dtype)


def _normal(spec: TensorSpec, rng: np.random.Generator) -> np.ndarray:
    wide = "complex128" if spec.dtype.startswith("complex") else "float64"
    return random_values(spec.shape, wide, rng).data


def _signed_steps(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """[*, M]: 1, 2, ... M in this order, each of a random sign."""
    return np.arange(1.0, shape[-1] + 1) * rng.choice([-1.0, 1.0], shape)


def _real_blocks(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """[*, M, M]: numbers on the diagonal, every second pair a rotation [[a, b], [-b, a]]."""
    steps = _signed_steps(shape[:-1], rng)
    turns = rng.uniform(0.5, 1.5, steps.shape)
    blocks = steps[..., None] * np.eye(shape[-1])
    for row in range(0, shape[-1] - 1, 4):
        blocks[..., row + 1, row + 1] = blocks[..., row, row]
        blocks[..., row, row + 1] = turns[..., row]
        blocks[..., row + 1, row] = -turns[..., row]
    return blocks
