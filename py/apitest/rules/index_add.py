"""index_add and index_add_."""

from __future__ import annotations

from typing import Any

from paddlemend import catalogue
from paddlemend.apitest.generators import axis_index
from paddlemend.apitest.rules.complex_operand import real_operand
from paddlemend.apitest.rules.model import (
    Arguments,
    Difference,
    LibraryCall,
    Parameter,
    Rule,
    TorchCall,
)

_PARAMETERS = (
    Parameter("x", aliases=("input",)),
    Parameter("index", axis_index),
    Parameter("axis", aliases=("dim",)),
    Parameter("value", aliases=("source",)),
    Parameter("alpha"),
    Parameter("name"),
)


def _library(in_place: bool) -> LibraryCall:
    return LibraryCall(
        function="index_add",
        arguments=("x", "index", "axis", "value"),
        gradient_function="index_add_grad",
        gradient_arguments=("out_grad", "index", "axis", "x", "value"),
        gradients=("x", "value"),
        written={"out": "x"} if in_place else {},
    )


def _torch(path: str) -> TorchCall:
    return TorchCall(path, ("x", "axis", "index", "value"), {"alpha": "alpha"})


def _has_negative_index(arguments: Arguments) -> bool:
    index: Any = arguments.get("index")
    return getattr(index, "dtype", None) in ("int32", "int64") and bool((index < 0).any())


def _with_wrapped_index(arguments: Arguments) -> Arguments:
    """Adds the length of the axis to every negative index, as Paddle does.

    A call whose axis is out of range is left alone: it is refused for that reason.
    """
    shape = getattr(arguments.get("x"), "shape", ()) or (1,)
    axis, index = arguments.get("axis"), arguments["index"]
    if not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return arguments
    return {**arguments, "index": index + shape[axis] * (index < 0)}


_DIFFERENCES = (
    Difference("index_add.negative_index", _has_negative_index, _with_wrapped_index),
    real_operand("index_add", ("value", "x")),
)

RULES = (
    Rule(
        path="paddle.index_add",
        aliases=("paddle.Tensor.index_add",),
        operator=catalogue.operator("index_add"),
        parameters=_PARAMETERS,
        reference=_torch("torch.index_add"),
        library=_library(in_place=False),
        differences=_DIFFERENCES,
    ),
    Rule(
        path="paddle.index_add_",
        aliases=("paddle.Tensor.index_add_",),
        operator=catalogue.operator("index_add"),
        parameters=_PARAMETERS,
        reference=_torch("torch.Tensor.index_add_"),
        library=_library(in_place=True),
        overwrites=("x",),
        differences=_DIFFERENCES,
    ),
)
