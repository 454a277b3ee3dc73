"""variable_length_memory_efficient_attention: attention over sequences of different lengths."""

from __future__ import annotations

from math import prod

import torch
from paddlemend import catalogue
from paddlemend.apitest.generators_attention import attention_mask, key_lengths, query_lengths
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import Parameter, Rule, Shapes
from paddlemend.apitest.rules.precision import accumulating


def variable_length_memory_efficient_attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    seq_lens: torch.Tensor,
    kv_seq_lens: torch.Tensor,
    mask: torch.Tensor | None = None,
    scale: float | None = None,
    causal: bool = False,
    pre_cache_length: int = 0,
) -> torch.Tensor:
    """query [batch, head, length, size], key [batch, kv head, kv length, size], value likewise.

    `value` may have a size of its own. Query head h uses key head h // (head / kv head). Of each
    sequence the first `seq_lens` queries are answered and the first `kv_seq_lens` +
    `pre_cache_length` keys used; the other rows are 0, and so is a row without a visible key.
    `causal` hides the keys j > i + `pre_cache_length` from query i. The leading corner of `mask`
    [batch, 1 or head, ≥ length, ≥ kv length] is added to the scaled scores.
    """
    _check_shapes(query, key, value, mask)
    heads, length, size = query.shape[1:]
    require(pre_cache_length >= 0, f"pre_cache_length is {pre_cache_length}")
    require(scale is not None or size > 0, "without a scale, the size of a head must be positive")
    queries = _lengths(seq_lens, "seq_lens", query)
    keys = _lengths(kv_seq_lens, "kv_seq_lens", key, pre_cache_length, queries)

    dtype = query.dtype
    groups = heads // max(key.shape[1], 1)
    query, key, value = (accumulating(operand) for operand in (query, key, value))
    key, value = (operand.repeat_interleave(groups, 1) for operand in (key, value))
    scores = query @ key.transpose(2, 3) * (size**-0.5 if scale is None else scale)
    if mask is not None:
        scores = scores + accumulating(mask)[:, :, :length, : key.shape[2]]
    visible = _visible(queries, keys, scores, pre_cache_length if causal else None)
    scores = scores.masked_fill(~visible, float("-inf"))
    answered = (scores > float("-inf")).any(-1, keepdim=True)
    # A row of -inf alone has no softmax.
    weights = torch.softmax(scores.masked_fill(~answered, 0.0), -1)
    # What is stored behind the keys in use must not matter: 0 · inf would be NaN.
    unused = torch.arange(key.shape[2], device=key.device) >= keys[:, None]
    value = value.masked_fill(unused[:, None, :, None], 0.0)
    return torch.where(answered, weights @ value, 0.0).to(dtype)


def _check_shapes(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None
) -> None:
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        require(tensor.ndim == 4, f"{name} must have 4 dimensions, got {list(tensor.shape)}")
        require(tensor.dtype == query.dtype, f"{name} is {tensor.dtype}, query is {query.dtype}")
    require(query.is_floating_point(), f"query must be of a floating dtype, got {query.dtype}")
    batch, heads, length, size = query.shape
    kv_heads, kv_length = key.shape[1:3]
    shapes = f"query {list(query.shape)}, key {list(key.shape)}, value {list(value.shape)}"
    require(key.shape[0] == batch and key.shape[3] == size, shapes)
    require(value.shape[:3] == key.shape[:3], shapes)
    require(heads % kv_heads == 0 if kv_heads else heads == 0, shapes)
    if mask is not None:
        fits = mask.ndim == 4 and mask.shape[0] == batch and mask.shape[1] in (1, heads)
        fits = fits and mask.shape[2] >= length and mask.shape[3] >= kv_length
        require(fits, f"mask has shape {list(mask.shape)} for {shapes}")
        require(mask.dtype == query.dtype, f"mask is {mask.dtype}, query is {query.dtype}")


def _lengths(
    lengths: torch.Tensor,
    name: str,
    of: torch.Tensor,
    cached: int = 0,
    queries: torch.Tensor | None = None,
) -> torch.Tensor:
    """The lengths with the cache, one a sequence; of a sequence without queries 0."""
    legal = list(lengths.shape) in ([of.shape[0]], [of.shape[0], 1])
    require(legal, f"{name} has shape {list(lengths.shape)} for a batch of {of.shape[0]}")
    require(lengths.dtype == torch.int32, f"{name} is {lengths.dtype}, expected int32")
    lengths = lengths.reshape(-1).long()
    require((lengths >= 0).all(), f"{name} is negative")
    lengths = lengths + cached
    if queries is not None:
        lengths = torch.where(queries > 0, lengths, 0)
    require((lengths <= of.shape[2]).all(), f"{name} is longer than {of.shape[2]}")
    return lengths


def _visible(
    queries: torch.Tensor, keys: torch.Tensor, scores: torch.Tensor, causal_offset: int | None
) -> torch.Tensor:
    """Which keys each query sees, [batch, 1, length, kv length]."""
    rows = torch.arange(scores.shape[2], device=scores.device)[:, None]
    columns = torch.arange(scores.shape[3], device=scores.device)
    visible = (rows < queries[:, None, None]) & (columns < keys[:, None, None])
    if causal_offset is not None:
        visible = visible & (columns <= rows + causal_offset)
    return visible[:, None]


def _operations(shapes: Shapes) -> int:
    kv_length, size = (*shapes.get("key", ()), 0, 0, 0, 0)[2:4]
    own_size = (*shapes.get("value", ()), 0, 0, 0, 0)[3]
    return prod(shapes.get("query", ())[:3]) * kv_length * (size + own_size)


def _scratch(shapes: Shapes) -> int:
    """Scores, visibility and weights, and the keys and values of every query head."""
    batch, heads, length, _ = (*shapes.get("query", ()), 0, 0, 0, 0)[:4]
    kv_length, size = (*shapes.get("key", ()), 0, 0, 0, 0)[2:4]
    return 8 * batch * heads * kv_length * (4 * length + 2 * size)


RULES = (
    Rule(
        path="paddle.incubate.nn.functional.variable_length_memory_efficient_attention",
        operator=catalogue.operator("variable_length_memory_efficient_attention"),
        parameters=(
            Parameter("query"),
            Parameter("key"),
            Parameter("value"),
            Parameter("seq_lens", query_lengths),
            Parameter("kv_seq_lens", key_lengths),
            Parameter("mask", attention_mask),
            Parameter("scale"),
            Parameter("causal"),
            Parameter("pre_cache_length"),
        ),
        reference=variable_length_memory_efficient_attention,
        differentiable=(),
        scratch=_scratch,
        operations=_operations,
    ),
)
