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

# (batch, length, heads, head size)
FUSED = [(2, 16, 2, 16), (4, 128, 8, 64), (1, 512, 12, 64)]


def attention_cases() -> Iterator[Case]:
    """Every case, inputs made when its turn comes. Stock raises at once: its times are no times."""
    for dtype in ["float32", "float16", "bfloat16"]:
        for sizes in ATTENTIONS:
            yield variable_length(dtype, *sizes)
    for batch, length, heads, size in FUSED:
        for with_gradients in (False, True):
            yield fused(batch, length, heads, size, with_gradients)


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


def fused(batch: int, length: int, heads: int, size: int, with_gradients: bool) -> Case:
    """A layer norm, attention, the projections and the residual, beside Torch's operators."""
    embed = heads * size
    shapes = [(batch, length, embed), (3, heads, size, embed), (embed, embed), (embed,), (embed,)]
    arrays = [
        RANDOM.standard_normal(shape, np.float32) / max(1, shape[-1] ** 0.5 if shape[1:] else 1)
        for shape in shapes
    ]
    mine = [paddle.to_tensor(array, stop_gradient=not with_gradients) for array in arrays]
    torchs = [torch.from_numpy(array).requires_grad_(with_gradients) for array in arrays]
    seed = np.ones((batch, length, embed), np.float32)
    my_seed, torch_seed = paddle.to_tensor(seed), torch.from_numpy(seed)

    def in_paddle():
        x, weight, linear, scale, bias = mine
        attention = paddle.incubate.nn.functional.fused_multi_head_attention
        out = attention(
            x, weight, linear, True, scale, bias, dropout_rate=0.0, attn_dropout_rate=0.0
        )
        return paddle.grad(out, mine, my_seed) if with_gradients else out

    def in_torch():
        x, weight, linear, scale, bias = torchs
        functional = torch.nn.functional
        hidden = functional.layer_norm(x, (embed,), scale, bias)
        packed = (hidden @ weight.reshape(3 * embed, embed).T).reshape(batch, length, 3, heads, -1)
        query, key, value = packed.permute(2, 0, 3, 1, 4)
        weights = torch.softmax(query * size**-0.5 @ key.mT, -1)
        out = x + (weights @ value).transpose(1, 2).reshape(x.shape) @ linear
        return torch.autograd.grad(out, torchs, torch_seed) if with_gradients else out

    what = "and gradients " if with_gradients else ""
    name = f"fused_multi_head_attention {what}[{batch},{length},{embed}] {heads} heads"
    return Case(name, in_paddle, in_torch, hopeless=True)
