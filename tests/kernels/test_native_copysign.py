"""native.copysign and native.copysign_grad."""

from __future__ import annotations

import pytest
import torch
from helpers import DTYPES, LAYOUTS, assert_same, bits, random_tensor
from paddlemend import native

REAL = [dtype for dtype in DTYPES if not dtype.is_complex]
FLOATING = [dtype for dtype in REAL if dtype.is_floating_point]
SHAPES = [
    ([], []),
    ([7], []),
    ([], [7]),
    ([40, 50], [50]),
    ([40, 50], [40, 1]),
    ([3], [400, 3]),
    ([4, 1, 6], [1, 5, 6]),
    ([0, 3], [1, 3]),
    ([1], [0]),
]


def reference(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """What Torch gives; of integers in their own dtype, which holds the values here."""
    return x.copysign(y).to(x.dtype)


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [*FLOATING, torch.int8, torch.int16, torch.int32, torch.int64])
def test_is_what_torch_does(dtype, shapes):
    x, y = random_tensor(dtype, shapes[0]), random_tensor(dtype, shapes[1], seed=1)
    assert_same(native.copysign(x, y), reference(x, y))


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8])
def test_unsigned_integers_stay(dtype):
    x, y = random_tensor(dtype, [5, 1]), random_tensor(dtype, [3], seed=1)
    assert_same(native.copysign(x, y), x.expand(5, 3).contiguous())


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.int8])
def test_strided_inputs_and_outputs(dtype, layout):
    x, y = random_tensor(dtype, [40, 50]), random_tensor(dtype, [40, 50], seed=1)
    out = layout(torch.zeros(40, 50, dtype=dtype))
    native.copysign(layout(x), layout(y), out=out)
    assert_same(out, reference(x, y))
    in_place = layout(x.clone())
    assert native.copysign(in_place, layout(y), out=in_place) is in_place
    assert_same(in_place, reference(x, y))


@pytest.mark.parametrize("dtype", FLOATING)
def test_the_sign_of_zero_infinity_and_nan(dtype):
    special = torch.tensor([0.0, -0.0, torch.inf, -torch.inf, torch.nan, 1.0, -1.0])
    special = torch.cat([special, -special]).to(dtype)
    x, y = special.reshape(-1, 1), special
    assert_same(native.copysign(x, y), x.copysign(y))


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", FLOATING)
def test_the_gradients_are_those_of_torch(dtype, shapes):
    x, y = random_tensor(dtype, shapes[0]), random_tensor(dtype, shapes[1], seed=1)
    x.requires_grad = y.requires_grad = True
    out = x.copysign(y)
    out_grad = random_tensor(dtype, list(out.shape), seed=2)
    expected = torch.autograd.grad(out, (x, y), out_grad)
    found = native.copysign_grad(x.detach(), y.detach(), out_grad)
    for gradient, right in zip(found, expected):
        torch.testing.assert_close(torch.from_dlpack(gradient), right)


def test_the_gradient_of_special_values_is_that_of_torch():
    x = torch.tensor([0.0, -0.0, torch.inf, torch.nan, 1e-45, 0.0], requires_grad=True)
    y = torch.tensor([-1.0, 1.0, 1.0, 1.0, -1.0, 1.0])
    out_grad = torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0, torch.inf])
    (expected,) = torch.autograd.grad(x.copysign(y), x, out_grad)
    found, _ = native.copysign_grad(x.detach(), y, out_grad)
    torch.testing.assert_close(torch.from_dlpack(found), expected, equal_nan=True, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (torch.ones(4), torch.ones(3), ValueError, r"\[4\] of x and \[3\] of y do not broadcast"),
        (torch.ones(0), torch.ones(3), ValueError, r"\[0\] of x and \[3\] of y do not broadcast"),
        (torch.ones(4), torch.ones(4).double(), ValueError, "dtypes of x and y must be equal"),
        (torch.ones(4).cfloat(), torch.ones(4).cfloat(), TypeError, "complex64"),
    ],
)
def test_arguments_that_do_not_match(x, y, error, message):
    with pytest.raises(error, match=message):
        native.copysign(x, y)


def test_the_bits_do_not_depend_on_the_number_of_threads():
    x, y = torch.randn(700, 301), torch.randn(301)
    out_grad = torch.randn(700, 301)
    results = set()
    for threads in (1, 2, 3, 9):
        native.set_num_threads(threads)
        gradient, _ = native.copysign_grad(y, x, out_grad)
        results.add(
            bits(torch.from_dlpack(native.copysign(x, y))) + bits(torch.from_dlpack(gradient))
        )
    assert len(results) == 1
