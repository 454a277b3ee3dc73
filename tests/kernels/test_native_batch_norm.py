"""native.batch_norm and native.batch_norm_grad."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import LAYOUTS, random_tensor
from paddlemend import native

FLOATING = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
MOMENTUM, EPSILON = 0.75, 1e-5

# (shape, channel axis)
SHAPES = [([6, 3], 1), ([4, 3, 5], 1), ([2, 5, 7, 3], -1), ([3, 40, 33], 1), ([1, 2, 5000], 1)]


def statistics_dtype(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32


def parameters(x: torch.Tensor, axis: int) -> list[torch.Tensor]:
    """running_mean, running_var, weight and bias."""
    channels, dtype = x.shape[axis], statistics_dtype(x.dtype)
    mean, var, weight, bias = (random_tensor(dtype, [channels], seed) for seed in range(1, 5))
    return [mean, var.abs() + 0.5, weight, bias]


def in_torch(x, axis, mean, var, weight, bias, by_batch):
    """The result in float64, differentiable."""
    wide = [tensor.double() for tensor in (mean, var, weight, bias)]
    if by_batch:
        wide[:2] = None, None
    rows = x.movedim(axis, 1)
    out = torch.batch_norm(rows, wide[2], wide[3], *wide[:2], by_batch, 0.0, EPSILON, False)
    return out.movedim(1, axis)


def assert_near(actual, expected: torch.Tensor, dtype: torch.dtype) -> None:
    actual = torch.from_dlpack(actual)
    assert actual.dtype == dtype and actual.shape == expected.shape
    rough = {torch.float16: 2e-3, torch.bfloat16: 1.6e-2}.get(dtype, 2e-6)
    torch.testing.assert_close(actual.double(), expected, rtol=rough, atol=rough)


@pytest.mark.parametrize("by_batch", [True, False])
@pytest.mark.parametrize("shape, axis", SHAPES)
@pytest.mark.parametrize("dtype", FLOATING)
def test_normalizes_and_differentiates_like_torch(dtype, shape, axis, by_batch):
    x, out_grad = random_tensor(dtype, shape), random_tensor(dtype, shape, seed=9)
    mean, var, weight, bias = parameters(x, axis)
    wide = [tensor.double().clone().requires_grad_() for tensor in (x, weight, bias)]
    expected = in_torch(wide[0], axis, mean, var, *wide[1:], by_batch)
    gradients = torch.autograd.grad(expected, wide, out_grad.double())
    out, mean_out, var_out, saved_mean, saved_inverse = native.batch_norm(
        x, mean, var, weight, bias, by_batch, MOMENTUM, EPSILON, axis
    )
    narrow = statistics_dtype(dtype)
    assert_near(out, expected.detach(), dtype)
    axes = [d for d in range(x.ndim) if d != axis % x.ndim]
    kept = MOMENTUM if by_batch else 1.0
    batch = (x.double().mean(axes), x.double().var(axes, correction=0))
    for got, running, moment in zip((mean_out, var_out), (mean, var), batch):
        assert_near(got, kept * running.double() + (1 - kept) * moment, narrow)
    found = native.batch_norm_grad(
        x, out_grad, weight, mean, var, saved_mean, saved_inverse, by_batch, EPSILON, axis
    )
    for got, want, of in zip(found, gradients, (dtype, narrow, narrow)):
        scale = want.abs().max().clamp(min=1)
        assert_near(torch.from_dlpack(got) / scale.to(of), want / scale, of)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_accepts_any_layout(layout):
    x = random_tensor(torch.float32, [4, 6, 5])
    others = (*parameters(x, 1), True, MOMENTUM, EPSILON, 1)
    expected = torch.from_dlpack(native.batch_norm(x, *others)[0])
    assert torch.equal(torch.from_dlpack(native.batch_norm(layout(x), *others)[0]), expected)


def test_writes_to_the_running_statistics_that_are_given():
    x = random_tensor(torch.float32, [4, 3, 5])
    mean, var, weight, bias = parameters(x, 1)
    expected = native.batch_norm(x, mean, var, weight, bias, True, MOMENTUM, EPSILON, 1)
    call = native.batch_norm(
        x, mean, var, weight, bias, True, MOMENTUM, EPSILON, 1,
        running_mean_out=mean, running_var_out=var,
    )  # fmt: skip
    assert call[1] is mean and torch.equal(mean, torch.from_dlpack(expected[1]))
    assert call[2] is var and torch.equal(var, torch.from_dlpack(expected[2]))


def test_weight_and_bias_may_be_none():
    x = random_tensor(torch.float32, [4, 3])
    mean, var, *_ = parameters(x, 1)
    ones, zeros = torch.ones(3), torch.zeros(3)
    with_them = native.batch_norm(x, mean, var, ones, zeros, True, MOMENTUM, EPSILON, 1)
    without = native.batch_norm(x, mean, var, None, None, True, MOMENTUM, EPSILON, 1)
    assert torch.equal(torch.from_dlpack(without[0]), torch.from_dlpack(with_them[0]))


@pytest.mark.parametrize("shape", [[0, 3], [2, 3, 0], [2, 0, 4]], ids=str)
def test_without_elements_the_running_statistics_stay_and_gradients_are_zeros(shape):
    x = torch.empty(shape)
    mean, var, weight, bias = parameters(x, 1)
    out, mean_out, var_out, saved_mean, saved_inverse = native.batch_norm(
        x, mean, var, weight, bias, True, MOMENTUM, EPSILON, 1
    )
    assert torch.equal(torch.from_dlpack(mean_out), mean)
    assert torch.equal(torch.from_dlpack(var_out), var)
    x_grad, *others = native.batch_norm_grad(
        x, x, weight, mean, var, saved_mean, saved_inverse, True, EPSILON, 1
    )
    assert list(torch.from_dlpack(x_grad).shape) == list(torch.from_dlpack(out).shape) == shape
    assert not any(torch.from_dlpack(gradient).any() for gradient in others)


def test_one_value_a_channel_passes_through():
    x = random_tensor(torch.float32, [1, 3, 1])
    mean, var, weight, bias = parameters(x, 1)
    out, mean_out, *_ = native.batch_norm(x, mean, var, weight, bias, True, MOMENTUM, EPSILON, 1)
    assert torch.equal(torch.from_dlpack(out), x)
    assert torch.equal(torch.from_dlpack(mean_out), mean)


@pytest.mark.parametrize("center", [0.0, 1e3, 1e6])
def test_a_mean_far_from_zero_costs_no_precision(center):
    random = np.random.default_rng(0)
    x = torch.from_numpy((center + random.standard_normal((64, 2, 50))).astype(np.float32))
    mean, var, weight, bias = parameters(x, 1)
    (out, *_) = native.batch_norm(x, mean, var, weight, bias, True, MOMENTUM, EPSILON, 1)
    assert_near(out, in_torch(x.double(), 1, mean, var, weight, bias, True), torch.float32)


REFUSED = [
    ("running_mean", 0, torch.zeros(2), ValueError, "running_mean is [2], expected [3]"),
    ("running_var", 1, torch.zeros(3, 1), ValueError, "running_var is [3, 1], expected [3]"),
    ("weight", 2, torch.zeros(3).double(), ValueError, "weight is float64, expected float32"),
    ("bias", 3, torch.zeros(4), ValueError, "bias is [4], expected [3]"),
]


@pytest.mark.parametrize("name, place, tensor, error, message", REFUSED)
def test_refuses_what_does_not_fit(name, place, tensor, error, message):
    x = random_tensor(torch.float32, [4, 3])
    tensors = parameters(x, 1)
    tensors[place] = tensor
    with pytest.raises(error) as raised:
        native.batch_norm(x, *tensors, True, MOMENTUM, EPSILON, 1)
    assert message in str(raised.value)


def test_refuses_integers_and_an_axis_out_of_range():
    x = random_tensor(torch.float32, [4, 3])
    with pytest.raises(TypeError, match="int32, expected float16"):
        native.batch_norm(x.int(), *parameters(x, 1), True, MOMENTUM, EPSILON, 1)
    with pytest.raises(IndexError, match="channel_axis is 2"):
        native.batch_norm(x, *parameters(x, 1), True, MOMENTUM, EPSILON, 2)
