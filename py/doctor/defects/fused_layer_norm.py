"""The defects of fused_layer_norm."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones


def norm(x, weight, bias):
    return paddle.incubate.nn.functional.fused_layer_norm(x, weight, bias, 1e-5)[0]


def norm_with_bias(x, bias):
    weight, shift = paddle.ones([4]), paddle.zeros([4])
    return paddle.incubate.nn.functional.fused_layer_norm(x, weight, shift, 1e-5, bias=bias)[0]


def norm_with_residual(x, residual):
    weight, shift = paddle.ones([4]), paddle.zeros([4])
    return paddle.incubate.nn.functional.fused_layer_norm(
        x, weight, shift, 1e-5, residual=residual
    )[0]


def sum_alone(x, residual):
    return paddle.incubate.nn.functional.fused_layer_norm(x, None, None, 1e-5, residual=residual)[0]


def sum_with_bias(x, bias):
    return paddle.incubate.nn.functional.fused_layer_norm(x, None, None, 1e-5, bias=bias)[0]


def residual_out_of_sum(x, residual):
    paddle.full([3, 4], 7.0)  # leaves memory behind that is not zeros
    outputs = paddle.incubate.nn.functional.fused_layer_norm(x, None, None, 1e-5, residual=residual)
    return outputs[1]


def quantized(x, weight, bias):
    return paddle.incubate.nn.functional.fused_layer_norm(
        x,
        weight,
        bias,
        0.0,
        quant_scale=1 / 127,
        quant_round_type=1,
        quant_max_bound=127,
        quant_min_bound=-127,
    )[0]


ROW = np.array([[-1, 1, -1, 1]], np.float32)
NORMALIZED = ROW / np.sqrt(np.float32(1 + 1e-5))
ONES, ZEROS = ones(4), 0 * ones(4)


def _far_from_zero(mean: float, deviation: float) -> Defect:
    return Defect(
        f"fused_layer_norm: a mean of {mean:g} loses the variance",
        affects=ALL_PADDLES,
        function=norm,
        arrays=[mean + deviation * ROW, ONES, ZEROS],
        output=deviation * ROW / np.sqrt(np.float32(deviation**2 + 1e-5)),
    )


def _refused(name: str, affects: tuple, function, arrays: list) -> Defect:
    return Defect(name, affects=affects, function=function, arrays=arrays, error="ValueError")


def _missing(dtype: str, parameters: str) -> Defect:
    return Defect(
        f"fused_layer_norm: {dtype} is missing",
        affects=ALL_PADDLES,
        function=norm,
        arrays=[ROW.astype(dtype), ONES.astype(parameters), ZEROS.astype(parameters)],
        output=(ROW / np.sqrt(1 + 1e-5)).astype(dtype),
    )


DEFECTS = [
    _far_from_zero(1e3, 0.125),
    _far_from_zero(1e4, 1.0),
    Defect(
        "fused_layer_norm: a bias without a residual is left out",
        affects=ALL_PADDLES,
        function=norm_with_bias,
        arrays=[0 * ROW, np.array([-1, 1, -1, 1], np.float32)],
        output=NORMALIZED,
    ),
    Defect(
        "fused_layer_norm: the residual_out of a sum without a norm is memory",
        affects=ALL_PADDLES,
        function=residual_out_of_sum,
        arrays=[ones(3, 4), ones(3, 4)],
        output=2 * ones(3, 4),
    ),
    _refused(
        "fused_layer_norm: a norm_weight of two dimensions is accepted",
        ALL_PADDLES,
        norm,
        [ROW, ones(4, 2), ZEROS],
    ),
    _refused(
        "fused_layer_norm: a short norm_bias is accepted",
        ("3.0", "3.1", "3.2"),
        norm,
        [ROW, ONES, ones(1)],
    ),
    _refused(
        "fused_layer_norm: a short residual is accepted",
        ("3.0", "3.1.0"),
        norm_with_residual,
        [ones(6, 4), ones(5, 4)],
    ),
    _refused(
        "fused_layer_norm: without a norm, a short residual is accepted",
        ("3.0", "3.1.0"),
        sum_alone,
        [ones(6, 4), ones(5, 4)],
    ),
    _refused(
        "fused_layer_norm: without a norm, a short bias is accepted",
        ALL_PADDLES,
        sum_with_bias,
        [ones(6, 4), ones(3)],
    ),
    Defect(
        "fused_layer_norm: there is no int8 output",
        affects=ALL_PADDLES,
        function=quantized,
        arrays=[ROW, 2.5 * ONES, ZEROS],
        output=np.array([[-3, 3, -3, 3]], np.int8),
    ),
    _missing("float16", "float32"),
    _missing("float64", "float64"),
]
