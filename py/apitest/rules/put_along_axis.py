"""put_along_axis and put_along_axis_."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
from paddlemend import catalogue
from paddlemend.apitest.generators_index import index_along_axis
from paddlemend.apitest.rules.complex_operand import real_operand
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import Arguments, LibraryCall, Output, Parameter, Rule
from paddlemend.apitest.rules.scatter_reference import Extreme, assign_last, multiply

_REDUCTIONS = ("assign", "add", "mul", "multiply", "mean", "amax", "amin")

# Bytes of the reference for an entry of the index: its row, its order, its factors.
_SCRATCH_BYTES = 64


def put_along_axis(
    arr: torch.Tensor,
    indices: torch.Tensor,
    values: torch.Tensor | float,
    axis: int,
    reduce: str = "assign",
    include_self: bool = True,
    broadcast: bool = True,
) -> torch.Tensor:
    """arr with every value combined into the element that its index selects along `axis`.

    An entry `e` of indices at [.., i, ..] means element [.., e, ..] of arr. With `broadcast` an
    index that is nowhere longer than arr is broadcast to arr's other dimensions, and values to the
    index; without it they are used as they are: the index is at most as long as the values
    everywhere, and as arr but along the axis. "assign": the last value wins and alone has a
    gradient.
    """
    if arr.ndim == 0 and indices.ndim == 0:  # counts as one dimension, as in Torch
        arr, indices = arr.reshape(1), indices.reshape(1)
        values = values.reshape(1) if _is_0d(values) else values
        result = put_along_axis(arr, indices, values, axis, reduce, include_self, broadcast)
        return result.reshape(())
    _require_legal(arr, indices, values, axis, reduce)
    axis %= arr.ndim
    is_number = not isinstance(values, torch.Tensor)
    if is_number:
        values = torch.as_tensor(values, device=arr.device).to(arr.dtype)
    if broadcast:
        indices = indices.expand(_broadcast_shape(arr.shape, indices.shape, axis))
    if broadcast or is_number:
        values = values.expand(indices.shape)
    _require_fitting(arr.shape, indices.shape, values.shape, axis)
    if arr.is_meta:
        return torch.empty_like(arr)
    used = values[tuple(slice(size) for size in indices.shape)]
    rows = _rows(arr.shape, indices.long(), axis)
    if not len(rows):
        return arr.clone()
    out = _combine(arr.reshape(-1), rows, used.reshape(-1), reduce, include_self)
    return out.reshape(arr.shape)


def put_along_axis_(
    arr: torch.Tensor,
    indices: torch.Tensor,
    values: torch.Tensor | float,
    axis: int,
    reduce: str = "assign",
    include_self: bool = True,
    broadcast: bool = True,
) -> torch.Tensor:
    """put_along_axis into arr itself."""
    return arr.copy_(
        put_along_axis(arr.clone(), indices, values, axis, reduce, include_self, broadcast)
    )


def _combine(
    arr: torch.Tensor, rows: torch.Tensor, values: torch.Tensor, reduce: str, include_self: bool
) -> torch.Tensor:
    """The 1-D arr with the values combined into the elements at `rows`."""
    if reduce == "assign":
        return assign_last(arr, rows, values)
    if reduce in ("mul", "multiply"):
        return multiply(arr, rows, values, include_self)
    if reduce in ("amax", "amin"):
        return Extreme.apply(arr, rows, values, reduce, include_self)
    if reduce == "mean" and not arr.is_complex():
        return arr.scatter_reduce(0, rows, values, "mean", include_self=include_self)
    start = arr if include_self else arr.index_fill(0, rows, 0)
    total = start.scatter_add(0, rows, values)
    if reduce == "add":
        return total
    # Torch does not differentiate the mean of complex numbers.
    count = torch.full(arr.shape, float(include_self), dtype=arr.dtype)
    count = count.scatter_add(0, rows, torch.ones_like(values.detach()))
    return total / torch.where(count == 0, 1, count)


def _require_legal(
    arr: torch.Tensor, indices: torch.Tensor, values: Any, axis: int, reduce: str
) -> None:
    require(
        indices.dtype in (torch.int32, torch.int64),
        f"indices must be int32 or int64, got {indices.dtype}",
    )
    require(arr.ndim == indices.ndim, f"arr has {arr.ndim} dimensions, indices {indices.ndim}")
    require(-arr.ndim <= axis < arr.ndim, f"axis {axis} is not in [{-arr.ndim}, {arr.ndim})")
    if isinstance(values, torch.Tensor):
        require(arr.dtype == values.dtype, f"arr is {arr.dtype}, values {values.dtype}")
    require(reduce in _REDUCTIONS, f"reduce must be one of {_REDUCTIONS}, got {reduce!r}")
    ordered = reduce in ("amax", "amin")
    require(not (ordered and arr.is_complex()), f"{reduce} of complex numbers")
    require(not (reduce == "mean" and arr.dtype == torch.bool), "mean of bool")


def _broadcast_shape(
    arr_shape: Sequence[int], index_shape: Sequence[int], axis: int
) -> Sequence[int]:
    """The shape to which Paddle broadcasts an index: its own if it is longer than arr somewhere."""
    if any(size < index_size for size, index_size in zip(arr_shape, index_shape)):
        return index_shape
    return [*arr_shape[:axis], index_shape[axis], *arr_shape[axis + 1 :]]


def _require_fitting(
    arr_shape: Sequence[int], index_shape: Sequence[int], values_shape: Sequence[int], axis: int
) -> None:
    """The shape rules of torch.scatter."""
    require(
        len(values_shape) == len(index_shape),
        f"values has {len(values_shape)} dimensions, indices {len(index_shape)}",
    )
    for dimension, size in enumerate(index_shape):
        fits_arr = dimension == axis or size <= arr_shape[dimension]
        require(
            fits_arr and size <= values_shape[dimension],
            f"indices of shape {list(index_shape)} do not fit in arr of shape {list(arr_shape)} "
            f"and values of shape {list(values_shape)} at dimension {dimension}",
        )


def _rows(arr_shape: Sequence[int], indices: torch.Tensor, axis: int) -> torch.Tensor:
    """The row-major number of the element that each entry selects; entries are checked."""
    size = arr_shape[axis]
    require(
        (indices >= -size).all() & (indices < size).all(), f"an index is not in [{-size}, {size})"
    )
    rows = torch.zeros(indices.shape, dtype=torch.int64)
    for dimension, length in enumerate(arr_shape):
        if dimension == axis:
            place = torch.where(indices < 0, indices + size, indices)
        else:
            trailing = [1] * (len(arr_shape) - dimension - 1)
            place = torch.arange(indices.shape[dimension]).reshape(-1, *trailing)
        rows = rows * length + place
    return rows.reshape(-1)


def _is_0d(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.ndim == 0


def _moves_data(arguments: Arguments) -> bool:
    return arguments.get("reduce", "assign") == "assign"


def _scratch(shapes: Mapping[str, Sequence[int]]) -> int:
    return _SCRATCH_BYTES * prod(shapes.get("indices", ()))


_PARAMETERS = (
    Parameter("arr"),
    Parameter("indices", index_along_axis),
    Parameter("values"),
    Parameter("axis"),
    Parameter("reduce"),
    Parameter("include_self"),
    Parameter("broadcast"),
)


def _left_to_python(values: Arguments) -> str:
    arr, indices, value = values["arr"], values["indices"], values["values"]
    shapes = [getattr(tensor, "shape", None) for tensor in (indices, value)]
    if shapes[0] != shapes[1]:
        return "the broadcasting of values to indices"
    if values["reduce"] == "multiply":
        return "multiply as a name of mul"
    axis = values["axis"]
    broadcasts = values["broadcast"] and any(
        mine != theirs
        for d, (mine, theirs) in enumerate(zip(indices.shape, arr.shape))
        if d != axis % max(arr.ndim, 1)
    )
    return "the broadcasting of indices to arr" if broadcasts else ""


def _library(in_place: bool) -> LibraryCall:
    arguments = ("arr", "indices", "values", "axis", "reduce", "include_self")
    return LibraryCall(
        function="put_along_axis",
        arguments=arguments,
        gradient_function="put_along_axis_grad",
        gradient_arguments=(*arguments[:3], Output(0), "out_grad", *arguments[3:]),
        gradients=("arr", "values"),
        written={"out": "arr"} if in_place else {},
        defaults={"reduce": "assign", "include_self": True, "broadcast": True},
        lacks=_left_to_python,
    )


_DIFFERENCES = (real_operand("put_along_axis", ("values", "arr")),)

RULES = (
    Rule(
        path="paddle.put_along_axis",
        aliases=("paddle.Tensor.put_along_axis", "paddle.tensor.put_along_axis"),
        operator=catalogue.operator("put_along_axis"),
        parameters=_PARAMETERS,
        reference=put_along_axis,
        library=_library(in_place=False),
        differentiable=("arr", "values"),
        moves_data=_moves_data,
        scratch=_scratch,
        differences=_DIFFERENCES,
    ),
    Rule(
        path="paddle.Tensor.put_along_axis_",
        aliases=("paddle.tensor.put_along_axis_",),
        operator=catalogue.operator("put_along_axis"),
        parameters=_PARAMETERS,
        reference=put_along_axis_,
        library=_library(in_place=True),
        overwrites=("arr",),
        differentiable=("arr", "values"),
        moves_data=_moves_data,
        scratch=_scratch,
        differences=_DIFFERENCES,
    ),
)
