"""Case lines of conv2d and conv2d_transpose; some have a size or an attribute that does not fit."""

from __future__ import annotations

from hypothesis import strategies as st

_DTYPES = st.sampled_from(("float32", "float64", "float16", "bfloat16"))
_SMALL = st.sampled_from((1, 2, 3, 1, 2, 3, 5, 9, 0))
_TAPS = st.sampled_from((1, 2, 3, 1, 3, 4))
_STEPS = st.sampled_from((1, 1, 2, 3))
_ROOM = st.sampled_from((0, 1, 4, 9, 30))
_PADDINGS = st.sampled_from((0, 0, 1, 2))
_OFF = st.sampled_from((0,) * 15 + (1,))  # a mistake in one line of sixteen


@st.composite
def convolution(draw) -> str:
    """Any layout and spelling of the padding; groups, among them as many as there are channels."""
    dtype, layout = draw(_DTYPES), draw(st.sampled_from(("NCHW", "NHWC")))
    groups, channels = draw(st.integers(1, 3)), draw(_SMALL)
    filters, taps = draw(_SMALL), [draw(_TAPS), draw(_TAPS)]
    dilation = [draw(_STEPS), draw(_STEPS)]
    image = [(count - 1) * step + 1 + draw(_ROOM) for count, step in zip(taps, dilation)]
    x = _images(draw(_SMALL), channels * groups + draw(_OFF), image, layout)
    weight = [filters * groups, channels, *taps]
    options = _options(draw, groups, layout, dilation)
    return _line(draw, "conv2d", dtype, x, weight, filters * groups, options)


@st.composite
def transposed_convolution(draw) -> str:
    """As convolution; with an output padding or a size of the output, or neither."""
    dtype, layout = draw(_DTYPES), draw(st.sampled_from(("NCHW", "NHWC")))
    groups, channels, filters = draw(st.integers(1, 3)), draw(_SMALL), draw(_SMALL)
    taps, dilation = [draw(_TAPS), draw(_TAPS)], [draw(_STEPS), draw(_STEPS)]
    x = _images(draw(_SMALL), channels * groups, [1 + draw(_ROOM), 1 + draw(_ROOM)], layout)
    weight = [channels * groups + draw(_OFF), filters, *taps]
    options = _options(draw, groups, layout, dilation)
    if draw(st.integers(0, 2)) == 2:
        options.append(f"output_padding={draw(st.integers(0, 2))}")
    return _line(draw, "conv2d_transpose", dtype, x, weight, filters * groups, options)


def _images(batch: int, channels: int, image: list[int], layout: str) -> list[int]:
    return [batch, channels, *image] if layout == "NCHW" else [batch, *image, channels]


def _options(draw, groups: int, layout: str, dilation: list[int]) -> list[str]:
    options = [f'groups={groups}, data_format="{layout}"']
    options.append(f"stride={_pair([draw(_STEPS), draw(_STEPS)])}")
    options.append(f"dilation={_pair(dilation)}")
    spelling = draw(st.sampled_from(("number", "pair", "four", '"SAME"', '"VALID"')))
    if spelling == "number":
        options.append(f"padding={draw(_PADDINGS)}")
    elif spelling == "pair":
        options.append(f"padding={_pair([draw(_PADDINGS), draw(_PADDINGS)])}")
    elif spelling == "four":
        options.append(f"padding={_pair([draw(_PADDINGS) for _ in range(4)])}")
    else:
        options.append(f"padding={spelling}")
    return options


def _line(draw, name: str, dtype: str, x: list, weight: list, filters: int, options: list) -> str:
    arguments = [f'Tensor({shape},"{dtype}")' for shape in (x, weight)]
    if draw(st.booleans()):
        arguments.append(f'Tensor({[filters + draw(_OFF)]},"{dtype}")')
    return f"paddle.nn.functional.{name}({', '.join([*arguments, *options])}, )"


def _pair(values: list[int]) -> str:
    return f"list[{''.join(f'{value},' for value in values)}]"
