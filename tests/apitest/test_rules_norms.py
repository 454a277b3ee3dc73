"""batch_norm and fused_layer_norm: references against NumPy, outputs without meaning, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import bound
from paddlemend.apitest.inputs import concrete_arguments, generate_inputs
from paddlemend.apitest.rules.batch_norm import batch_norm
from paddlemend.apitest.rules.fused_layer_norm import fused_layer_norm
from paddlemend.apitest.rules.legality import Illegal

CHANNELS = 3


def parameters(dtype=torch.float64):
    """running_mean, running_var, weight, bias."""
    values = torch.rand(4, CHANNELS, dtype=dtype) + 0.5
    return [row.clone() for row in values]


def normalized(x, mean, var, weight, bias, axes):
    shape = [1 if axis in axes else -1 for axis in range(x.ndim)]
    mean, var, weight, bias = (
        np.asarray(entry).reshape(shape) for entry in (mean, var, weight, bias)
    )
    return (x - mean) / np.sqrt(var + 1e-5) * weight + bias


@pytest.mark.parametrize(
    ("training", "use_global_stats", "of_batch"),
    [
        (True, None, True),
        (False, None, False),
        (True, False, True),
        (False, False, True),
        (True, True, False),
        (False, True, False),
    ],
)
@pytest.mark.parametrize(("data_format", "axes"), [("NCHW", (0, 2, 3)), ("NHWC", (0, 1, 2))])
def test_batch_norm_takes_the_statistics_that_are_asked_for(
    training, use_global_stats, of_batch, data_format, axes
):
    shape = [4, CHANNELS, 2, 5] if data_format == "NCHW" else [4, 2, 5, CHANNELS]
    x = torch.randn(shape, dtype=torch.float64)
    mean, var, weight, bias = parameters()
    before = mean.clone().numpy(), var.clone().numpy()
    y = batch_norm(
        x,
        mean,
        var,
        weight,
        bias,
        training,
        0.7,
        data_format=data_format,
        use_global_stats=use_global_stats,
    )
    data = x.numpy()
    batch = data.mean(axes), data.var(axes)
    used = batch if of_batch else before
    assert np.allclose(y, normalized(data, *used, weight, bias, axes))
    share = 0.3 if of_batch else 0.0
    for now, old, new in zip((mean, var), before, batch):
        assert np.allclose(now, (1 - share) * old + share * new)


def test_one_value_a_channel_passes_unchanged_and_changes_nothing():
    x, tensors = torch.randn(1, CHANNELS, dtype=torch.float64), parameters()
    before = [tensor.clone() for tensor in tensors]
    assert torch.equal(batch_norm(x, *tensors, training=True), x)
    assert all(map(torch.equal, tensors, before))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [[0, CHANNELS], [2, CHANNELS, 0, 4]])
def test_a_batch_without_elements_leaves_the_statistics_and_gives_zero_gradients(shape, training):
    x = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    mean, var, weight, bias = parameters()
    before = mean.clone(), var.clone()
    weight.requires_grad_(), bias.requires_grad_()
    y = batch_norm(x, mean, var, weight, bias, training)
    y.sum().backward()
    assert list(y.shape) == shape and torch.equal(mean, before[0]) and torch.equal(var, before[1])
    assert not weight.grad.any() and not bias.grad.any() and x.grad.shape == x.shape


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_x_has_float32_statistics_and_is_rounded_once(dtype):
    x = torch.randn(4, CHANNELS).to(dtype)
    mean, var, weight, bias = parameters(torch.float32)
    y = batch_norm(x, mean, var, weight, bias, True)
    expected = torch.batch_norm(x.float(), weight, bias, None, None, True, 0.0, 1e-5, False)
    assert y.dtype == dtype and torch.equal(y, expected.to(dtype))


@pytest.mark.parametrize("position", range(4))
@pytest.mark.parametrize(
    "wrong", [torch.ones(2), torch.ones(0), torch.ones(CHANNELS, 1), torch.ones(CHANNELS).double()]
)
def test_batch_norm_refuses_tensors_of_another_size_or_dtype(position, wrong):
    tensors = parameters(torch.float32)
    tensors[position] = wrong
    with pytest.raises(Illegal):
        batch_norm(torch.randn(4, CHANNELS), *tensors)


@pytest.mark.parametrize("shape", [[CHANNELS], [], [2, CHANNELS, 1, 1, 1, 2]])
def test_batch_norm_has_2_to_5_dimensions(shape):
    with pytest.raises(Illegal, match="2 to 5 dimensions"):
        batch_norm(torch.zeros(shape), *parameters(torch.float32))


def test_generated_variances_are_positive():
    line = (
        'paddle.nn.functional.batch_norm(Tensor([2, 99],"float16"), Tensor([99],"float32"), '
        'Tensor([99],"float32"), )'
    )
    call = bound(line)
    variance = concrete_arguments(call, generate_inputs(call, 0))["running_var"].data
    assert (variance >= 0.5).all() and (variance < 2).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_layer_norm_of_the_sum(axis):
    x, residual = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    columns = int(np.prod(x.shape[axis:]))
    weight, bias = np.arange(1.0, columns + 1), np.ones(columns)
    term = np.full(x.shape[axis:], 0.25)
    outputs = fused_layer_norm(
        *map(torch.tensor, (x, weight, bias)),
        1e-5,
        0.5,
        axis,
        torch.tensor(term),
        torch.tensor(residual),
    )
    total = (x + term + 0.5 * residual).reshape(-1, columns)
    mean, inverse = total.mean(1), 1 / np.sqrt(total.var(1) + 1e-5)
    out = (total - mean[:, None]) * inverse[:, None] * weight + bias
    for output, expected in zip(
        outputs, (out.reshape(x.shape), total.reshape(x.shape), mean, inverse)
    ):
        assert output.shape == expected.shape and np.allclose(output, expected)


def test_without_a_norm_the_output_is_the_sum_and_the_statistics_are_zeros():
    x, residual = torch.randn(2, 6, 4)
    out, residual_out, *statistics = fused_layer_norm(
        x, None, None, 1e-5, 2.0, bias=torch.ones(4), residual=residual
    )
    assert torch.allclose(out, x + 1 + 2 * residual)
    assert torch.equal(residual_out, out)
    assert not any(values.any() for values in statistics)


def test_the_variance_survives_a_mean_of_1e4():
    x = torch.randn(4, 64) + 1e4
    exact = fused_layer_norm(x.double(), torch.ones(64).double(), None, 1e-5)[0]
    assert (fused_layer_norm(x, torch.ones(64), None, 1e-5)[0] - exact).abs().max() < 5e-3


@pytest.mark.parametrize(
    ("round_type", "expected"), [(0, [0, 2, -2, 4, 127]), (1, [1, 2, -2, 4, 127])]
)
def test_quantized_outputs_round_to_even_or_away_from_zero(round_type, expected):
    # With a weight of zeros the output is the norm's bias.
    bias = torch.tensor([0.5, 1.5, -1.5, 3.6, 999.0])
    out = fused_layer_norm(
        torch.randn(1, 5),
        torch.zeros(5),
        bias,
        1e-5,
        quant_scale=1 / 127,
        quant_round_type=round_type,
        quant_max_bound=127,
        quant_min_bound=-127,
    )[0]
    assert out.dtype == torch.int8 and out.tolist() == [expected]


@pytest.mark.parametrize("shape", [[0, 4], [4, 0]])
def test_layer_norm_without_elements_gives_zeros(shape):
    norm = torch.ones(shape[1])
    out, residual_out, mean, inverse = fused_layer_norm(torch.zeros(shape), norm, norm, 1e-5)
    assert list(out.shape) == shape and not residual_out.numel()
    assert list(mean.shape) == list(inverse.shape) == shape[:1]
    assert not mean.any() and not inverse.any()


@pytest.mark.parametrize(
    "changed",
    [
        {"norm_weight": torch.ones(3)},
        {"norm_bias": torch.ones(1)},
        {"norm_weight": torch.ones(4, 2)},
        {"norm_weight": torch.ones(4).double()},
        {"bias": torch.ones(3)},
        {"residual": torch.ones(5, 4)},
        {"residual": torch.ones(6, 4, 2)},
        {"begin_norm_axis": 2},
        {"begin_norm_axis": -1},
        {"quant_scale": 1.0, "quant_max_bound": 100, "quant_min_bound": -100},
        {"quant_scale": 1.0, "quant_max_bound": 127, "quant_min_bound": 0},
    ],
)
def test_fused_layer_norm_refuses_what_does_not_fit(changed):
    arguments = {"norm_weight": torch.ones(4), "norm_bias": torch.ones(4), "epsilon": 1e-5}
    with pytest.raises(Illegal):
        fused_layer_norm(torch.randn(6, 4), **{**arguments, **changed})
