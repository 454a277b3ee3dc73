"""The defects of fused_multi_head_attention: a CPU wheel has no such operator."""

from __future__ import annotations

import numpy as np
import paddle
import torch
from defect import ALL_PADDLES, Defect, ones
from torch.nn import functional

RANDOM = np.random.default_rng(0)

X = RANDOM.standard_normal((2, 5, 8))
WEIGHT = RANDOM.standard_normal((3, 2, 4, 8)) / 3
LINEAR = RANDOM.standard_normal((8, 8)) / 3
SCALE, SHIFT = RANDOM.standard_normal(8), RANDOM.standard_normal(8)
QKV_BIAS, LINEAR_BIAS = RANDOM.standard_normal((3, 2, 4)), RANDOM.standard_normal(8)
MASK = RANDOM.standard_normal((2, 1, 5, 5))
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


def reference(pre_layer_norm: bool) -> tuple[np.ndarray, list[np.ndarray | None]]:
    """Output and gradients, out of Torch's operators in float64."""
    tensors = [torch.tensor(array, requires_grad=True) for array in ARRAYS]
    x, weight, linear, scale, shift, qkv_bias, linear_bias, mask = tensors
    hidden = functional.layer_norm(x, [8], scale, shift) if pre_layer_norm else x
    packed = torch.einsum("bsc,thdc->tbhsd", hidden, weight) + qkv_bias[:, None, :, None]
    scores = packed[0] @ packed[1].transpose(2, 3) / 2 + mask
    context = (torch.softmax(scores, -1) @ packed[2]).transpose(1, 2).reshape(2, 5, 8)
    out = context @ linear + linear_bias
    out = x + out if pre_layer_norm else x + out * 0.75
    out = out if pre_layer_norm else functional.layer_norm(out, [8], scale, shift)
    out.backward(torch.tensor(COTANGENT))
    gradients = [tensor.grad.numpy() for tensor in tensors[:-1]]
    return out.detach().numpy(), [*gradients, None]


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
        error="ValueError",
        message="ln_scale has the shape [0], expected",
    ),
]
