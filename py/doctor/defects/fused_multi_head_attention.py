"""The defects of fused_multi_head_attention: a CPU wheel has no such operator."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, ones

RANDOM = np.random.default_rng(0)

X = RANDOM.standard_normal((2, 5, 8))
WEIGHT = RANDOM.standard_normal((3, 2, 4, 8)) / 3
LINEAR = RANDOM.standard_normal((8, 8)) / 3
SCALE, SHIFT = RANDOM.standard_normal(8), RANDOM.standard_normal(8)
QKV_BIAS, LINEAR_BIAS = RANDOM.standard_normal((3, 2, 4)), RANDOM.standard_normal(8)
MASK = RANDOM.random((2, 1, 5, 5)) < 0.7
MASK[..., 0] = True  # the softmax of nothing is not defined
COTANGENT = RANDOM.standard_normal((2, 5, 8))


def before(x, weight, linear, scale, shift, qkv_bias, linear_bias, mask):
    return paddle.incubate.nn.functional.fused_multi_head_attention(
        x, weight, linear, True, scale, shift, None, None, 1e-5, qkv_bias, linear_bias,
        attn_mask=mask, dropout_rate=0.0, attn_dropout_rate=0.0,
    )  # fmt: skip


def after(x, weight, linear, scale, shift, qkv_bias, linear_bias, mask):
    return paddle.incubate.nn.functional.fused_multi_head_attention(
        x, weight, linear, False, None, None, scale, shift, 1e-5, qkv_bias, linear_bias,
        attn_mask=mask, dropout_rate=0.25, attn_dropout_rate=0.0, training=False,
        mode="downscale_in_infer",
    )  # fmt: skip


def without_scale(x, weight, linear, scale):
    return paddle.incubate.nn.functional.fused_multi_head_attention(
        x, weight, linear, ln_scale=scale, dropout_rate=0.0, attn_dropout_rate=0.0
    )


ARRAYS = [X, WEIGHT, LINEAR, SCALE, SHIFT, QKV_BIAS, LINEAR_BIAS, MASK]


def forward(pre_layer_norm: bool, x, weight, linear, scale, shift, qkv_bias, linear_bias):
    """The output, by functions that are analytic: the inputs may be complex."""
    hidden = layer_norm(x, scale, shift) if pre_layer_norm else x
    packed = np.einsum("bsc,thdc->tbhsd", hidden, weight) + qkv_bias[:, None, :, None]
    scores = packed[0] @ packed[1].swapaxes(2, 3) / 2
    weights = np.where(MASK, np.exp(scores - scores.real.max(-1, keepdims=True)), 0.0)
    weights = weights / weights.sum(-1, keepdims=True)
    context = (weights @ packed[2]).swapaxes(1, 2).reshape(x.shape)
    out = context @ linear + linear_bias
    return x + out if pre_layer_norm else layer_norm(x + out * 0.75, scale, shift)


def layer_norm(x, scale, shift):
    distance = x - x.mean(-1, keepdims=True)
    return distance / np.sqrt((distance**2).mean(-1, keepdims=True) + 1e-5) * scale + shift


def reference(pre_layer_norm: bool) -> tuple[np.ndarray, list[np.ndarray | None]]:
    """Output and gradients: an imaginary step far below the precision gives exact derivatives."""
    inputs, step = ARRAYS[:-1], 1e-30
    gradients: list[np.ndarray | None] = []
    for position, array in enumerate(inputs):
        gradient = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[place] += 1j * step
            out = forward(pre_layer_norm, *inputs[:position], moved, *inputs[position + 1 :])
            gradient[place] = (out.imag * COTANGENT).sum() / step
        gradients.append(gradient)
    return forward(pre_layer_norm, *inputs), [*gradients, None]


def _missing(name: str, function, pre_layer_norm: bool) -> Defect:
    output, gradients = reference(pre_layer_norm)
    return Defect(
        f"fused_multi_head_attention: there is no operator, layer norm {name}",
        affects=ALL_PADDLES,
        function=function,
        arrays=ARRAYS,
        cotangent=COTANGENT,
        output=output,
        gradients=gradients,
    )


DEFECTS = [
    _missing("before", before, True),
    _missing("after", after, False),
    Defect(
        "fused_multi_head_attention: a scale of size 0",
        affects=ALL_PADDLES,
        function=without_scale,
        arrays=[ones(2, 5, 8), ones(3, 2, 4, 8), ones(8, 8), ones(0)],
        error="ValueError",  # in static programs of the operator that multiplies with it
    ),
]
