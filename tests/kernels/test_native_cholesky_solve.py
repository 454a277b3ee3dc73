"""native.cholesky_solve and native.cholesky_solve_grad."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import LAYOUTS, bits, transposed
from paddlemend import native

DTYPES = [torch.float32, torch.float64, torch.complex64, torch.complex128]

# The shapes of x and of y.
SHAPES = [
    ([1, 1], [1, 1]),
    ([4, 2], [4, 4]),
    ([30, 7], [30, 30]),
    ([3, 16, 1], [3, 16, 16]),
    ([2, 3, 17, 5], [2, 3, 17, 17]),
    ([1, 4, 2], [3, 4, 4]),
    ([3, 4, 2], [4, 4]),
    ([2, 1, 4, 2], [3, 4, 4]),
    ([70, 130], [70, 70]),
]


def system(dtype, x_shape: list[int], y_shape: list[int], upper: bool):
    """Right-hand sides, and triangular factors with NaN in the other triangle."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(x_shape, dtype=dtype, generator=generator)
    y = torch.randn(y_shape, dtype=dtype, generator=generator)
    y = y + 2 * y_shape[-1] * torch.eye(y_shape[-1], dtype=dtype)
    other = torch.ones(y_shape[-2:], dtype=torch.bool)
    other = other.tril(-1) if upper else other.triu(1)
    return x, y.masked_fill(other, torch.nan)


def reference(x, y, upper: bool):
    """Torch's result and gradients of the triangle, in float64 or complex128."""
    wide = torch.complex128 if x.is_complex() else torch.float64
    x, y = (tensor.to(wide).clone().requires_grad_() for tensor in (x, y))
    triangle = torch.triu(y) if upper else torch.tril(y)
    out = torch.cholesky_solve(x, triangle, upper=upper)
    return out, lambda seed: torch.autograd.grad(out, (x, y), seed.to(wide))


def assert_near(actual, expected: torch.Tensor, dtype: torch.dtype) -> None:
    actual = torch.from_dlpack(actual)
    assert actual.dtype == dtype
    assert actual.shape == expected.shape
    error = torch.linalg.vector_norm(actual - expected.to(dtype))
    size = torch.linalg.vector_norm(expected.to(dtype))
    assert error <= 50 * max(expected.shape[-1], 1) * torch.finfo(dtype).eps * size


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_solutions_and_gradients_are_those_of_torch(dtype, shapes, upper):
    x, y = system(dtype, *shapes, upper)
    expected, gradients = reference(x, y, upper)
    out = native.cholesky_solve(x, y, upper)
    assert_near(out, expected, dtype)
    assert native.cholesky_solve_shape(x, y) == tuple(expected.shape)
    seed = torch.randn(expected.shape, dtype=dtype, generator=torch.Generator().manual_seed(1))
    found = native.cholesky_solve_grad(seed, y, out, upper, x)
    for actual, right in zip(found, gradients(seed)):
        assert_near(actual, right, dtype)


@pytest.mark.parametrize("upper", [False, True])
def test_the_gradient_of_the_factor_is_zero_in_the_other_triangle(upper):
    x, y = system(torch.float64, [30, 7], [30, 30], upper)
    _, y_grad = native.cholesky_solve_grad(x, y, x, upper, x)
    y_grad = torch.from_dlpack(y_grad)
    assert torch.equal(y_grad, y_grad.triu() if upper else y_grad.tril())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_inputs_and_outputs(layout):
    x, y = system(torch.complex64, [2, 20, 3], [2, 20, 20], False)
    out = layout(torch.empty_like(x))
    native.cholesky_solve(layout(x), layout(y), False, out=out)
    assert bits(out) == bits(torch.from_dlpack(native.cholesky_solve(x, y, False)))


def test_a_factor_that_is_the_transpose_of_an_upper_one():
    x, upper = system(torch.float64, [4, 2], [4, 4], True)
    np.testing.assert_allclose(
        np.from_dlpack(native.cholesky_solve(x, transposed(upper).mT.contiguous(), False)),
        np.from_dlpack(native.cholesky_solve(x, upper, True)),
        rtol=1e-12,
    )


@pytest.mark.parametrize(
    ("x_shape", "y_shape"),
    [([4, 0], [4, 4]), ([0, 4, 2], [0, 4, 4]), ([0, 3], [0, 0]), ([1, 4, 2], [0, 4, 4])],
)
def test_nothing_to_solve_gives_zero_gradients(x_shape, y_shape):
    x, y = torch.zeros(x_shape), torch.ones(y_shape)
    out = torch.from_dlpack(native.cholesky_solve(x, y, False))
    assert out.numel() == 0
    for like, gradient in zip((x, y), native.cholesky_solve_grad(out, y, out, False, x)):
        assert torch.equal(torch.from_dlpack(gradient), torch.zeros_like(like))


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (torch.ones(3), torch.ones(3, 3), ValueError, r"x is \[3\], expected at least 2"),
        (torch.ones(3, 1), torch.ones(3, 2), ValueError, r"y is \[3, 2\], expected square"),
        (torch.ones(2, 1), torch.ones(3, 3), ValueError, r"x is \[2, 1\], expected 3 rows"),
        (torch.ones(2, 3, 1), torch.ones(4, 3, 3), ValueError, "do not broadcast"),
        (torch.ones(3, 1), torch.ones(3, 3).double(), ValueError, "the dtypes of x and y"),
        (torch.ones(3, 1).half(), torch.ones(3, 3).half(), TypeError, "float16, expected float32"),
    ],
)
def test_arguments_that_do_not_match(x, y, error, message):
    with pytest.raises(error, match=f"^cholesky_solve: .*{message}"):
        native.cholesky_solve(x, y, False)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shapes", [([200, 300], [200, 200]), ([500, 6, 2], [500, 6, 6])], ids=str)
def test_the_bits_do_not_depend_on_the_number_of_threads(dtype, shapes):
    x, y = system(dtype, *shapes, False)
    results = set()
    for threads in (1, 2, 3, 9):
        native.set_num_threads(threads)
        out = native.cholesky_solve(x, y, False)
        tensors = [out, *native.cholesky_solve_grad(x, y, out, False, x)]
        results.add(b"".join(bits(torch.from_dlpack(tensor)) for tensor in tensors))
    assert len(results) == 1
