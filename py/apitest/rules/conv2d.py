"""conv2d, also depthwise and grouped."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from paddlemend import catalogue
from paddlemend.apitest.rules.convolution import (
    Axis,
    add_bias,
    check_operands,
    from_nchw,
    spatial_axes,
    to_nchw,
    zeros_from,
)
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import Parameter, Rule, Shapes
from paddlemend.apitest.rules.precision import accumulating


def conv2d(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    data_format: str = "NCHW",
) -> torch.Tensor:
    """x [N, Cin, H, W] or [N, H, W, Cin], weight [Cout, Cin / groups, kh, kw], bias [Cout]."""
    check_operands(x, weight, groups, data_format)
    images = to_nchw(x, data_format)
    channels, filters = images.shape[1], weight.shape[0]
    require(channels % groups == 0, f"{channels} channels are no multiple of groups {groups}")
    require(filters % groups == 0, f"{filters} filters are no multiple of groups {groups}")
    legal = weight.shape[1] * groups == channels
    require(legal, f"weight {list(weight.shape)} does not fit {channels} channels, groups {groups}")
    axes = spatial_axes(images.shape[2:], weight.shape[2:], stride, padding, dilation, data_format)
    shape = (images.shape[0], filters, *(_positions(axis) for axis in axes))
    if 0 in (*images.shape, *weight.shape, *shape):
        result = zeros_from(shape, images, weight)
    else:
        result = _convolution(images, weight, axes, groups)
    return from_nchw(add_bias(result, bias), data_format)


def _positions(axis: Axis) -> int:
    """How often the kernel fits; Illegal if it is longer than the padded axis.

    Torch refuses every axis without elements. Paddle computes with it, and a result without
    elements is legal then.
    """
    room = axis.size + sum(axis.padding) - axis.extent
    positions = room // axis.stride + 1
    fits = positions >= 0 if axis.size == 0 else room >= 0
    require(fits, f"a kernel of {axis.extent} does not fit {axis.size} padded {axis.padding}")
    return positions


def _convolution(
    images: torch.Tensor, weight: torch.Tensor, axes: list[Axis], groups: int
) -> torch.Tensor:
    height, width = axes
    dtype = images.dtype
    images, weight = accumulating(images), accumulating(weight)
    symmetric = all(axis.padding[0] == axis.padding[1] for axis in axes)
    if not symmetric:
        images = F.pad(images, (*width.padding, *height.padding))
    result = F.conv2d(
        images,
        weight,
        stride=[axis.stride for axis in axes],
        padding=[axis.padding[0] if symmetric else 0 for axis in axes],
        dilation=[axis.dilation for axis in axes],
        groups=groups,
    )
    return result.to(dtype)


def _operations(shapes: Shapes) -> int:
    return prod(shapes.get("output 0", (0,))) * prod(shapes.get("weight", ())[1:])


def _scratch(shapes: Shapes) -> int:
    """The padded image, and a column of the kernel's size a position in Torch's float64 path."""
    filters = max([1, *shapes.get("weight", ())[:1]])
    columns = _operations(shapes) // filters
    return 8 * (2 * prod(shapes.get("x", ())) + 2 * columns)


RULES = (
    Rule(
        path="paddle.nn.functional.conv2d",
        operator=catalogue.operator("conv2d"),
        parameters=(
            Parameter("x", aliases=("input",)),
            Parameter("weight"),
            Parameter("bias"),
            Parameter("stride"),
            Parameter("padding"),
            Parameter("dilation"),
            Parameter("groups"),
            Parameter("data_format"),
            Parameter("name"),
        ),
        reference=conv2d,
        scratch=_scratch,
        operations=_operations,
    ),
)
