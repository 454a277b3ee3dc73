"""The cases of attention: stock has none of these operators on the CPU."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import paddle
import torch
from case import Case

RANDOM = np.random.default_rng(5)

# (batch, heads, queries, keys, head size, causal)
ATTENTIONS = [
    (2, 2, 8, 8, 16, False),
    (4, 8, 128, 128, 64, False),
    (2, 8, 512, 512, 64, False),
    (1, 8, 2048, 2048, 64, True),
    (1, 8, 1024, 1024, 128, False),
    (8, 16, 1, 1024, 64, False),
]


def attention_cases() -> Iterator[Case]:
    """Every case, inputs made when its turn comes. Stock raises at once: its times are no times."""
    for dtype in ["float32", "float16", "bfloat16"]:
        for sizes in ATTENTIONS:
            yield variable_length(dtype, *sizes)


def variable_length(
    dtype: str, batch: int, heads: int, queries: int, keys: int, size: int, causal: bool
) -> Case:
    """Full sequences, which Torch's scaled_dot_product_attention can answer, too."""
    arrays = [
        RANDOM.standard_normal((batch, heads, length, size), np.float32)
        for length in (queries, keys, keys)
    ]
    mine = [paddle.to_tensor(array).astype(dtype) for array in arrays]
    torchs = [torch.from_numpy(array).to(getattr(torch, dtype)) for array in arrays]
    lengths = [paddle.full([batch, 1], length, "int32") for length in (queries, keys)]
    attention = paddle.incubate.nn.functional.variable_length_memory_efficient_attention
    of_torch = torch.nn.functional.scaled_dot_product_attention
    shape = f"[{batch},{heads},{queries},{size}] {keys} keys{' causal' if causal else ''}"
    return Case(
        f"variable_length_memory_efficient_attention {dtype} {shape}",
        lambda: attention(*mine, *lengths, causal=causal),
        lambda: of_torch(*torchs, is_causal=causal),
        hopeless=True,
    )
