"""native.eigvalsh, native.eigh and native.eigvalsh_grad."""

from __future__ import annotations

import pytest
import torch
from helpers import LAYOUTS, bits
from paddlemend import native

DTYPES = [torch.float32, torch.float64, torch.complex64, torch.complex128]
SHAPES = [[1, 1], [2, 2], [3, 5, 5], [2, 3, 20, 20], [70, 70]]


def matrices(dtype, shape: list[int], uplo: str):
    """Hermitian matrices with eigenvalues 1 apart, and the same with NaN in the other triangle."""
    generator = torch.Generator().manual_seed(0)
    vectors, _ = torch.linalg.qr(torch.randn(shape, dtype=dtype, generator=generator))
    values = torch.arange(shape[-1]) - shape[-1] / 3
    x = (vectors * values.to(vectors.real.dtype)) @ vectors.mH
    x = (x + x.mH) / 2
    other = torch.ones(shape[-2:], dtype=torch.bool)
    other = other.triu(1) if uplo == "L" else other.tril(-1)
    return x, x.masked_fill(other, torch.nan)


def assert_near(actual: torch.Tensor, expected: torch.Tensor, factor: float = 50) -> None:
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    size = torch.linalg.vector_norm(expected)
    limit = factor * expected.shape[-1] * torch.finfo(actual.dtype).eps * size
    assert torch.linalg.vector_norm(actual - expected) <= limit


@pytest.mark.parametrize("uplo", ["L", "U"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_eigenvalues_are_those_of_torch(dtype, shape, uplo):
    whole, triangle = matrices(dtype, shape, uplo)
    expected = torch.linalg.eigvalsh(whole)
    assert_near(torch.from_dlpack(native.eigvalsh(triangle, uplo)), expected)
    values, vectors = map(torch.from_dlpack, native.eigh(triangle, uplo))
    assert_near(values, expected)
    assert_near((vectors * values.unsqueeze(-2)) @ vectors.mH, whole)
    assert_near(vectors @ vectors.mH, torch.eye(shape[-1], dtype=dtype).expand(shape))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_is_that_of_torch(dtype, shape):
    x, _ = matrices(dtype, shape, "L")
    x.requires_grad_()
    values = torch.linalg.eigvalsh(x)
    seed = torch.randn(values.shape, dtype=values.dtype)
    (expected,) = torch.autograd.grad(values, x, seed)
    x = x.detach()
    _, vectors = native.eigh(x, "L")
    assert_near(torch.from_dlpack(native.eigvalsh_grad(vectors, seed, x)), expected, 200)


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_the_gradient_is_what_finite_differences_say(dtype):
    x, _ = matrices(dtype, [2, 4, 4], "L")
    weights = torch.randn(2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    _, vectors = native.eigh(x, "L")
    gradient = torch.from_dlpack(native.eigvalsh_grad(vectors, weights, x))
    step = torch.randn(x.shape, dtype=dtype, generator=torch.Generator().manual_seed(2))
    step = (step + step.mH) * 1e-6
    above, below = (
        (torch.from_dlpack(native.eigvalsh(x + sign * step, "L")) * weights).sum()
        for sign in (1, -1)
    )
    along = (gradient.conj() * step).real.sum()
    torch.testing.assert_close((above - below) / 2, along, rtol=1e-5, atol=0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_equal_eigenvalues(dtype):
    x = 2 * torch.eye(3, dtype=dtype)
    values, vectors = native.eigh(x, "L")
    assert torch.from_dlpack(values).tolist() == [2, 2, 2]
    seed = torch.ones(3, dtype=x.real.dtype)
    assert torch.equal(torch.from_dlpack(native.eigvalsh_grad(vectors, seed, x)), x / 2)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_inputs_and_outputs(layout):
    x, _ = matrices(torch.complex64, [2, 6, 6], "U")
    w, v = layout(torch.empty(2, 6)), layout(torch.empty_like(x))
    native.eigh(layout(x), "U", w=w, v=v)
    expected = native.eigh(x, "U")
    assert bits(w) == bits(torch.from_dlpack(expected[0]))
    assert bits(v) == bits(torch.from_dlpack(expected[1]))


@pytest.mark.parametrize("shape", [[0, 3, 3], [2, 0, 0], [0, 0]], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_nothing_to_solve(dtype, shape):
    x = torch.zeros(shape, dtype=dtype)
    values, vectors = native.eigh(x, "L")
    assert values.shape == tuple(shape[:-1])
    assert torch.from_dlpack(values).dtype == x.real.dtype
    assert native.eigvalsh_grad(vectors, values, x).shape == tuple(shape)


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_not_finite_is_named(dtype, number):
    x = torch.eye(3, dtype=dtype).repeat(2, 1, 1)
    x[1, 2, 0] = number
    message = r"^eigvalsh: x\[1, 2, 0\] is .*, expected a finite number"
    with pytest.raises(ValueError, match=message):
        native.eigvalsh(x, "L")
    assert torch.from_dlpack(native.eigvalsh(x, "U")).tolist() == [[1, 1, 1]] * 2


@pytest.mark.parametrize(
    ("x", "uplo", "error", "message"),
    [
        (torch.ones(2, 2), "X", ValueError, 'uplo is "X", expected "L" or "U"'),
        (torch.ones(2, 2), "", ValueError, 'uplo is "", expected'),
        (torch.ones(2, 3), "L", ValueError, r"x is \[2, 3\], expected square"),
        (torch.ones(2), "L", ValueError, r"x is \[2\], expected at least 2 dimensions"),
        (torch.ones(2, 2).int(), "L", TypeError, "x is int32, expected float32"),
    ],
)
def test_illegal_arguments(x, uplo, error, message):
    with pytest.raises(error, match=message):
        native.eigvalsh(x, uplo)


@pytest.mark.parametrize("shape", [[150, 150], [300, 5, 5]], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_bits_do_not_depend_on_the_number_of_threads(dtype, shape):
    x, _ = matrices(dtype, shape, "L")
    results = set()
    for threads in (1, 2, 3, 9):
        native.set_num_threads(threads)
        values, vectors = native.eigh(x, "L")
        tensors = [native.eigvalsh(x, "L"), vectors, native.eigvalsh_grad(vectors, values, x)]
        results.add(b"".join(bits(torch.from_dlpack(tensor)) for tensor in tensors))
    assert len(results) == 1
