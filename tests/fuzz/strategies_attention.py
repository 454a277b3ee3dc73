"""Case lines of variable_length_memory_efficient_attention; some have a size that does not fit."""

from __future__ import annotations

from hypothesis import strategies as st

_PATH = "paddle.incubate.nn.functional.variable_length_memory_efficient_attention"
_DTYPES = st.sampled_from(("float32", "float16", "bfloat16"))
_SMALL = st.sampled_from((1, 2, 3, 0))
_LENGTHS = st.sampled_from((1, 5, 17, 130, 0))
_KEY_LENGTHS = st.sampled_from((1, 7, 33, 530, 0))
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
