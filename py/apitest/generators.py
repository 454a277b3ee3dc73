"""Generators of legal tensor values, for the `values` of a rule's parameters.

A generator is called with the bound call, the tensor's spec and a random generator that is a
function of the line, the seed and the tensor alone.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from paddlemend.apitest.case_line import TensorSpec
from paddlemend.apitest.host_tensor import HostTensor, numpy_dtype, round_to

if TYPE_CHECKING:
    from paddlemend.apitest.binding import BoundCall

# Sizes given to a dimension that a shape in tensors leaves free.
_FREE_SIZES = (1, 2, 3)

# Share of the calls whose legal index also holds negative values.
_NEGATIVE_INDEX_SHARE = 0.5


def random_values(shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> HostTensor:
    """Fresh values: normal for floating and complex dtypes, the full range for integers."""
    if dtype == "bool":
        return HostTensor(dtype, np.asarray(rng.integers(0, 2, shape, bool)))
    numpy_type = numpy_dtype(dtype)
    if numpy_type.kind in "iu" and dtype != "bfloat16":
        limits = np.iinfo(numpy_type)
        return HostTensor(
            dtype,
            np.asarray(rng.integers(limits.min, limits.max, shape, numpy_type, endpoint=True)),
        )
    if numpy_type.kind == "c":
        data = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        return HostTensor(dtype, np.asarray(data, numpy_type))
    wide = np.float64 if dtype == "float64" else np.float32
    return round_to(dtype, np.asarray(rng.standard_normal(shape, wide)))


def unconstrained(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Values without any condition."""
    return random_values(spec.shape, spec.dtype, rng)


def small_integers(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Integers in [0, 10), so that they serve as indices of most tensors; others as they come."""
    if numpy_dtype(spec.dtype).kind in "iu" and spec.dtype != "bfloat16":
        return round_to(spec.dtype, np.asarray(rng.integers(0, 10, spec.shape)))
    return random_values(spec.shape, spec.dtype, rng)


def indices_below(
    length: int, spec: TensorSpec, rng: np.random.Generator, *, negative: bool = True
) -> HostTensor:
    """Indices of an axis of `length`, in half of the calls negative ones too.

    Zeros where no legal index exists.
    """
    if length == 0:
        return HostTensor(spec.dtype, np.zeros(spec.shape, numpy_dtype(spec.dtype)))
    signed = negative and numpy_dtype(spec.dtype).kind != "u"
    low = -length if signed and rng.random() < _NEGATIVE_INDEX_SHARE else 0
    return round_to(spec.dtype, np.asarray(rng.integers(low, length, spec.shape)))


def axis_index(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Indices into the axis `axis` of `x`; zeros where no legal index exists."""
    shape = call.arguments["x"].shape or (1,)
    axis = call.arguments.get("axis", 0)
    in_range = isinstance(axis, int) and -len(shape) <= axis < len(shape)
    return indices_below(shape[axis] if in_range else 0, spec, rng)


def broadcast_sizes(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Legal target sizes of a broadcast of `x`, for a `shape` tensor or one element of `shape`."""
    sizes: Any = call.arguments["shape"]
    count = prod(spec.shape)
    if isinstance(sizes, TensorSpec):
        positions, total = range(count), count
    else:
        position = next(i for i, size in enumerate(sizes) if size is spec)
        positions, total = range(position, position + count), len(sizes)
    x_shape = call.arguments["x"].shape
    legal = []
    for position in positions:
        axis = position - (total - len(x_shape))
        size = x_shape[axis] if 0 <= axis < len(x_shape) else 1
        legal.append(int(rng.choice(_FREE_SIZES)) if size == 1 else size)
    return round_to(spec.dtype, np.array(legal, np.int64).reshape(spec.shape))


def positive(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Numbers in [0.5, 2), for variances."""
    return round_to(spec.dtype, np.asarray(rng.uniform(0.5, 2.0, spec.shape)))


def repeating(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Elements, or with an integer `axis` slices along it, of which about half occur twice."""
    axis = call.arguments.get("axis")
    rank = len(spec.shape)
    if isinstance(axis, int) and -rank <= axis < rank:
        shape = list(spec.shape)
        count = shape[axis]
        shape[axis] = (count + 1) // 2
        pool = random_values(tuple(shape), spec.dtype, rng)
        chosen = rng.integers(0, max(shape[axis], 1), count)
        return HostTensor(spec.dtype, pool.data.take(chosen, axis))
    count = prod(spec.shape)
    pool = random_values(((count + 1) // 2,), spec.dtype, rng)
    chosen = rng.integers(0, max(len(pool.data), 1), spec.shape)
    return HostTensor(spec.dtype, np.asarray(pool.data[chosen]))
