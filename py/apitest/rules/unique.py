"""unique."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from paddlemend import catalogue
from paddlemend.apitest.generators import repeating
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import Arguments, Difference, LibraryCall, Parameter, Rule

_INDEX_DTYPES = {"int32": torch.int32, "int64": torch.int64}

# Bytes of the reference for an element of x: its order, its inverse, their copies.
_SCRATCH_BYTES = 48


def unique(
    x: torch.Tensor,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    dtype: Any = "int64",
    sorted: bool = True,
) -> list[torch.Tensor]:
    """The distinct elements of x, or its distinct slices along `axis`, in ascending order.

    Slices are compared like words. Every NaN is a value of its own, and they come last. A value is
    taken from its first place in x, which is its index; the inverse is flat. `sorted` means
    nothing, as in Torch. Slices without elements are refused, as in Torch.
    """
    index_dtype = _INDEX_DTYPES.get(str(dtype).rpartition(".")[2])
    require(index_dtype is not None, f"dtype must be int32 or int64, got {dtype}")
    require(not x.is_complex(), f"x must be real, got {x.dtype}")
    if axis is None:
        x, axis = x.reshape(-1), 0
    _require_axis(x.shape, axis)
    if x.is_meta:  # the most there may be
        first = inverse = counts = torch.empty(x.shape[axis], dtype=torch.int64, device="meta")
    else:
        first, inverse, counts = map(torch.from_numpy, distinct(_words(x, axis)))
    values = x.index_select(axis, first)
    optional = ((return_index, first), (return_inverse, inverse), (return_counts, counts))
    return [values, *(tensor.to(index_dtype) for wanted, tensor in optional if wanted)]


def distinct(words: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First places, inverse and counts of the distinct rows of `words`, [count, letters].

    The rows are compared letter by letter; NaN is larger than everything and equal to nothing.
    """
    count = len(words)
    order = np.lexsort(words.T[::-1]) if count else np.zeros(0, np.int64)
    in_order = words[order]
    starts = np.ones(count, bool)
    starts[1:] = (in_order[1:] != in_order[:-1]).any(axis=1)
    places = np.flatnonzero(starts)
    inverse = np.empty(count, np.int64)
    inverse[order] = np.cumsum(starts) - 1
    return order[places], inverse, np.diff(np.append(places, count))


def _words(x: torch.Tensor, axis: int) -> np.ndarray:
    """The slices of x along `axis` as rows, in a dtype that NumPy compares."""
    data = (x.float() if x.dtype == torch.bfloat16 else x).detach().cpu().numpy()
    return np.moveaxis(data, axis, 0).reshape(x.shape[axis], prod(x.shape) // max(x.shape[axis], 1))


def _require_axis(shape: Sequence[int], axis: Any) -> None:
    rank = len(shape)
    in_range = isinstance(axis, int) and -rank <= axis < rank
    require(in_range, f"axis must be in [{-rank}, {rank}), got {axis!r}")
    require(prod(shape) or not shape[axis], f"the slices of {list(shape)} have no elements")


def _has_inverse_of_several_axes(arguments: Arguments) -> bool:
    wanted = arguments.get("return_inverse", False) and arguments.get("axis") is None
    return bool(wanted) and getattr(arguments.get("x"), "ndim", 1) != 1


def _scratch(shapes: Mapping[str, Sequence[int]]) -> int:
    return prod(shapes.get("x", ())) * _SCRATCH_BYTES


RULES = (
    Rule(
        path="paddle.unique",
        aliases=("paddle.Tensor.unique", "paddle.tensor.unique"),
        operator=catalogue.operator("unique"),
        parameters=(
            Parameter("x", repeating),
            Parameter("return_index"),
            Parameter("return_inverse"),
            Parameter("return_counts"),
            Parameter("axis"),
            Parameter("dtype"),
            Parameter("sorted"),  # since 3.1
            Parameter("name"),
        ),
        reference=unique,
        library=LibraryCall(
            function="unique",
            arguments=("x", "return_index", "return_inverse", "return_counts", "axis", "dtype"),
            defaults={
                "return_index": False,
                "return_inverse": False,
                "return_counts": False,
                "axis": None,
                "dtype": "int64",
            },
        ),
        differentiable=(),
        differences=(Difference("unique.flat_inverse", _has_inverse_of_several_axes),),
        scratch=_scratch,
    ),
)
