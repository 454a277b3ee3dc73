"""fused_multi_head_attention, which a CPU wheel has no operator for, out of operators that it has.

Paddle differentiates them, in dygraph and in static programs; dropout draws from Paddle's
generator. Half formats are computed in float32 and rounded once, at the end.

The kernel library has the operator as one kernel, which takes a third of the time forward and less
than half with gradients (bench/results). It is not used here yet: that needs a custom operator,
and these operators work in every mode of every Paddle, and have gradients of gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import paddle
from paddle.autograd import PyLayer
from paddle.framework import in_dynamic_mode, in_dynamic_or_pir_mode
from paddle.nn import functional as F
from paddlemend.kernels import installation
from paddlemend.redirect import Redirect

_NAME = "fused_multi_head_attention"
_MODES = ("upscale_in_train", "downscale_in_infer")
_HALVES = (paddle.float16, paddle.bfloat16)
_FLOATING = (*_HALVES, paddle.float32, paddle.float64)
_UNKNOWN = -1  # a size that a static program learns when it runs


def fused_multi_head_attention(*args: Any, **kwargs: Any) -> Any:
    """The wheel's function, where paddlemend does not stand in for it."""
    if not in_dynamic_or_pir_mode() or not installation.is_active(_NAME):
        return _FUSED_MULTI_HEAD_ATTENTION.stock(*args, **kwargs)
    return _attend(*args, **kwargs)


def _attend(
    x: Any,
    qkv_weight: Any,
    linear_weight: Any,
    pre_layer_norm: bool = False,
    pre_ln_scale: Any = None,
    pre_ln_bias: Any = None,
    ln_scale: Any = None,
    ln_bias: Any = None,
    pre_ln_epsilon: float = 1e-05,
    qkv_bias: Any = None,
    linear_bias: Any = None,
    cache_kv: Any = None,
    attn_mask: Any = None,
    dropout_rate: float = 0.5,
    attn_dropout_rate: float = 0.5,
    ln_epsilon: float = 1e-05,
    training: bool = True,
    mode: str = "upscale_in_train",
    ring_id: int = -1,
    add_residual: bool = True,
    num_heads: int = -1,
    transpose_qkv_wb: bool = False,
    name: str | None = None,
) -> Any:
    _check_options(x, dropout_rate, attn_dropout_rate, mode, ring_id)
    norms = {"pre_ln_scale": pre_ln_scale, "pre_ln_bias": pre_ln_bias}
    norms |= {"ln_scale": ln_scale, "ln_bias": ln_bias}
    for label, vector in norms.items():
        _check(label, vector, [x.shape[2]], (x.dtype, _work_dtype(x)))
    _check_projection(x, qkv_weight, qkv_bias, num_heads, transpose_qkv_wb)
    _check("linear_weight", linear_weight, [x.shape[2]] * 2, (x.dtype,))
    _check("linear_bias", linear_bias, [x.shape[2]], (x.dtype,))

    if in_dynamic_mode() and x.size == 0:
        heads = num_heads if transpose_qkv_wb else qkv_weight.shape[1]
        tensors = [x, qkv_weight, qkv_bias, linear_weight, linear_bias, *norms.values()]
        return _of_no_element(tensors, cache_kv, attn_mask, heads)
    dtype = x.dtype
    (x, qkv_weight, qkv_bias, linear_weight, linear_bias, *vectors) = (
        _in_work_dtype(tensor)
        for tensor in (x, qkv_weight, qkv_bias, linear_weight, linear_bias, *norms.values())
    )
    hidden = _layer_norm(x, *vectors[:2], pre_ln_epsilon) if pre_layer_norm else x
    heads = num_heads if transpose_qkv_wb else None
    query, key, value = _project(hidden, qkv_weight, qkv_bias, heads)
    if cache_kv is not None:
        _check_cache(cache_kv, key.shape, dtype)
        cached = _in_work_dtype(cache_kv.detach())
        key, value = paddle.concat([cached[0], key], 2), paddle.concat([cached[1], value], 2)
    scores = paddle.matmul(_scaled(query), key, transpose_y=True)
    _check_mask(attn_mask, scores.shape, dtype)
    weights = F.softmax(_masked(scores, attn_mask), -1)
    weights = F.dropout(weights, attn_dropout_rate, training=training, mode=mode)
    context = paddle.matmul(weights, value).transpose([0, 2, 1, 3])
    context = paddle.reshape(context, [_size(x, axis) for axis in range(3)])
    out = _plus(paddle.matmul(context, linear_weight), linear_bias)
    out = F.dropout(out, dropout_rate, training=training, mode=mode)
    if add_residual:
        out = x + out
    if not pre_layer_norm:
        out = _layer_norm(out, *vectors[2:], ln_epsilon)
    out = _in_dtype(out, dtype)
    if cache_kv is None:
        return out
    return out, _in_dtype(paddle.stack([key, value]), dtype).detach()


def _check_options(x: Any, rate: float, attention_rate: float, mode: str, ring_id: int) -> None:
    if x.dtype not in _FLOATING:
        raise TypeError(f"{_NAME}: the dtype of x is {x.dtype}, expected a floating dtype")
    if len(x.shape) != 3:
        raise ValueError(
            f"{_NAME}: x has the shape {list(x.shape)}, expected [batch, length, embed_dim]"
        )
    if x.shape[2] == 0:
        raise ValueError(f"{_NAME}: embed_dim, the last size of x, is 0, expected at least 1")
    if ring_id != -1:
        raise ValueError(
            f"{_NAME}: ring_id is {ring_id}, expected -1: there is no tensor parallelism on CPUs"
        )
    if mode not in _MODES:
        raise ValueError(f"{_NAME}: mode is {mode!r}, expected one of {_MODES}")
    for label, value in (("dropout_rate", rate), ("attn_dropout_rate", attention_rate)):
        if not 0 <= value <= 1:
            raise ValueError(f"{_NAME}: {label} is {value}, expected 0 <= {label} <= 1")


def _check_projection(
    x: Any, weight: Any, bias: Any, num_heads: int, transpose_qkv_wb: bool
) -> None:
    size, shape = x.shape[2], list(weight.shape)
    if transpose_qkv_wb:
        if num_heads < 1 or (size != _UNKNOWN and size % num_heads != 0):
            raise ValueError(
                f"{_NAME}: num_heads is {num_heads}, expected a divisor of embed_dim {size}"
            )
        triple = _UNKNOWN if size == _UNKNOWN else 3 * size
        _check("qkv_weight", weight, [size, triple], (x.dtype,))
        _check("qkv_bias", bias, [triple], (x.dtype,))
        return
    heads = [*shape[1:3], _UNKNOWN, _UNKNOWN][:2]
    _check("qkv_weight", weight, [3, *heads, size], (x.dtype,))
    _check("qkv_bias", bias, [3, *heads], (x.dtype,))
    if _UNKNOWN not in (*heads, size) and heads[0] * heads[1] != size:
        raise ValueError(
            f"{_NAME}: qkv_weight has the shape {shape}, expected num_head * head_dim = "
            f"{size}, the embed_dim of x"
        )


def _check(label: str, tensor: Any, shape: Sequence[int], dtypes: Sequence[Any]) -> None:
    """Raises unless the tensor is None or has the shape, as far as sizes are known, and a dtype."""
    if tensor is None:
        return
    found = list(tensor.shape)
    fits = len(found) == len(shape) and all(
        size == wanted or _UNKNOWN in (size, wanted) for size, wanted in zip(found, shape)
    )
    if not fits:
        expected = ["any" if size == _UNKNOWN else size for size in shape]
        raise ValueError(f"{_NAME}: {label} has the shape {found}, expected {expected}")
    if tensor.dtype not in dtypes:
        raise TypeError(f"{_NAME}: the dtype of {label} is {tensor.dtype}, expected {dtypes[0]}")


def _check_cache(cache_kv: Any, key: Sequence[int], dtype: Any) -> None:
    """`key` is the shape of the new keys."""
    batch, heads, _, head_size = key
    _check("cache_kv", cache_kv, [2, batch, heads, _UNKNOWN, head_size], (dtype,))


def _check_mask(mask: Any, scores: Sequence[int], dtype: Any) -> None:
    """Raises unless the mask can be added to scores of that shape without changing it."""
    if mask is None:
        return
    if mask.dtype in _FLOATING and mask.dtype != dtype:
        raise TypeError(f"{_NAME}: the dtype of attn_mask is {mask.dtype}, expected {dtype}")
    missing = len(scores) - len(mask.shape)
    fits = missing >= 0 and all(
        size in (1, wanted, _UNKNOWN) or wanted == _UNKNOWN
        for size, wanted in zip(mask.shape, scores[missing:])
    )
    if not fits:
        raise ValueError(
            f"{_NAME}: attn_mask has the shape {list(mask.shape)}, expected one that broadcasts "
            f"to {list(scores)}"
        )


def _work_dtype(x: Any) -> Any:
    return paddle.float32 if x.dtype in _HALVES else x.dtype


def _in_work_dtype(tensor: Any) -> Any:
    return None if tensor is None else _in_dtype(tensor, _work_dtype(tensor))


def _in_dtype(tensor: Any, dtype: Any) -> Any:
    return tensor if tensor.dtype == dtype else tensor.astype(dtype)


def _layer_norm(x: Any, scale: Any, bias: Any, epsilon: float) -> Any:
    """The wheel's has a wrong gradient of x alone, and refuses an epsilon above 0.001.

    In float64: what a mean is off by is the same for a whole row, and adds up in the gradients of
    biases.
    """
    wide = _in_dtype(x, paddle.float64)
    distance = wide - wide.mean(-1, keepdim=True)
    variance = (distance * distance).mean(-1, keepdim=True)
    normalized = _in_dtype(distance * paddle.rsqrt(variance + epsilon), x.dtype)
    if scale is not None:
        normalized = normalized * paddle.expand_as(scale, normalized)
    return _plus(normalized, bias)


def _plus(x: Any, bias: Any) -> Any:
    """The sum; the gradient of expand_as, which is ours, adds up more precisely than that of +."""
    return x if bias is None else x + paddle.expand_as(bias, x)


def _size(tensor: Any, axis: int) -> Any:
    """A size, or a tensor with it where the program does not know it yet."""
    size = tensor.shape[axis]
    return paddle.shape(tensor)[axis] if size == _UNKNOWN else size


def _project(hidden: Any, weight: Any, bias: Any, heads: int | None) -> list[Any]:
    """Query, key and value, each [batch, head, length, head size]; `heads` of a packed weight."""
    if heads is None:
        sizes = [_size(weight, 1), _size(weight, 2)]
        packed = paddle.matmul(hidden, paddle.flatten(weight, 0, 2), transpose_y=True)
    else:
        sizes = [heads, -1 if hidden.shape[2] == _UNKNOWN else hidden.shape[2] // heads]
        packed = paddle.matmul(hidden, weight)
    packed = _plus(packed, None if bias is None else paddle.flatten(bias))
    shape = [_size(hidden, 0), _size(hidden, 1), 3, *sizes]
    return paddle.unbind(paddle.reshape(packed, shape).transpose([2, 0, 3, 1, 4]))


def _scaled(query: Any) -> Any:
    size = query.shape[3]
    if size != _UNKNOWN:
        return query * size**-0.5
    return query * paddle.rsqrt(paddle.shape(query)[3].astype(query.dtype))


def _masked(scores: Any, mask: Any) -> Any:
    """The scores with a floating mask added, or where a mask of another dtype is not 0."""
    if mask is None:
        return scores
    mask = mask.detach()
    if mask.dtype in _FLOATING:
        return scores + _in_work_dtype(mask)
    hidden = paddle.full([], float("-inf"), scores.dtype)
    visible = paddle.zeros([], scores.dtype)
    return scores + paddle.where(mask.astype("bool"), visible, hidden)


class _OfNoElement(PyLayer):
    """x without elements, with gradients of zeros: the wheel's operators refuse it."""

    @staticmethod
    def forward(context: Any, *tensors: Any) -> Any:
        context.tensors = tensors
        return paddle.zeros_like(tensors[0])

    @staticmethod
    def backward(context: Any, out_grad: Any) -> Any:
        return tuple(
            None if tensor.stop_gradient else paddle.zeros_like(tensor)
            for tensor in context.tensors
        )


def _of_no_element(tensors: list[Any], cache_kv: Any, mask: Any, heads: int) -> Any:
    x = tensors[0]
    batch, length, size = x.shape
    cached = 0
    if cache_kv is not None:
        _check_cache(cache_kv, [batch, heads, length, size // heads], x.dtype)
        cached = cache_kv.shape[3]
    _check_mask(mask, [batch, heads, length, cached + length], x.dtype)
    out = _OfNoElement.apply(*(tensor for tensor in tensors if tensor is not None))
    if cache_kv is None:
        return out
    shape = [2, batch, heads, cached + length, size // heads]
    return out, paddle.zeros(shape, x.dtype) if batch == 0 else cache_kv.detach().clone()


def _run_fused_multi_head_attention(*args, **kwargs):
    from paddlemend.kernels import fused_multi_head_attention_api

    return fused_multi_head_attention_api.fused_multi_head_attention(*args, **kwargs)


_FUSED_MULTI_HEAD_ATTENTION = Redirect(
    paddle.incubate.nn.functional.fused_multi_head_attention, _run_fused_multi_head_attention
)

REDIRECTS = [_FUSED_MULTI_HEAD_ATTENTION]
