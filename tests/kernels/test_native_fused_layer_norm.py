"""native.fused_layer_norm and native.fused_layer_norm_quantized."""

from __future__ import annotations

import pytest
import torch
from helpers import LAYOUTS, random_tensor
from paddlemend import native

FLOATING = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
EPSILON, ALPHA = 1e-5, 0.75
NOT_COMPUTED = (None, None, None)


def wide_dtype(dtype: torch.dtype) -> torch.dtype:
    return torch.float64 if dtype == torch.float64 else torch.float32


def norms(dtype: torch.dtype, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    weight, bias = (random_tensor(wide_dtype(dtype), [columns], seed) for seed in (1, 2))
    return weight, bias


def assert_near(actual, expected: torch.Tensor) -> None:
    actual = torch.from_dlpack(actual)
    rough = {torch.float16: 2e-3, torch.bfloat16: 1.6e-2}.get(actual.dtype, 2e-6)
    torch.testing.assert_close(actual.double(), expected, rtol=rough, atol=rough)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("dtype", FLOATING)
def test_normalizes_the_sum_like_torch(dtype, axis):
    x, residual = random_tensor(dtype, [3, 5, 11]), random_tensor(dtype, [3, 5, 11], seed=3)
    columns = x[(0,) * axis].numel()
    weight, shift = norms(dtype, columns)
    bias = random_tensor(dtype, [columns], seed=4)
    sums = x.double() + bias.double().reshape(x.shape[axis:]) + ALPHA * residual.double()
    rows = sums.reshape(-1, columns)
    expected = torch.native_layer_norm(rows, [columns], weight.double(), shift.double(), EPSILON)
    moments = [torch.empty(len(rows), dtype=wide_dtype(dtype)) for _ in range(2)]
    residual_out = torch.empty_like(x)
    out, *others = native.fused_layer_norm(
        x, weight, shift, bias, residual, EPSILON, ALPHA, axis,
        residual_out=residual_out, mean=moments[0], inverse_deviation=moments[1],
    )  # fmt: skip
    assert torch.from_dlpack(out).dtype == dtype
    assert_near(out, expected[0].reshape(x.shape))
    assert_near(residual_out, sums)
    assert_near(moments[0], expected[1].reshape(-1))
    assert_near(moments[1], expected[2].reshape(-1))
    assert others[0] is residual_out and others[1] is moments[0] and others[2] is moments[1]


def test_without_a_norm_it_gives_the_sum():
    x, bias = random_tensor(torch.float32, [6, 16]), random_tensor(torch.float32, [16], seed=1)
    out, *others = native.fused_layer_norm(x, None, None, bias, None, EPSILON, 1.0, 1)
    assert torch.equal(torch.from_dlpack(out), x + bias)
    assert tuple(others) == NOT_COMPUTED


@pytest.mark.parametrize("layout", LAYOUTS)
def test_accepts_any_layout(layout):
    x = random_tensor(torch.float32, [6, 16])
    others = (*norms(x.dtype, 16), None, None, EPSILON, 1.0, 1)
    expected = torch.from_dlpack(native.fused_layer_norm(x, *others)[0])
    assert torch.equal(torch.from_dlpack(native.fused_layer_norm(layout(x), *others)[0]), expected)


@pytest.mark.parametrize("center", [1e3, 1e4, 1e6])
def test_a_mean_far_from_zero_costs_no_precision(center):
    x = random_tensor(torch.float32, [4, 100]) + center
    ones, zeros = torch.ones(100), torch.zeros(100)
    out, *_ = native.fused_layer_norm(x, ones, zeros, None, None, EPSILON, 1.0, 1)
    assert_near(out, torch.layer_norm(x.double(), [100], eps=EPSILON))


@pytest.mark.parametrize("round_type, expected", [(0, [2, -2, 127, -100]), (1, [3, -3, 127, -100])])
def test_quantizes_to_int8(round_type, expected):
    x = torch.zeros(1, 4)
    shift = torch.tensor([2.5, -2.5, 300.0, -300.0])
    out, *others = native.fused_layer_norm_quantized(
        x, torch.zeros(4), shift, None, None, EPSILON, 1.0, 1, 1 / 127, round_type, 127.0, -100.0
    )
    assert torch.from_dlpack(out).dtype == torch.int8
    assert torch.from_dlpack(out).tolist() == [expected]
    assert tuple(others) == NOT_COMPUTED


@pytest.mark.parametrize("shape", [[4, 0], [0, 4]], ids=str)
def test_without_elements_moments_are_zeros(shape):
    x, mean = torch.empty(shape), torch.full(shape[:1], 77.0)
    weight, shift = norms(x.dtype, shape[1])
    out, *_ = native.fused_layer_norm(
        x, weight, shift, None, None, EPSILON, 1.0, 1, inverse_deviation=mean
    )
    assert list(torch.from_dlpack(out).shape) == shape and not mean.any()


REFUSED = [
    ({"norm_weight": torch.ones(17)}, ValueError, "norm_weight is [17], expected [16]"),
    ({"norm_bias": torch.ones(16).double()}, ValueError, "norm_bias is float64, expected float32"),
    ({"bias": torch.ones(3)}, ValueError, "bias is [3], expected [16]"),
    ({"residual": torch.ones(5, 16)}, ValueError, "[6, 16] and [5, 16]"),
    ({"begin_norm_axis": 2}, IndexError, "begin_norm_axis is 2"),
    ({"x": torch.ones(6, 16).int()}, TypeError, "int32, expected float16"),
    ({"mean": torch.ones(5)}, ValueError, "mean is [5], expected [6], the rows of x"),
]


@pytest.mark.parametrize("wrong, error, message", REFUSED)
def test_refuses_what_does_not_fit(wrong, error, message):
    legal = {
        "x": torch.ones(6, 16),
        "norm_weight": torch.ones(16),
        "norm_bias": torch.ones(16),
        "bias": None,
        "residual": None,
        "epsilon": EPSILON,
        "residual_alpha": 1.0,
        "begin_norm_axis": 1,
    }
    with pytest.raises(error) as raised:
        native.fused_layer_norm(**(legal | wrong))
    assert message in str(raised.value)
