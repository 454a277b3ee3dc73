"""as_strided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from paddlemend import catalogue
from paddlemend.apitest.rules.model import Arguments, Difference, Parameter, Rule

# Torch refuses it, as an offset that is not a whole number of elements must be.
_NO_OFFSET = -1


def as_strided(
    x: torch.Tensor, shape: Sequence[int], stride: Sequence[int], offset: int = 0
) -> torch.Tensor:
    """Torch's view from `offset` elements after the start of the memory, not from x's own start.

    That is where Torch's begins if no offset is given.
    """
    return torch.as_strided(x, shape, stride, offset)


def _has_offset(arguments: Arguments) -> bool:
    offset: Any = arguments.get("offset", 0)
    return isinstance(offset, int) and offset != 0


def _with_offset_in_elements(arguments: Arguments) -> Arguments:
    """Torch counts the offset in elements, also from the start of the allocation."""
    elements, rest = divmod(arguments["offset"], arguments["x"].itemsize)
    return {**arguments, "offset": _NO_OFFSET if rest else elements}


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
        differences=(Difference("as_strided.byte_offset", _has_offset, _with_offset_in_elements),),
    ),
)
