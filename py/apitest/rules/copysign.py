"""copysign and copysign_."""

from __future__ import annotations

import math

import torch
from paddlemend import catalogue
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import Arguments, LibraryCall, Parameter, Rule

_PARAMETERS = (Parameter("x"), Parameter("y"), Parameter("name"))


def copysign(x: torch.Tensor, y: torch.Tensor | float) -> torch.Tensor:
    """torch.copysign; complex numbers, of which Torch takes some, are refused."""
    for name, operand in (("x", x), ("y", y)):
        if isinstance(operand, torch.Tensor):
            require(not operand.is_complex(), f"{name} must be real, got {operand.dtype}")
    return torch.copysign(x, y)


def copysign_(x: torch.Tensor, y: torch.Tensor | float) -> torch.Tensor:
    """Gives x the signs of y, which is broadcast to it; x keeps shape and dtype.

    Integers saturate: |-128| is 127 in int8, and a negative sign makes uint8 and bool zero.
    """
    if x.is_floating_point() or x.is_complex():
        return x.copysign_(y)
    if isinstance(y, torch.Tensor):
        require(not y.is_complex(), f"y must be real, got {y.dtype}")
        shape = torch.broadcast_shapes(x.shape, y.shape)
        require(shape == x.shape, f"y must broadcast to {list(x.shape)}, got {list(y.shape)}")
        negative = torch.signbit(y)
    else:
        negative = torch.full((), math.copysign(1.0, y) < 0, device=x.device)
    return x.copy_(torch.where(negative, _negative(x), _positive(x)))


def _negative(x: torch.Tensor) -> torch.Tensor:
    """-|x|; 0 in an unsigned dtype."""
    if not x.dtype.is_signed:
        return torch.zeros_like(x)
    return torch.where(x < 0, x, -x)


def _positive(x: torch.Tensor) -> torch.Tensor:
    """|x|, at most the largest value of the dtype."""
    if not x.dtype.is_signed:
        return x
    limits = torch.iinfo(x.dtype)
    return torch.where(x == limits.min, limits.max, x.abs()).to(x.dtype)


def _needs_conversion(values: Arguments) -> str:
    dtypes = {getattr(values[name], "dtype", None) for name in ("x", "y")}
    converts = len(dtypes) > 1 or not all(dtype and dtype.is_floating_point for dtype in dtypes)
    return "the conversion of x and y to one floating dtype" if converts else ""


def _needs_conversion_in_place(values: Arguments) -> str:
    x, y = values["x"], values["y"]
    if isinstance(y, torch.Tensor) and not _broadcasts_to(y.shape, x.shape):
        return "the check that y broadcasts to x"
    return _needs_conversion(values)


def _broadcasts_to(shape: torch.Size, target: torch.Size) -> bool:
    try:
        return torch.broadcast_shapes(shape, target) == target
    except RuntimeError:
        return False


def _library(in_place: bool) -> LibraryCall:
    return LibraryCall(
        function="copysign",
        arguments=("x", "y"),
        gradient_function="copysign_grad",
        gradient_arguments=("x", "y", "out_grad"),
        gradients=("x", "y"),
        written={"out": "x"} if in_place else {},
        lacks=_needs_conversion_in_place if in_place else _needs_conversion,
    )


RULES = (
    Rule(
        path="paddle.copysign",
        aliases=("paddle.Tensor.copysign", "paddle.tensor.copysign"),
        operator=catalogue.operator("copysign"),
        parameters=_PARAMETERS,
        reference=copysign,
        library=_library(in_place=False),
    ),
    Rule(
        path="paddle.copysign_",
        aliases=("paddle.Tensor.copysign_", "paddle.tensor.copysign_"),
        operator=catalogue.operator("copysign"),
        parameters=_PARAMETERS,
        reference=copysign_,
        library=_library(in_place=True),
        overwrites=("x",),
    ),
)
