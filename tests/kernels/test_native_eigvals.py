"""native.eigvals, native.eig and native.eig_grad."""

from __future__ import annotations

import pytest
import torch
from helpers import LAYOUTS, bits
from paddlemend import native

DTYPES = [torch.float32, torch.float64, torch.complex64, torch.complex128]
SHAPES = [[1, 1], [2, 2], [3, 5, 5], [2, 3, 12, 12]]
COMPLEX = {torch.float32: torch.complex64, torch.float64: torch.complex128}


def matrices(dtype, shape: list[int]) -> torch.Tensor:
    """Eigenvalues about 1 apart, of a real matrix some of them in conjugate pairs."""
    size = shape[-1]
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(shape, dtype=dtype, generator=generator)
    blocks = torch.diag(torch.arange(1.0, size + 1)).to(dtype)
    for row in range(0, size - 1, 4):
        blocks[row + 1, row + 1] = blocks[row, row]
        blocks[row, row + 1], blocks[row + 1, row] = 0.7, -0.7
    vectors = torch.eye(size, dtype=dtype) + 0.2 / size**0.5 * noise
    return vectors @ blocks @ torch.linalg.inv(vectors)


def assert_near(actual: torch.Tensor, expected: torch.Tensor, factor: float = 50) -> None:
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    size = torch.linalg.vector_norm(expected)
    limit = factor * expected.shape[-1] * torch.finfo(actual.dtype).eps * size
    assert torch.linalg.vector_norm(actual - expected) <= limit


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_eigenvalues_are_those_of_torch(dtype, shape):
    x = matrices(dtype, shape)
    expected = torch.linalg.eigvals(x)
    found = torch.from_dlpack(native.eigvals(x))
    assert found.dtype == expected.dtype
    distances = (found.unsqueeze(-1) - expected.unsqueeze(-2)).abs()
    limit = 100 * shape[-1] ** 2 * torch.finfo(dtype).eps
    for axis in (-1, -2):
        assert distances.amin(axis).max() <= limit


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_eigenvectors_belong_to_the_values(dtype, shape):
    x = matrices(dtype, shape)
    values, vectors = map(torch.from_dlpack, native.eig(x))
    assert_near(x.to(values.dtype) @ vectors, vectors * values.unsqueeze(-2))
    norms = torch.linalg.vector_norm(vectors, dim=-2)
    assert_near(norms, torch.ones_like(norms))


def moments(values: torch.Tensor, vectors: torch.Tensor) -> torch.Tensor:
    """Independent of the order of the eigenvalues and of the phase of the vectors."""
    weights = torch.arange(1, vectors.shape[-2] + 1).unsqueeze(-1)
    return (values - 1).abs().pow(3).sum() + (weights * vectors.abs().pow(4)).sum()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_is_that_of_torch(dtype, shape):
    x = matrices(dtype, shape).requires_grad_()
    (expected,) = torch.autograd.grad(moments(*torch.linalg.eig(x)), x)
    x = x.detach()
    leaves = [torch.from_dlpack(tensor).requires_grad_() for tensor in native.eig(x)]
    seeds = torch.autograd.grad(moments(*leaves), leaves)
    values, vectors = (leaf.detach() for leaf in leaves)
    found = torch.from_dlpack(native.eig_grad(values, vectors, *seeds, x))
    assert_near(found, expected, 500)


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_the_gradient_is_what_finite_differences_say(dtype):
    x = matrices(dtype, [2, 4, 4])
    leaves = [torch.from_dlpack(tensor).requires_grad_() for tensor in native.eig(x)]
    seeds = torch.autograd.grad(moments(*leaves), leaves)
    values, vectors = (leaf.detach() for leaf in leaves)
    gradient = torch.from_dlpack(native.eig_grad(values, vectors, *seeds, x))
    step = 1e-6 * torch.randn(x.shape, dtype=dtype, generator=torch.Generator().manual_seed(2))
    above, below = (
        moments(*map(torch.from_dlpack, native.eig(x + sign * step))) for sign in (1, -1)
    )
    along = (gradient.conj() * step).real.sum()
    torch.testing.assert_close((above - below) / 2, along, rtol=1e-5, atol=0)


def test_a_gradient_that_is_not_given_counts_as_zero():
    x = matrices(torch.float64, [3, 5, 5])
    values, vectors = map(torch.from_dlpack, native.eig(x))
    zeros = torch.zeros_like(vectors)
    alone = torch.from_dlpack(native.eig_grad(values, vectors, values, None, x))
    assert_near(alone, torch.from_dlpack(native.eig_grad(values, vectors, values, zeros, x)))
    nothing = torch.from_dlpack(native.eig_grad(values, vectors, None, None, x))
    assert torch.equal(nothing, torch.zeros_like(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_eigenvalues_have_a_gradient(dtype):
    x = 2 * torch.eye(3, dtype=dtype)
    values, vectors = native.eig(x)
    seed = torch.tensor([1, 2, 3], dtype=COMPLEX.get(dtype, dtype))
    found = torch.from_dlpack(native.eig_grad(values, vectors, seed, None, x))
    assert torch.equal(found, torch.diag(seed if dtype.is_complex else seed.real))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_inputs_and_outputs(layout):
    x = matrices(torch.complex64, [2, 6, 6])
    w, v = layout(torch.empty(2, 6, dtype=x.dtype)), layout(torch.empty_like(x))
    native.eig(layout(x), w=w, v=v)
    expected = native.eig(x)
    assert bits(w) == bits(torch.from_dlpack(expected[0]))
    assert bits(v) == bits(torch.from_dlpack(expected[1]))


@pytest.mark.parametrize("shape", [[0, 3, 3], [2, 0, 0], [0, 0]], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_to_solve(dtype, shape):
    x = torch.zeros(shape, dtype=dtype)
    assert native.eigvals(x).shape == tuple(shape[:-1])
    values, vectors = native.eig(x)
    assert torch.from_dlpack(values).dtype == COMPLEX.get(dtype, dtype)
    assert native.eig_grad(values, vectors, values, vectors, x).shape == tuple(shape)


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_not_finite_is_named(dtype, number):
    x = torch.eye(3, dtype=dtype).repeat(2, 1, 1)
    x[1, 0, 2] = number
    message = r"^eigvals: x\[1, 0, 2\] is .*, expected a finite number"
    with pytest.raises(ValueError, match=message):
        native.eigvals(x)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(2, 3), ValueError, r"x is \[2, 3\], expected square"),
        (torch.ones(2), ValueError, r"x is \[2\], expected at least 2 dimensions"),
        (torch.ones(2, 2).half(), TypeError, "x is float16, expected float32"),
    ],
)
def test_illegal_arguments(x, error, message):
    with pytest.raises(error, match=message):
        native.eigvals(x)


def test_vectors_that_are_no_basis():
    values = torch.ones(2, dtype=torch.complex64)
    vectors = torch.ones(2, 2, dtype=torch.complex64)
    with pytest.raises(ValueError, match="matrix 0 of v has no inverse"):
        native.eig_grad(values, vectors, values, None, torch.ones(2, 2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bits_do_not_depend_on_the_number_of_threads(dtype):
    x = matrices(dtype, [300, 5, 5])
    results = set()
    for threads in (1, 2, 3, 9):
        native.set_num_threads(threads)
        values, vectors = native.eig(x)
        tensors = [values, vectors, native.eig_grad(values, vectors, values, None, x)]
        results.add(b"".join(bits(torch.from_dlpack(tensor)) for tensor in tensors))
    assert len(results) == 1
