"""as_strided."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch
from paddlemend import catalogue
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import Arguments, Difference, LibraryCall, Parameter, Rule

_MOST_ELEMENTS = 2**63 - 1

# Torch refuses it, as an offset that is not a whole number of elements must be.
_NO_OFFSET = -1


def as_strided(
    x: torch.Tensor, shape: Sequence[int], stride: Sequence[int], offset: int = 0
) -> torch.Tensor:
    """The view of the memory of x from `offset` on, in elements of it, not of x.

    Torch's own default is where x starts, and it counts too many elements modulo 2**64.
    """
    count = prod(shape)
    require(count <= _MOST_ELEMENTS, f"shape {list(shape)} has more than {_MOST_ELEMENTS} elements")
    return torch.as_strided(x, shape, stride, offset)


def _has_offset(arguments: Arguments) -> bool:
    offset: Any = arguments.get("offset", 0)
    return isinstance(offset, int) and offset != 0


def _with_offset_in_elements(arguments: Arguments) -> Arguments:
    """Torch counts the offset in elements, also from the start of the allocation."""
    elements, rest = divmod(arguments["offset"], arguments["x"].itemsize)
    return {**arguments, "offset": _NO_OFFSET if rest else elements}


def _strides(values: Arguments) -> list[int]:
    return list(values["x"].stride())


def _start(values: Arguments) -> int:
    """Where x starts in its memory, in bytes."""
    return values["x"].storage_offset() * values["x"].itemsize


def _memory(values: Arguments) -> torch.Tensor:
    """All elements of the memory that x lies in."""
    x: torch.Tensor = values["x"]
    return x.as_strided([x.untyped_storage().nbytes() // x.itemsize], [1], 0)


RULES = (
    Rule(
        path="paddle.as_strided",
        aliases=("paddle.Tensor.as_strided", "paddle.tensor.as_strided"),
        operator=catalogue.operator("as_strided"),
        parameters=(
            Parameter("x"),
            Parameter("shape"),
            Parameter("stride"),
            Parameter("offset"),
            Parameter("name"),
        ),
        reference=as_strided,
        library=LibraryCall(
            function="as_strided_copy",
            arguments=(_memory, "shape", "stride", "offset"),
            gradient_function="as_strided_grad",
            gradient_arguments=("out_grad", "stride", "offset", _strides, _start, "x"),
            gradients=("x",),
            defaults={"offset": 0},
            derived=frozenset({"x"}),
        ),
        differences=(Difference("as_strided.byte_offset", _has_offset, _with_offset_in_elements),),
    ),
)
