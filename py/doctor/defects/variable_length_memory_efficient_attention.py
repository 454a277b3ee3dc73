"""The defects of variable_length_memory_efficient_attention: the wheels have it for GPUs alone."""

from __future__ import annotations

import numpy as np
import paddle
from paddlemend.doctor.defect import ALL_PADDLES, Defect, bfloat16_bits

RANDOM = np.random.default_rng(0)

QUERY = RANDOM.standard_normal((2, 4, 5, 8))
KEY = RANDOM.standard_normal((2, 2, 7, 8))
VALUE = RANDOM.standard_normal((2, 2, 7, 3))
QUERIES, KEYS = np.array([[5], [3]], np.int32), np.array([[6], [0]], np.int32)
CACHED = 1


def attention(query, key, value, seq_lens, kv_seq_lens):
    return paddle.incubate.nn.functional.variable_length_memory_efficient_attention(
        query, key, value, seq_lens, kv_seq_lens, scale=0.5, causal=True, pre_cache_length=1
    )


def reference(query: np.ndarray, key: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Query after query, in float64."""
    batch, heads, length, _ = query.shape
    out = np.zeros((batch, heads, length, value.shape[3]))
    group = heads // key.shape[1]
    for b, h, i in np.ndindex(batch, heads, length):
        visible = min(KEYS[b, 0] + CACHED, i + CACHED + 1)
        if i < QUERIES[b, 0]:
            scores = 0.5 * key[b, h // group, :visible] @ query[b, h, i]
            weights = np.exp(scores - scores.max())
            out[b, h, i] = weights @ value[b, h // group, :visible] / weights.sum()
    return out


def bfloat16(values: np.ndarray) -> np.ndarray:
    """Cut off to what bfloat16 represents."""
    bits = values.astype(np.float32).view(np.uint32) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32)


INPUTS = [QUERY, KEY, VALUE]

DEFECTS = [
    Defect(
        "variable_length_memory_efficient_attention: float32 is missing",
        affects=ALL_PADDLES,
        function=attention,
        arrays=[*(array.astype(np.float32) for array in INPUTS), QUERIES, KEYS],
        output=reference(*INPUTS).astype(np.float32),
    ),
    Defect(
        "variable_length_memory_efficient_attention: float16 is missing",
        affects=ALL_PADDLES,
        function=attention,
        arrays=[*(array.astype(np.float16) for array in INPUTS), QUERIES, KEYS],
        output=reference(*(array.astype(np.float16).astype(np.float64) for array in INPUTS)).astype(
            np.float16
        ),
    ),
    Defect(
        "variable_length_memory_efficient_attention: a batch of none is missing",
        affects=ALL_PADDLES,
        function=attention,
        arrays=[*(array[:0].astype(np.float32) for array in INPUTS), QUERIES[:0], KEYS[:0]],
        output=np.zeros((0, 4, 5, 3), np.float32),
    ),
    Defect(
        "variable_length_memory_efficient_attention: bfloat16 is missing",
        affects=ALL_PADDLES,
        function=attention,
        arrays=[
            *(bfloat16_bits(bfloat16(np.sign(array))) for array in (QUERY, KEY)),
            bfloat16_bits(np.ones_like(VALUE)),
            QUERIES,
            KEYS,
        ],
        output=bfloat16_bits(reference(QUERY, KEY, np.ones_like(VALUE)).round()),
    ),
    Defect(
        "variable_length_memory_efficient_attention: a length beyond the tensor",
        affects=ALL_PADDLES,
        function=attention,
        arrays=[*(array.astype(np.float32) for array in INPUTS), QUERIES + 1, KEYS],
        error="ValueError",
        message="seq_lens[0] is 6, expected at most 5, the length of query",
    ),
]
