"""Generators for attention: masks, sequence lengths, projections."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
from paddlemend.apitest.case_line import TensorSpec
from paddlemend.apitest.generators import random_values
from paddlemend.apitest.host_tensor import HostTensor, is_differentiable, round_to

if TYPE_CHECKING:
    from paddlemend.apitest.binding import BoundCall

# Shares of the floating masks that hide keys with -inf, and of the pairs that those hide.
_HIDING_MASK_SHARE = 0.5
_HIDDEN_SHARE = 0.3

# Share of the sequences that are as long as the tensor; the others have any length, also 0.
_FULL_LENGTH_SHARE = 0.3


def attention_mask(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """What is added to the scores, or which keys are visible for bool and integers.

    The first key stays visible to every query: the softmax of a row of -inf is not defined.
    """
    if is_differentiable(spec.dtype) and rng.random() >= _HIDING_MASK_SHARE:
        return random_values(spec.shape, spec.dtype, rng)
    visible = np.asarray(rng.random(spec.shape, np.float32) >= _HIDDEN_SHARE)
    visible[..., :1] = True
    if is_differentiable(spec.dtype):
        return round_to(spec.dtype, np.where(visible, np.float32(0), np.float32(-np.inf)))
    return HostTensor(spec.dtype, visible.astype(spec.dtype))


def projection(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """A weight whose products with x are about as large as x, so that no softmax saturates."""
    size = (getattr(call.arguments.get("x"), "shape", ()) or (1,))[-1]
    values = random_values(spec.shape, spec.dtype, rng)
    return round_to(spec.dtype, np.asarray(values.values() / max(size, 1) ** 0.5))


def query_lengths(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Lengths of the sequences of `query` [batch, head, length, size]."""
    return _lengths(_length_of(call, "query"), spec, rng)


def key_lengths(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Lengths of the sequences of `key`, less the cache that comes before them."""
    cached = call.arguments.get("pre_cache_length", 0)
    return _lengths(max(_length_of(call, "key") - cached, 0), spec, rng)


def _length_of(call: BoundCall, name: str) -> int:
    shape = getattr(call.arguments.get(name), "shape", ())
    return shape[2] if len(shape) == 4 else 0


def _lengths(longest: int, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    count = prod(spec.shape)
    any_length = rng.integers(0, longest, count, endpoint=True)
    lengths = np.where(rng.random(count) < _FULL_LENGTH_SHARE, longest, any_length)
    return round_to(spec.dtype, lengths.reshape(spec.shape))
