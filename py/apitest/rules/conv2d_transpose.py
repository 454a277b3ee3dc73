"""conv2d_transpose, also depthwise and grouped."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from paddlemend import catalogue
from paddlemend.apitest.host_tensor import HostTensor, round_to
from paddlemend.apitest.rules.convolution import (
    Axis,
    add_bias,
    check_operands,
    from_nchw,
    pair,
    spatial_axes,
    to_nchw,
    zeros_from,
)
from paddlemend.apitest.rules.legality import Illegal, require
from paddlemend.apitest.rules.model import SIZES, Parameter, Rule, Shapes
from paddlemend.apitest.rules.precision import accumulating

if TYPE_CHECKING:
    from paddlemend.apitest.binding import BoundCall
    from paddlemend.apitest.case_line import TensorSpec


def conv2d_transpose(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    output_size: Any = None,
    data_format: str = "NCHW",
) -> torch.Tensor:
    """x [N, Cin, H, W] or [N, H, W, Cin], weight [Cin, Cout / groups, kh, kw], bias [Cout]."""
    check_operands(x, weight, groups, data_format)
    images = to_nchw(x, data_format)
    channels = images.shape[1]
    require(channels % groups == 0, f"{channels} channels are no multiple of groups {groups}")
    legal = weight.shape[0] == channels
    require(legal, f"weight {list(weight.shape)} does not fit {channels} channels")
    axes = spatial_axes(images.shape[2:], weight.shape[2:], stride, padding, dilation, data_format)
    sizes = _output_sizes(axes, output_padding, output_size)
    shape = (images.shape[0], weight.shape[1] * groups, *sizes)
    if 0 in (*images.shape, *weight.shape, *shape):
        result = zeros_from(shape, images, weight)
    else:
        result = _transposed_convolution(images, weight, axes, groups, sizes)
    return from_nchw(add_bias(result, bias), data_format)


def _least_size(axis: Axis) -> int:
    """The size of the result without any output padding; negative if padding crops all of it."""
    return (axis.size - 1) * axis.stride + axis.extent - sum(axis.padding)


def _output_sizes(axes: list[Axis], output_padding: Any, output_size: Any) -> list[int]:
    least = [_least_size(axis) for axis in axes]
    if output_size is None:
        extra = pair(output_padding, "output_padding", 0)
        for axis, size in zip(axes, extra):
            limit = max(axis.stride, axis.dilation)
            require(size < limit, f"output_padding {size} must be less than {limit}")
        sizes = [size + more for size, more in zip(least, extra)]
    else:
        require(output_padding == 0, "output_padding and output_size exclude each other")
        sizes = list(pair(_both(output_size), "output_size", 0))
        for axis, size, wanted in zip(axes, least, sizes):
            legal = size <= wanted < size + axis.stride
            require(legal, f"output_size {wanted} must be in [{size}, {size + axis.stride})")
    for axis, size in zip(axes, sizes):
        # As for conv2d: a result without elements is legal where the image has none.
        require(size >= 0 if axis.size == 0 else size > 0, f"the result would have size {sizes}")
    return sizes


def _both(output_size: Any) -> Any:
    """A tensor of one element stands for both axes."""
    one = isinstance(output_size, (list, tuple)) and len(output_size) == 1
    return output_size[0] if one else output_size


def _transposed_convolution(
    images: torch.Tensor,
    weight: torch.Tensor,
    axes: list[Axis],
    groups: int,
    sizes: list[int],
) -> torch.Tensor:
    """The full result, cropped or continued by zeros to `sizes` from the first padding on."""
    full = F.conv_transpose2d(
        accumulating(images),
        accumulating(weight),
        stride=[axis.stride for axis in axes],
        dilation=[axis.dilation for axis in axes],
        groups=groups,
    )
    crops = []
    for axis, size, length in zip(axes, sizes, full.shape[2:]):
        before = axis.padding[0]
        crops.append((-before, size + before - length))
    return F.pad(full, (*crops[1], *crops[0])).to(images.dtype)


def legal_output_sizes(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Sizes that the result may have, for an `output_size` tensor or one element of it.

    Ones where the call is illegal for another reason.
    """
    sizes = np.ones(prod(spec.shape), np.int64)
    intervals = _legal_intervals(call)
    output_size = call.arguments["output_size"]
    if output_size is not spec:
        position = next(i for i, size in enumerate(output_size) if size is spec)
        intervals = intervals[position:]
    elif sizes.size == 1:  # stands for both axes
        intervals = [(max(low for low, _ in intervals), min(high for _, high in intervals))]
    for position, (low, high) in enumerate(intervals[: sizes.size]):
        least = max(low, 0)
        sizes[position] = rng.integers(least, max(high, least + 1))
    return round_to(spec.dtype, sizes.reshape(spec.shape))


def _legal_intervals(call: BoundCall) -> list[tuple[int, int]]:
    """The half-open interval of legal output sizes of each spatial axis."""
    given = call.arguments
    x, weight = (getattr(given.get(name), "shape", ()) for name in ("x", "weight"))
    data_format = given.get("data_format", "NCHW")
    sizes = x[1:3] if data_format == "NHWC" else x[2:]
    defaults = {"stride": 1, "padding": 0, "dilation": 1}
    stride, padding, dilation = (given.get(name, value) for name, value in defaults.items())
    try:
        require(len(x) == len(weight) == 4, "an image and a kernel have 4 dimensions")
        axes = spatial_axes(sizes, weight[2:], stride, padding, dilation, data_format)
    except Illegal:
        return [(1, 2)] * 2
    return [(_least_size(axis), _least_size(axis) + axis.stride) for axis in axes]


def _operations(shapes: Shapes) -> int:
    return prod(shapes.get("x", ())) * prod(shapes.get("weight", ())[1:])


def _scratch(shapes: Shapes) -> int:
    """The uncropped result, and a column of the kernel's size a pixel of one image in float64."""
    images = max([1, *shapes.get("x", ())[:1]])
    channels = max([1, *shapes.get("weight", ())[:1]])
    columns = _operations(shapes) // (images * channels)
    return 8 * (2 * prod(shapes.get("output 0", (0,))) + 2 * columns)


RULES = (
    Rule(
        path="paddle.nn.functional.conv2d_transpose",
        operator=catalogue.operator("conv2d_transpose"),
        parameters=(
            Parameter("x"),
            Parameter("weight"),
            Parameter("bias"),
            Parameter("stride"),
            Parameter("padding"),
            Parameter("output_padding"),
            Parameter("dilation"),
            Parameter("groups"),
            Parameter("output_size", legal_output_sizes, SIZES),
            Parameter("data_format"),
            Parameter("name"),
        ),
        reference=conv2d_transpose,
        scratch=_scratch,
        operations=_operations,
    ),
)
