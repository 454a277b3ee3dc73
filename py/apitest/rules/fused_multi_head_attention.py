"""fused_multi_head_attention: Paddle's documented pseudo-code over Torch's operators."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from paddlemend import catalogue
from paddlemend.apitest.generators_attention import attention_mask, projection
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import Arguments, Parameter, Rule, Shapes
from paddlemend.apitest.rules.precision import accumulating, product

_MODES = ("upscale_in_train", "downscale_in_infer")


def fused_multi_head_attention(
    x: torch.Tensor,
    qkv_weight: torch.Tensor,
    linear_weight: torch.Tensor,
    pre_layer_norm: bool = False,
    pre_ln_scale: torch.Tensor | None = None,
    pre_ln_bias: torch.Tensor | None = None,
    ln_scale: torch.Tensor | None = None,
    ln_bias: torch.Tensor | None = None,
    pre_ln_epsilon: float = 1e-05,
    qkv_bias: torch.Tensor | None = None,
    linear_bias: torch.Tensor | None = None,
    cache_kv: torch.Tensor | None = None,
    attn_mask: torch.Tensor | None = None,
    dropout_rate: float = 0.5,
    attn_dropout_rate: float = 0.5,
    ln_epsilon: float = 1e-05,
    training: bool = True,
    mode: str = "upscale_in_train",
    ring_id: int = -1,
    add_residual: bool = True,
    num_heads: int = -1,
    transpose_qkv_wb: bool = False,
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """x [batch, length, size] attends to itself and to the keys and values of `cache_kv`.

    qkv_weight is [3, head, head size, size], or [size, 3 · size] if `transpose_qkv_wb`; qkv_bias
    is [3, head, head size], or [3 · size]. cache_kv is [2, batch, head, cached length, head size];
    with it the concatenated keys and values are the second result, without a gradient.
    """
    require(x.ndim == 3, f"x must have 3 dimensions, got shape {list(x.shape)}")
    require(x.is_floating_point(), f"x must be of a floating dtype, got {x.dtype}")
    require(ring_id == -1, "tensor parallelism has no reference")
    require(mode in _MODES, f"mode must be one of {_MODES}, got {mode!r}")
    for rate in (dropout_rate, attn_dropout_rate):
        require(0 <= rate <= 1, f"a dropout rate must be in [0, 1], got {rate}")
    _check_vectors(x, pre_ln_scale, pre_ln_bias, ln_scale, ln_bias)
    heads, bias_shape = _check_projection(x, qkv_weight, num_heads, transpose_qkv_wb)
    _check_operand(x, qkv_bias, "qkv_bias", bias_shape)
    _check_operand(x, linear_weight, "linear_weight", [x.shape[2]] * 2)
    _check_operand(x, linear_bias, "linear_bias", [x.shape[2]])

    hidden = _layer_norm(x, pre_ln_scale, pre_ln_bias, pre_ln_epsilon) if pre_layer_norm else x
    query, key, value = _project(hidden, qkv_weight, qkv_bias, heads, transpose_qkv_wb)
    if cache_kv is not None:
        _check_cache(cache_kv, key)
        key, value = (torch.cat(pair, 2) for pair in zip(cache_kv, (key, value)))
    scores = product(query * query.shape[-1] ** -0.5, key.transpose(2, 3))
    weights = torch.softmax(_masked(scores, attn_mask), -1)
    weights = _dropout(weights, attn_dropout_rate, training, mode)
    context = product(weights, value).transpose(1, 2).reshape(x.shape)
    out = _plus(product(context, linear_weight), linear_bias)
    out = _dropout(out, dropout_rate, training, mode)
    if add_residual:
        out = x + out
    if not pre_layer_norm:
        out = _layer_norm(out, ln_scale, ln_bias, ln_epsilon)
    return out if cache_kv is None else (out, torch.stack((key, value)).detach())


def _check_vectors(x: torch.Tensor, *vectors: torch.Tensor | None) -> None:
    """Scales and biases of the layer norms; beside a half format they may be float32."""
    for vector in vectors:
        if vector is not None:
            shape, wanted = list(vector.shape), [x.shape[2]]
            require(shape == wanted, f"a layer norm's vector has shape {shape}, not {wanted}")
            legal = vector.dtype in (x.dtype, accumulating(x).dtype)
            require(legal, f"a layer norm's vector is {vector.dtype}, x is {x.dtype}")


def _check_operand(
    x: torch.Tensor, operand: torch.Tensor | None, name: str, shape: list[int]
) -> None:
    if operand is not None:
        fits = list(operand.shape) == shape
        require(fits, f"{name} has shape {list(operand.shape)}, expected {shape}")
        require(operand.dtype == x.dtype, f"{name} is {operand.dtype}, x is {x.dtype}")


def _check_projection(
    x: torch.Tensor, weight: torch.Tensor, num_heads: int, transposed: bool
) -> tuple[int, list[int]]:
    """The number of heads and the shape of the bias; Illegal unless the weight fits x."""
    size, shape = x.shape[2], list(weight.shape)
    require(size > 0, "x has size 0")
    if transposed:
        require(num_heads > 0, f"num_heads must be at least 1, got {num_heads}")
        require(size % num_heads == 0, f"size {size} is no multiple of {num_heads} heads")
        _check_operand(x, weight, "qkv_weight", [size, 3 * size])
        return num_heads, [3 * size]
    require(len(shape) == 4, f"qkv_weight must have 4 dimensions, got shape {shape}")
    require(shape[1] * shape[2] == size, f"the heads of qkv_weight {shape} do not fill size {size}")
    _check_operand(x, weight, "qkv_weight", [3, *shape[1:3], size])
    return shape[1], shape[:3]


def _check_cache(cache_kv: torch.Tensor, key: torch.Tensor) -> None:
    batch, heads, _, head_size = key.shape
    shape = list(cache_kv.shape)
    expected = [2, batch, heads, *shape[3:4], head_size]
    require(shape == expected, f"cache_kv has shape {shape}, expected {expected}")
    require(cache_kv.dtype == key.dtype, f"cache_kv is {cache_kv.dtype}, x is {key.dtype}")


def _layer_norm(
    x: torch.Tensor, scale: torch.Tensor | None, bias: torch.Tensor | None, epsilon: float
) -> torch.Tensor:
    values, scale, bias = (accumulating(operand) for operand in (x, scale, bias))
    return F.layer_norm(values, x.shape[2:], scale, bias, epsilon).to(x.dtype)


def _project(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    heads: int,
    transposed: bool,
) -> tuple[torch.Tensor, ...]:
    """Query, key and value, each [batch, head, length, head size]."""
    batch, length, size = hidden.shape
    matrix = weight if transposed else weight.reshape(3 * size, size).T
    packed = _plus(product(hidden, matrix), None if bias is None else bias.reshape(-1))
    return packed.reshape(batch, length, 3, heads, size // heads).permute(2, 0, 3, 1, 4).unbind()


def _masked(scores: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    if mask is None:
        return scores
    fits = _broadcasts_to(mask.shape, scores.shape)
    require(fits, f"attn_mask has shape {list(mask.shape)}, the scores {list(scores.shape)}")
    if mask.is_floating_point():
        require(mask.dtype == scores.dtype, f"attn_mask is {mask.dtype}, x is {scores.dtype}")
        return scores + mask
    require(not mask.is_complex(), f"attn_mask is {mask.dtype}")
    return scores.masked_fill(mask == 0, float("-inf"))


def _broadcasts_to(shape: Sequence[int], target: Sequence[int]) -> bool:
    """Whether a tensor of `shape` can be added to one of `target` without changing its shape."""
    if len(shape) > len(target):
        return False
    tail = tuple(target)[len(target) - len(shape) :]
    return all(size in (1, wanted) for size, wanted in zip(shape, tail))


def _dropout(x: torch.Tensor, rate: float, training: bool, mode: str) -> torch.Tensor:
    if mode == "downscale_in_infer":
        return x * torch.bernoulli(torch.full_like(x, 1 - rate)) if training else x * (1 - rate)
    return F.dropout(x, rate, training)


def _plus(x: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    return x if bias is None else (x + bias).to(x.dtype)


def _is_random(arguments: Arguments) -> bool:
    rates = (arguments.get(name, 0.5) for name in ("dropout_rate", "attn_dropout_rate"))
    return bool(arguments.get("training", True)) and any(0 < rate < 1 for rate in rates)


def _operations(shapes: Shapes) -> int:
    """The projections and the two products with the scores."""
    batch, length, size = (*shapes.get("x", ()), 0, 0, 0)[:3]
    return 4 * batch * length * size**2 + 2 * batch * length * _keys(shapes) * size


def _scratch(shapes: Shapes) -> int:
    """Scores, softmax and dropout with their gradients; hidden, query, key and value likewise."""
    batch, length, size = (*shapes.get("x", ()), 0, 0, 0)[:3]
    qkv = shapes.get("qkv_weight", ())
    heads = qkv[1] if len(qkv) == 4 else size  # as many heads as there may be
    return 8 * (6 * batch * heads * length * _keys(shapes) + 16 * batch * length * size)


def _keys(shapes: Shapes) -> int:
    cache, x = shapes.get("cache_kv", ()), shapes.get("x", ())
    return (cache[3] if len(cache) == 5 else 0) + (x[1] if len(x) == 3 else 0)


RULES = (
    Rule(
        path="paddle.incubate.nn.functional.fused_multi_head_attention",
        operator=catalogue.operator("fused_multi_head_attention"),
        parameters=(
            Parameter("x"),
            Parameter("qkv_weight", projection),
            Parameter("linear_weight", projection),
            Parameter("pre_layer_norm"),
            Parameter("pre_ln_scale"),
            Parameter("pre_ln_bias"),
            Parameter("ln_scale"),
            Parameter("ln_bias"),
            Parameter("pre_ln_epsilon"),
            Parameter("qkv_bias"),
            Parameter("linear_bias"),
            Parameter("cache_kv"),
            Parameter("attn_mask", attention_mask),
            Parameter("dropout_rate"),
            Parameter("attn_dropout_rate"),
            Parameter("ln_epsilon"),
            Parameter("training"),
            Parameter("mode"),
            Parameter("ring_id"),
            Parameter("add_residual"),
            Parameter("num_heads"),
            Parameter("transpose_qkv_wb"),
            Parameter("name"),
        ),
        reference=fused_multi_head_attention,
        # Paddle's operator has no gradient of the mask and of the cache.
        differentiable=(
            "x",
            "qkv_weight",
            "linear_weight",
            "pre_ln_scale",
            "pre_ln_bias",
            "ln_scale",
            "ln_bias",
            "qkv_bias",
            "linear_bias",
        ),
        random=_is_random,
        scratch=_scratch,
        operations=_operations,
    ),
)
