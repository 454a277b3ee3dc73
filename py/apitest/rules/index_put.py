"""index_put and index_put_."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from paddlemend import catalogue
from paddlemend.apitest.generators_index import index_put_tensor
from paddlemend.apitest.rules.complex_operand import real_operand
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import Arguments, LibraryCall, Parameter, Rule
from paddlemend.apitest.rules.scatter_reference import AssignRows

_INDEX_DTYPES = (torch.int32, torch.int64, torch.bool)


def index_put(
    x: torch.Tensor,
    indices: Sequence[torch.Tensor],
    value: torch.Tensor,
    accumulate: bool = False,
) -> torch.Tensor:
    """x with x[indices] = value, or with x[indices] += value if `accumulate`.

    The indices stand for the leading dimensions of x in their order: an integer index for one, a
    mask for as many as it has, like an index for each that lists its true places (a mask without
    dimensions stands for none and has one place or none, as in NumPy). Their shapes
    broadcast; value broadcasts to that shape followed by the other dimensions of x. Of several
    values for one place the last one stays, and all get its gradient.
    """
    require(
        isinstance(indices, (list, tuple)) and len(indices) > 0,
        "indices must be a list or tuple of at least one tensor",
    )
    require(x.dtype == value.dtype, f"x is {x.dtype}, value {value.dtype}")
    indexed = _indexed_dimensions(x, indices)
    if x.is_meta:  # where the true places of a mask are is not known
        return torch.empty_like(x)
    selections = [_places(index) for index in indices]
    shape = torch.broadcast_shapes(*(places.shape[:-1] for places in selections))
    rest = x.shape[indexed:]
    values = value.expand([*shape, *rest]).reshape(prod(shape), prod(rest))
    columns = [column for places in selections for column in places.unbind(-1)]
    positions = [column.expand(shape).reshape(-1) for column in columns]
    rows = _rows(x.shape[:indexed], positions, prod(shape), x.device)
    flat = x.reshape(prod(x.shape[:indexed]), prod(rest))
    if accumulate:
        out = flat.index_put((rows,), values, accumulate=True)
    else:
        out = AssignRows.apply(flat, rows, values)
    return out.reshape(x.shape)


def index_put_(
    x: torch.Tensor,
    indices: Sequence[torch.Tensor],
    value: torch.Tensor,
    accumulate: bool = False,
) -> torch.Tensor:
    """index_put into x itself."""
    return x.copy_(index_put(x.clone(), indices, value, accumulate))


def _indexed_dimensions(x: torch.Tensor, indices: Sequence[torch.Tensor]) -> int:
    """How many dimensions of x the indices stand for; all their dtypes and shapes are checked."""
    start = 0
    for number, index in enumerate(indices):
        name = f"indices[{number}]"
        require(isinstance(index, torch.Tensor), f"{name} must be a tensor")
        require(
            index.dtype in _INDEX_DTYPES, f"{name} must be an integer or bool, got {index.dtype}"
        )
        is_mask = index.dtype == torch.bool
        end = start + (index.ndim if is_mask else 1)
        require(end <= x.ndim, f"the indices stand for more dimensions than the {x.ndim} of x")
        require(
            not is_mask or index.shape == x.shape[start:end],
            f"{name} has shape {list(index.shape)}, x has {list(x.shape[start:end])} there",
        )
        start = end
    return start


def _places(index: torch.Tensor) -> torch.Tensor:
    """[*shape of the index, dimensions of x that it stands for]: the positions that it selects."""
    return index.nonzero() if index.dtype == torch.bool else index.long().unsqueeze(-1)


def _rows(
    sizes: Sequence[int], positions: Sequence[torch.Tensor], count: int, device: torch.device
) -> torch.Tensor:
    """The row-major numbers of `count` places in a tensor of these sizes; all are checked."""
    rows = torch.zeros(count, dtype=torch.int64, device=device)
    for axis, (size, position) in enumerate(zip(sizes, positions)):
        require(
            (position >= -size).all() & (position < size).all(),
            f"an index of dimension {axis} is not in [{-size}, {size})",
        )
        rows = rows * size + torch.where(position < 0, position + size, position)
    return rows


def _moves_data(arguments: Arguments) -> bool:
    return not arguments.get("accumulate", False)


_PARAMETERS = (
    Parameter("x", aliases=("input",)),
    Parameter("indices", index_put_tensor),
    Parameter("value", aliases=("values",)),
    Parameter("accumulate"),
    Parameter("name"),
)


def _library(in_place: bool) -> LibraryCall:
    return LibraryCall(
        function="index_put",
        arguments=("x", "indices", "value", "accumulate"),
        gradient_function="index_put_grad",
        gradient_arguments=("out_grad", "indices", "accumulate", "x", "value"),
        gradients=("x", "value"),
        written={"out": "x"} if in_place else {},
        defaults={"accumulate": False},
    )


_DIFFERENCES = (real_operand("index_put", ("value", "x")),)

RULES = (
    Rule(
        path="paddle.index_put",
        aliases=("paddle.Tensor.index_put", "paddle.tensor.index_put"),
        operator=catalogue.operator("index_put"),
        parameters=_PARAMETERS,
        reference=index_put,
        library=_library(in_place=False),
        differentiable=("x", "value"),
        moves_data=_moves_data,
        differences=_DIFFERENCES,
    ),
    Rule(
        path="paddle.index_put_",
        aliases=("paddle.Tensor.index_put_", "paddle.tensor.index_put_"),
        operator=catalogue.operator("index_put"),
        parameters=_PARAMETERS,
        reference=index_put_,
        library=_library(in_place=True),
        overwrites=("x",),
        differentiable=("x", "value"),
        moves_data=_moves_data,
        differences=_DIFFERENCES,
    ),
)
