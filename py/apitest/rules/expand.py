"""expand, broadcast_to, expand_as."""

from __future__ import annotations

from paddlemend import catalogue
from paddlemend.apitest.generators import broadcast_sizes
from paddlemend.apitest.rules.model import (
    SIZES,
    Arguments,
    Difference,
    LibraryCall,
    Parameter,
    Rule,
    ShapeOf,
    TorchCall,
)

_X = Parameter("x", aliases=("input",))
_NAME = Parameter("name")

_LIBRARY = LibraryCall(
    function="expand",
    arguments=("x", "shape"),
    gradient_function="expand_grad",
    gradient_arguments=("out_grad", "x"),
    gradients=("x",),
)


def _is_empty_shape(arguments: Arguments) -> bool:
    shape = arguments.get("shape")
    return isinstance(shape, (list, tuple)) and len(shape) == 0 and arguments["x"].ndim > 0


def _with_shape_of_x(arguments: Arguments) -> Arguments:
    return {**arguments, "shape": list(arguments["x"].shape)}


_DIFFERENCES = (
    Difference("expand.empty_shape", _is_empty_shape, _with_shape_of_x, may_refuse=True),
)

RULES = (
    Rule(
        path="paddle.expand",
        aliases=("paddle.Tensor.expand",),
        operator=catalogue.operator("expand"),
        parameters=(
            _X,
            Parameter("shape", broadcast_sizes, SIZES, aliases=("size",), variadic=True),
            _NAME,
        ),
        reference=TorchCall("torch.Tensor.expand", ("x", "shape")),
        library=_LIBRARY,
        differences=_DIFFERENCES,
    ),
    Rule(
        path="paddle.broadcast_to",
        aliases=("paddle.Tensor.broadcast_to",),
        operator=catalogue.operator("expand"),
        parameters=(_X, Parameter("shape", broadcast_sizes, SIZES, aliases=("size",)), _NAME),
        reference=TorchCall("torch.broadcast_to", ("x", "shape")),
        library=_LIBRARY,
        differences=_DIFFERENCES,
    ),
    Rule(
        path="paddle.expand_as",
        aliases=("paddle.Tensor.expand_as",),
        operator=catalogue.operator("expand"),
        parameters=(_X, Parameter("y", aliases=("other",)), _NAME),
        reference=TorchCall("torch.Tensor.expand_as", ("x", "y")),
        library=LibraryCall(
            function="expand",
            arguments=("x", ShapeOf("y")),
            gradient_function="expand_grad",
            gradient_arguments=("out_grad", "x"),
            gradients=("x",),
        ),
    ),
)
