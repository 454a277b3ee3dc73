"""Case lines of the operators, one strategy each, for hypothesis.

Most lines are legal. Now and then one is not: a size, an axis or an index is off, and then both
sides must refuse it. Everything shrinks to float32, to few dimensions of size 1 and to the
plainest spelling.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st
from paddlemend import catalogue
from strategies_attention import fused_attention, variable_length_attention
from strategies_convolution import convolution, transposed_convolution

Draw = Callable[[st.SearchStrategy], Any]
Shape = list[int]

_MOST_DIMENSIONS = 5

# Small, so that a thousand cases take minutes; one in ten is 0.
_SIZES = (1, 2, 3, 1, 2, 3, 2, 4, 5, 0)

_DTYPES = ("float32", *(dtype for dtype in catalogue.ALL_DTYPES if dtype != "float32"))
_INDEX_DTYPES = ("int64", "int32")

_REDUCTIONS = ("assign", "add", "mul", "multiply", "mean", "amax", "amin")

# Numbers as values, by the dtype for which Paddle takes them.
_NUMBERS = {"float32": (1.5, 0.0, 2.0, -1.0), "int64": (0, 1, 2, -1)}

# What is near enough to each other for ties, and has a zero among the factors of a product.
_TYING_VALUES = (0, 1, 2, -1)

_ITEM_BYTES = {
    "bool": 1,
    "uint8": 1,
    "int8": 1,
    "int16": 2,
    "float16": 2,
    "bfloat16": 2,
    "int32": 4,
    "float32": 4,
    "int64": 8,
    "float64": 8,
    "complex64": 8,
    "complex128": 16,
}

_sizes = st.sampled_from(_SIZES)
_dtypes = st.sampled_from(_DTYPES)
_index_dtypes = st.sampled_from(_INDEX_DTYPES)
_linalg_dtypes = st.sampled_from((*catalogue.LINALG_DTYPES, *catalogue.LINALG_DTYPES, "float16"))
_shapes = st.lists(_sizes, max_size=_MOST_DIMENSIONS)


# ------------------------------------------------------------------------------------ operators


@st.composite
def expand(draw: Draw) -> str:
    """Any spelling of the target sizes, -1 among them."""
    shape, dtype = draw(_shapes), draw(_dtypes)
    target = draw(st.lists(_sizes, max_size=2))
    target += [draw(_sizes) if size == 1 else size for size in shape]
    target = _mistaken(draw, target)
    x = _tensor(draw, shape, dtype)
    api = draw(st.sampled_from(("paddle.expand", "paddle.broadcast_to", "paddle.expand_as")))
    if api == "paddle.expand_as":
        return _call(api, x, _tensor(draw, target, _mistaken_dtype(draw, dtype)))
    kept = len(target) - len(shape)
    sizes = [
        -1 if draw(st.integers(0, 4)) == 4 and (axis >= kept or _rarely(draw)) else size
        for axis, size in enumerate(target)
    ]
    return _call(api, x, _spelled_sizes(draw, sizes))


@st.composite
def index_add(draw: Draw) -> str:
    """Negative indices and duplicates among the legal ones."""
    shape, dtype = draw(_shapes), draw(_dtypes)
    axis = _axis(draw, len(shape))
    length = _size_at(shape, axis)
    index_shape = [draw(_sizes)]
    value_shape = _with_size(shape, axis, index_shape[0])
    if not shape and draw(st.booleans()):
        value_shape = index_shape
    if _rarely(draw):
        index_shape = draw(_shapes)
    return _call(
        draw(st.sampled_from(("paddle.index_add", "paddle.index_add_"))),
        _tensor(draw, shape, dtype),
        _index(draw, index_shape, -length, length),
        axis,
        _tensor(draw, _mistaken(draw, value_shape), _mistaken_dtype(draw, dtype)),
    )


@st.composite
def index_sample(draw: Draw) -> str:
    """Columns of a matrix; an index of no rows goes with every matrix."""
    shape = [draw(_sizes), draw(_sizes)]
    index_shape = [0 if _rarely(draw) else shape[0], draw(_sizes)]
    dtype = draw(_dtypes)
    x = _tensor(draw, _mistaken(draw, shape), dtype)
    return _call("paddle.index_sample", x, _index(draw, _mistaken(draw, index_shape), 0, shape[1]))


@st.composite
def index_put(draw: Draw) -> str:
    """Integers of both widths and masks side by side, in shapes that broadcast to a common one."""
    shape, dtype = draw(_shapes), draw(_dtypes)
    common = draw(st.lists(_sizes, max_size=3))
    indices: list[str] = []
    start, most = 0, draw(st.integers(1, _MOST_DIMENSIONS))
    # One index more than there are dimensions now and then: also the only way to index a 0-D x.
    while len(indices) < most and (start < len(shape) or _rarely(draw)):
        if draw(st.integers(0, 3)) == 3:
            covered = shape[start : start + draw(st.integers(1, 3))]
            indices.append(_mask(draw, covered, common))
            start += len(covered)
        else:
            length = _size_at(shape, start)
            indices.append(_index(draw, _narrowed(draw, common), -length, length))
            start += 1
    value_shape = _narrowed(draw, common + shape[start:])
    sequence = draw(st.sampled_from(("tuple", "list")))
    return _call(
        draw(st.sampled_from(("paddle.index_put", "paddle.index_put_"))),
        _tensor(draw, shape, dtype),
        f"{sequence}{_brackets(sequence)[0]}{''.join(f'{index},' for index in indices)}"
        f"{_brackets(sequence)[1]}",
        _tensor(draw, _mistaken(draw, value_shape), _mistaken_dtype(draw, dtype)),
        **_options(draw, accumulate=st.booleans()),
    )


@st.composite
def as_strided(draw: Draw) -> str:
    """Views that overlap, have gaps or leave elements out, of a tensor that is itself a view."""
    shape, dtype = draw(_shapes), draw(_dtypes)
    strides = draw(st.lists(st.integers(0, 6), min_size=len(shape), max_size=len(shape)))
    offset = draw(st.sampled_from((0, 0, 1, 2, 5)))
    reach = offset + sum(max(size - 1, 0) * stride for size, stride in zip(shape, strides)) + 1
    if _rarely(draw):
        x_shape = draw(_shapes)  # as likely too small as not
    else:
        columns = draw(st.integers(1, 4))
        rows = math.ceil(reach / columns) + draw(st.integers(0, 2))
        x_shape = draw(st.sampled_from(([rows * columns], [rows, columns], [1, rows, columns])))
    if _rarely(draw):
        strides = [*strides[1:], draw(st.integers(-2, 8))]
    offset_bytes = offset * _ITEM_BYTES[dtype] + (draw(st.integers(-20, 9)) if _rarely(draw) else 0)
    return _call(
        "paddle.as_strided",
        _tensor(draw, x_shape, dtype),
        _list(shape),
        _list(strides),
        *([offset_bytes] if offset_bytes else []),
    )


@st.composite
def put_along_axis(draw: Draw) -> str:
    """Every reduction; values that tie, are larger than the index, or are one number."""
    # Paddle's Python refuses every axis of a 0-D tensor before a kernel is asked.
    shape, dtype = draw(st.lists(_sizes, min_size=1, max_size=_MOST_DIMENSIONS)), draw(_dtypes)
    axis = _axis(draw, len(shape))
    length = _size_at(shape, axis)
    broadcast = draw(st.booleans())
    index_shape = _with_size(shape, axis, draw(_sizes))
    along = axis % len(shape)
    for dimension, size in enumerate(index_shape):
        if dimension != along and draw(st.booleans()):
            index_shape[dimension] = min(1, size) if broadcast else draw(st.integers(0, size))
    if broadcast:
        used = _with_size(shape, axis, _size_at(index_shape, axis))
        values_shape = [size if draw(st.booleans()) else min(1, size) for size in used]
    else:
        values_shape = [size + draw(st.sampled_from((0, 0, 1))) for size in index_shape]
    # Paddle broadcasts a number in the dtype that it has by default.
    numbers = (0, 1, 2, -1, 1.5) if not broadcast else _NUMBERS.get(dtype, ())
    if numbers and draw(st.integers(0, 4)) == 4:
        values: Any = draw(st.sampled_from(numbers))
    else:
        values_shape, values_dtype = _mistaken(draw, values_shape), _mistaken_dtype(draw, dtype)
        values = _tensor(draw, values_shape, values_dtype, ties=draw(st.booleans()))
    options = _options(draw, reduce=st.sampled_from(_REDUCTIONS), include_self=st.booleans())
    if not broadcast:
        options["broadcast"] = False
    return _call(
        draw(st.sampled_from(("paddle.put_along_axis", "paddle.Tensor.put_along_axis_"))),
        _tensor(draw, shape, dtype, ties=draw(st.booleans())),
        _index(draw, _mistaken(draw, index_shape), -length, length),
        values,
        axis,
        **options,
    )


@st.composite
def copysign(draw: Draw) -> str:
    """Both spellings; shapes that broadcast either way, mixed dtypes, numbers."""
    shape, dtype = draw(_shapes), draw(_dtypes)
    api = draw(st.sampled_from(("paddle.copysign", "paddle.copysign_")))
    if draw(st.integers(0, 5)) == 5:
        number = draw(st.sampled_from((-1.5, 2, -0.0, -math.inf, math.nan, -3)))
        return _call(api, _tensor(draw, shape, dtype), number)
    x_shape = shape if api.endswith("_") else _narrowed(draw, shape)
    y_dtype = draw(_dtypes) if draw(st.integers(0, 3)) == 3 else dtype
    y = _tensor(draw, _mistaken(draw, _narrowed(draw, shape)), y_dtype, ties=draw(st.booleans()))
    return _call(api, _tensor(draw, x_shape, dtype, ties=draw(st.booleans())), y)


@st.composite
def unique(draw: Draw) -> str:
    """Elements and slices with ties, NaN now and then, any of the numbers."""
    shape, dtype = draw(_shapes), draw(_dtypes)
    options = _options(
        draw,
        return_index=st.booleans(),
        return_inverse=st.booleans(),
        return_counts=st.booleans(),
        dtype=st.sampled_from(("int64", "int32", "int32", "int64", "float32")),
    )
    if draw(st.booleans()):
        options["axis"] = _axis(draw, len(shape))
    return _call("paddle.unique", _tensor(draw, shape, dtype, ties=draw(st.booleans())), **options)


@st.composite
def batch_norm(draw: Draw) -> str:
    """Statistics of the batch or running ones, with or without weight and bias, any format."""
    shape = draw(st.lists(_sizes, min_size=2, max_size=5))
    dtype = draw(st.sampled_from(("float32", "float64", "float16", "bfloat16")))
    options = _options(
        draw,
        training=st.booleans(),
        use_global_stats=st.sampled_from((True, False, None)),
        momentum=st.sampled_from((0.9, 0.5, 0.0, 1.0)),
        epsilon=st.sampled_from((1e-5, 1e-3)),
        data_format=st.sampled_from(("NCHW", "NHWC", "NC", "NCL", "NLC", "NCDHW", "NDHWC")),
    )
    by_last = options.get("data_format", "NCHW")[1] != "C"
    channels = [shape[-1 if by_last else 1]]
    statistics = "float64" if dtype == "float64" else "float32"
    tensors = [
        _tensor(draw, _mistaken(draw, channels), _mistaken_dtype(draw, statistics))
        for _ in range(draw(st.sampled_from((4, 2))))
    ]
    x = _tensor(draw, _mistaken(draw, shape), dtype)
    return _call("paddle.nn.functional.batch_norm", x, *tensors, **options)


@st.composite
def fused_layer_norm(draw: Draw) -> str:
    """Every set of terms, every axis, sometimes quantized."""
    shape = draw(st.lists(_sizes, min_size=1, max_size=4))
    dtype = draw(st.sampled_from(("float32", "float64", "float16", "bfloat16")))
    axis = draw(st.integers(0, len(shape) - 1))
    axis = draw(st.sampled_from((-1, len(shape)))) if _rarely(draw) else axis
    columns = [math.prod(shape[max(axis, 0) :])]
    wide = "float64" if dtype == "float64" else "float32"
    norms: list[Any] = [None, None]
    quantized = draw(st.integers(0, 4)) == 4
    if quantized or draw(st.integers(0, 3)):
        norms = [_tensor(draw, _mistaken(draw, columns), wide) for _ in range(2)]
    options: dict[str, Any] = {"begin_norm_axis": axis}
    if draw(st.booleans()):
        options["bias"] = _tensor(draw, _mistaken(draw, columns), _mistaken_dtype(draw, dtype))
    if draw(st.booleans()):
        options["residual"] = _tensor(draw, _mistaken(draw, shape), dtype)
        options["residual_alpha"] = draw(st.sampled_from((1.0, 0.5, 0.69204696)))
    if quantized:
        options["quant_scale"] = 0.15
        options["quant_round_type"] = draw(st.sampled_from((0, 1)))
        options["quant_max_bound"] = 127
        options["quant_min_bound"] = draw(st.sampled_from((-127, -128)))
    x = _tensor(draw, shape, dtype)
    api = "paddle.incubate.nn.functional.fused_layer_norm"
    return _call(api, x, *norms, 1e-5, **options)


@st.composite
def cholesky_solve(draw: Draw) -> str:
    """Batches that broadcast, either triangle."""
    batch = draw(st.lists(_sizes, max_size=2))
    size, columns = draw(_sizes), draw(_sizes)
    dtype = draw(_linalg_dtypes)
    x_shape = _mistaken(draw, [*_narrowed(draw, batch), size, columns])
    y_shape = _mistaken(draw, [*_narrowed(draw, batch), size, size])
    y_dtype = _mistaken_dtype(draw, dtype)
    return _call(
        draw(st.sampled_from(_spellings("cholesky_solve"))),
        _tensor(draw, x_shape, dtype),
        _written(y_shape, y_dtype, None, None, 0),
        **_options(draw, upper=st.booleans()),
    )


@st.composite
def eigvals(draw: Draw) -> str:
    """Batches of square matrices, as the harness makes them: eigenvalues apart."""
    return _call(draw(st.sampled_from(_spellings("eigvals"))), _square_matrices(draw))


@st.composite
def eigvalsh(draw: Draw) -> str:
    """Batches of Hermitian matrices, rarely with a triangle that there is not."""
    triangles = ("L", "U", "X") if _rarely(draw) else ("L", "U")
    return _call(
        draw(st.sampled_from(_spellings("eigvalsh"))),
        _square_matrices(draw),
        **_options(draw, UPLO=st.sampled_from(triangles)),
    )


LINES = {
    "expand": expand(),
    "index_add": index_add(),
    "index_sample": index_sample(),
    "index_put": index_put(),
    "as_strided": as_strided(),
    "put_along_axis": put_along_axis(),
    "copysign": copysign(),
    "unique": unique(),
    "batch_norm": batch_norm(),
    "fused_layer_norm": fused_layer_norm(),
    "cholesky_solve": cholesky_solve(),
    "eigvals": eigvals(),
    "eigvalsh": eigvalsh(),
    "variable_length_memory_efficient_attention": variable_length_attention(),
    "fused_multi_head_attention": fused_attention(),
    "conv2d": convolution(),
    "conv2d_transpose": transposed_convolution(),
}


# --------------------------------------------------------------------------------------- choices


def _rarely(draw: Draw) -> bool:
    return draw(st.integers(0, 11)) == 11


def _mistaken(draw: Draw, shape: Shape) -> Shape:
    """The shape, rarely with a dimension or a size that it should not have."""
    if not _rarely(draw):
        return shape
    if not shape or draw(st.booleans()):
        return [*shape, draw(_sizes)]
    axis = draw(st.integers(0, len(shape) - 1))
    changed = [draw(_sizes)] if draw(st.booleans()) else []
    return [*shape[:axis], *changed, *shape[axis + 1 :]]


def _mistaken_dtype(draw: Draw, dtype: str) -> str:
    return draw(_dtypes) if _rarely(draw) else dtype


def _axis(draw: Draw, rank: int) -> int:
    rank = max(rank, 1)
    legal = st.integers(-rank, rank - 1)
    return draw(st.sampled_from((rank, -rank - 1)) if _rarely(draw) else legal)


def _size_at(shape: Shape, axis: int) -> int:
    return shape[axis] if -len(shape) <= axis < len(shape) else 1


def _with_size(shape: Shape, axis: int, size: int) -> Shape:
    if not -len(shape) <= axis < len(shape):
        return [*shape]
    axis %= len(shape)
    return [*shape[:axis], size, *shape[axis + 1 :]]


def _narrowed(draw: Draw, shape: Shape) -> Shape:
    """A shape that broadcasts to `shape`."""
    kept = shape[draw(st.sampled_from((0, 0, *range(len(shape) + 1)))) :]
    return [1 if draw(st.integers(0, 3)) == 3 else size for size in kept]


def _options(draw: Draw, **choices: st.SearchStrategy) -> dict[str, Any]:
    """Keyword arguments, each left out in half of the lines."""
    return {name: draw(choice) for name, choice in choices.items() if draw(st.booleans())}


# --------------------------------------------------------------------------------------- tensors


def _tensor(draw: Draw, shape: Shape, dtype: str, *, ties: bool = False) -> str:
    """A tensor with the harness's values, or few different ones; rarely NaN or infinity."""
    values = None
    if ties:
        special = (math.nan, math.inf, -math.inf) if dtype in catalogue.FLOATING_DTYPES else ()
        chosen = st.sampled_from((*_TYING_VALUES, *special) if _rarely(draw) else _TYING_VALUES)
        values = draw(_lists_of(chosen, math.prod(shape)))
    return _written(shape, dtype, values, *_layout(draw, shape))


def _square_matrices(draw: Draw) -> str:
    """Contiguous: a view that repeats elements would not hold the harness's matrices."""
    size = draw(_sizes)
    shape = _mistaken(draw, [*draw(st.lists(_sizes, max_size=2)), size, size])
    return _written(shape, draw(_linalg_dtypes), None, None, 0)


def _spellings(name: str) -> tuple[str, ...]:
    return (f"paddle.linalg.{name}", f"paddle.Tensor.{name}")


def _index(draw: Draw, shape: Shape, low: int, high: int) -> str:
    """Indices in [low, high), rarely some outside or of another dtype."""
    if _rarely(draw):
        low, high = low - 2, high + 2
    legal = st.integers(low, high - 1) if low < high else st.just(0)
    values = draw(_lists_of(legal, math.prod(shape)))
    dtype = draw(_dtypes) if draw(st.integers(0, 29)) == 29 else draw(_index_dtypes)
    return _written(shape, dtype, values, *_layout(draw, shape))


def _mask(draw: Draw, shape: Shape, common: Shape) -> str:
    """A mask, mostly with as many true places as broadcast to the common shape."""
    shape = _mistaken(draw, shape)
    count = math.prod(shape)
    true = common[-1] if common and draw(st.integers(0, 3)) else 1
    if true > count or _rarely(draw):
        true = draw(st.integers(0, count))
    # A permutation of many places would use up what hypothesis draws from.
    first, step = draw(st.integers(0, max(count - 1, 0))), draw(st.sampled_from((1, 2, 3)))
    order = sorted(range(count), key=lambda place: ((place - first) % count % step, place))
    values = [int(place in order[:true]) for place in range(count)]
    return _written(shape, "bool", values, *_layout(draw, shape))


def _lists_of(elements: st.SearchStrategy, length: int) -> st.SearchStrategy:
    """Lists of a length; of a long one the first elements again and again."""
    drawn = min(length, 24)
    return st.lists(elements, min_size=drawn, max_size=drawn).map(
        lambda values: [values[place % drawn] for place in range(length)]
    )


def _layout(draw: Draw, shape: Shape) -> tuple[Shape | None, int]:
    """Strides and an offset of a view: dimensions in any order, gaps between them, broadcast."""
    if not shape or draw(st.integers(0, 2)) < 2:
        return None, 0
    strides = [0] * len(shape)
    step = 1
    for axis in draw(st.permutations(range(len(shape)))):
        step *= draw(st.sampled_from((1, 1, 2)))
        if not _rarely(draw):
            strides[axis] = step
            step *= max(shape[axis], 1)
    return strides, draw(st.sampled_from((0, 0, 1, 3)))


# -------------------------------------------------------------------------------------- spelling


def _call(api: str, *arguments: Any, **keywords: Any) -> str:
    words = [str(argument) for argument in arguments]
    words += [f"{name}={_word(value)}" for name, value in keywords.items()]
    return f"{api}({', '.join(words)}, )"


def _word(value: Any) -> str:
    """A keyword's value; tensors are written already."""
    is_text = isinstance(value, str) and not value.startswith("Tensor(")
    return f'"{value}"' if is_text else str(value)


def _written(
    shape: Shape, dtype: str, values: Sequence | None, strides: Shape | None, offset: int
) -> str:
    options = "" if values is None else f",values={_list(values)}"
    options += "" if strides is None else f",strides={_list(strides)}"
    options += f",offset={offset}" if offset else ""
    return f'Tensor({shape},"{dtype}"{options})'


def _list(values: Sequence) -> str:
    return f"list[{''.join(f'{value},' for value in values)}]"


def _brackets(sequence: str) -> str:
    return "()" if sequence == "tuple" else "[]"


def _spelled_sizes(draw: Draw, sizes: Shape) -> str:
    """A shape as a list, a tuple, a tensor or a list with tensors in it."""
    spelling = draw(st.sampled_from(("list", "tuple", "tensor", "mixed")))
    if spelling == "list":
        return _list(sizes)
    if spelling == "tuple":
        return f"tuple({''.join(f'{size},' for size in sizes)})"
    if spelling == "tensor":
        return _written([len(sizes)], draw(_index_dtypes), sizes, None, 0)
    return _list([_spelled_size(draw, size) for size in sizes])


def _spelled_size(draw: Draw, size: int) -> str:
    if draw(st.booleans()):
        return str(size)
    shape = draw(st.sampled_from(([], [1])))
    return _written(shape, draw(_index_dtypes), [size], None, 0)
