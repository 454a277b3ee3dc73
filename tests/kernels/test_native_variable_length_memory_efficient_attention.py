"""native.variable_length_memory_efficient_attention."""

from __future__ import annotations

import pytest
import torch
from helpers import LAYOUTS, poisoned
from paddlemend import native
from torch.nn.functional import scaled_dot_product_attention

TOLERANCES = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 2e-2}


def random(shape: list[int], dtype: torch.dtype = torch.float32, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def lengths(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int32)


def attention(*args, **kwargs) -> torch.Tensor:
    found = native.variable_length_memory_efficient_attention(*args, **kwargs)
    return torch.from_dlpack(found)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", TOLERANCES)
def test_full_sequences_are_scaled_dot_product_attention(dtype, causal):
    query, key, value = (random([2, 4, 150, 32], dtype, seed) for seed in range(3))
    full = lengths(150, 150)
    found = attention(query, key, value, full, full, None, 32**-0.5, causal, 0)
    expected = scaled_dot_product_attention(
        query.double(), key.double(), value.double(), is_causal=causal
    )
    assert found.dtype == dtype
    tolerance = TOLERANCES[dtype]
    torch.testing.assert_close(found.double(), expected, rtol=tolerance, atol=tolerance)


def test_each_sequence_has_lengths_of_its_own():
    query, key, value = (random([2, 2, 6, 8], seed=seed) for seed in range(3))
    found = attention(query, key, value, lengths(4, 0), lengths(3, 6), None, 0.5, False, 1)
    expected = scaled_dot_product_attention(
        query[:1, :, :4], key[:1, :, :4], value[:1, :, :4], scale=0.5
    )
    torch.testing.assert_close(found[:1, :, :4], expected)
    assert not found[:1, :, 4:].any()
    assert not found[1].any()


def test_query_heads_share_key_heads():
    query, key, value = random([1, 6, 5, 8]), random([1, 2, 9, 8]), random([1, 2, 9, 3], seed=1)
    found = attention(query, key, value, lengths(5), lengths(9), None, 0.5, False, 0)
    key, value = key.repeat_interleave(3, 1), value.repeat_interleave(3, 1)
    expected = scaled_dot_product_attention(query, key, value, scale=0.5)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_leading_corner_of_a_larger_mask_is_added(layout):
    query, key, value = (random([2, 2, 5, 8], seed=seed) for seed in range(3))
    mask = random([2, 1, 7, 9])
    full = lengths(5, 5)
    out = layout(poisoned(torch.float32, [2, 2, 5, 8]))
    inputs = (layout(query), layout(key), layout(value), full, full, layout(mask))
    attention(*inputs, 0.5, False, 0, out=out)
    expected = scaled_dot_product_attention(
        query, key, value, attn_mask=mask[:, :, :5, :5], scale=0.5
    )
    torch.testing.assert_close(out, expected)


def test_a_length_beyond_the_tensor_is_refused():
    x = random([1, 1, 5, 8])
    with pytest.raises(ValueError, match=r"seq_lens\[0\] is 6, expected at most 5"):
        attention(x, x, x, lengths(6), lengths(5), None, 1.0, False, 0)
