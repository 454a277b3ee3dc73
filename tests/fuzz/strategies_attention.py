"""Case lines of the two attentions; some have a size that does not fit."""

from __future__ import annotations

from hypothesis import strategies as st

_PATH = "paddle.incubate.nn.functional.variable_length_memory_efficient_attention"
_DTYPES = st.sampled_from(("float32", "float16", "bfloat16"))
_SMALL = st.sampled_from((1, 2, 3, 0))
_LENGTHS = st.sampled_from((1, 5, 17, 130, 0))
_KEY_LENGTHS = st.sampled_from((1, 7, 33, 530, 0))
_DIVISORS = st.sampled_from((1, 2))
_HEAD_SIZES = st.sampled_from((1, 8, 17))


@st.composite
def variable_length_attention(draw) -> str:
    """Query heads in groups; a mask of one or all heads, at times larger than the scores."""
    dtype, batch = draw(_DTYPES), draw(_SMALL)
    kv_heads, group = draw(_SMALL), draw(st.integers(1, 3))
    length, kv_length = draw(_LENGTHS), draw(_KEY_LENGTHS)
    size, value_size = draw(_HEAD_SIZES), draw(_HEAD_SIZES)
    heads = kv_heads * group + draw(st.sampled_from((0,) * 11 + (1,)))
    shapes = [
        [batch, heads, length, size],
        [batch, kv_heads, kv_length, size],
        [batch, kv_heads, kv_length, value_size],
    ]
    arguments = [f'Tensor({shape},"{dtype}")' for shape in shapes]
    count = batch + draw(st.sampled_from((0,) * 11 + (1,)))
    one = draw(st.sampled_from(([], [1])))
    arguments += [f'Tensor({[count, *one]},"int32")'] * 2
    if draw(st.booleans()):
        mask_heads = draw(st.sampled_from((1, heads)))
        more = draw(st.sampled_from((0, 0, 3)))
        mask = [batch, mask_heads, length + more, kv_length + more]
        arguments.append(f'mask=Tensor({mask},"{dtype}")')
    arguments.append(f"causal={draw(st.booleans())}")
    cached = draw(st.integers(0, min(kv_length, 3)))
    arguments.append(f"pre_cache_length={cached}")
    return f"{_PATH}({', '.join(arguments)}, )"


_FUSED = "paddle.incubate.nn.functional.fused_multi_head_attention"
_VECTORS = ("pre_ln_scale", "pre_ln_bias", "ln_scale", "ln_bias", "linear_bias")


@st.composite
def fused_attention(draw) -> str:
    """Both forms of the weight; masks that broadcast; a cache; no dropout while it is random."""
    dtype = draw(st.sampled_from(("float32", "float64", "float16", "bfloat16")))
    # A layer norm of two or three elements that happen to be close magnifies every rounding.
    batch, heads, size = draw(_SMALL), draw(st.sampled_from((2, 3, 1))), 8 // draw(_DIVISORS)
    size = 8 if heads == 1 else size
    length, embed = draw(st.sampled_from((1, 2, 5, 17, 0))), heads * size
    packed = draw(st.booleans())
    off = draw(st.sampled_from((0,) * 15 + (1,)))
    weight = [embed, 3 * embed] if packed else [3, heads, size, embed]
    shapes = [[batch, length, embed + off], weight, [embed, embed]]
    arguments = [f'Tensor({shape},"{dtype}")' for shape in shapes]
    arguments.append(f"pre_layer_norm={draw(st.booleans())}")
    for name in _VECTORS:
        if draw(st.booleans()):
            arguments.append(f'{name}=Tensor([{embed}],"{dtype}")')
    if draw(st.booleans()):
        bias = [3 * embed] if packed else [3, heads, size]
        arguments.append(f'qkv_bias=Tensor({bias},"{dtype}")')
    keys = length
    if draw(st.booleans()):
        cached = draw(_SMALL)
        keys += cached
        arguments.append(f'cache_kv=Tensor({[2, batch, heads, cached, size]},"{dtype}")')
    if draw(st.booleans()):
        mask = [draw(st.sampled_from((1, full))) for full in (batch, heads, length, keys)]
        arguments.append(f'attn_mask=Tensor({mask},"{dtype}")')
    training = draw(st.booleans())
    rate = 0.0 if training else draw(st.sampled_from((0.0, 0.25, 1.0)))
    arguments.append(f"dropout_rate={rate}, attn_dropout_rate={rate}, training={training}")
    mode = draw(st.sampled_from(("upscale_in_train", "downscale_in_infer")))
    arguments.append(f'mode="{mode}", add_residual={draw(st.booleans())}')
    if packed:
        arguments.append(f"num_heads={heads}, transpose_qkv_wb=True")
    return f"{_FUSED}({', '.join(arguments)}, )"
