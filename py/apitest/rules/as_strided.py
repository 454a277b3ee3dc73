"""as_strided."""

from __future__ import annotations

from typing import Any

from paddlemend import catalogue
from paddlemend.apitest.rules.model import Arguments, Difference, Parameter, Rule, TorchCall

# Torch refuses it, as an offset that is not a whole number of elements must be.
_NO_OFFSET = -1


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
        reference=TorchCall("torch.as_strided", ("x", "shape", "stride", "offset")),
        differences=(Difference("as_strided.byte_offset", _has_offset, _with_offset_in_elements),),
    ),
)
