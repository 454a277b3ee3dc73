"""What the rules of convolutions share: legal arguments, paddings, layouts, empty operands.

A spatial axis of `size` elements, padded by (before, after), is swept in steps of `stride` by a
kernel whose taps reach over `extent` = dilation · (taps - 1) + 1 elements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from paddlemend.apitest.rules.legality import require

_LAYOUTS = ("NCHW", "NHWC")


@dataclass(frozen=True)
class Axis:
    """One spatial axis of a call, in elements."""

    size: int
    extent: int
    stride: int
    dilation: int
    padding: tuple[int, int]


def pair(value: Any, name: str, least: int) -> tuple[int, int]:
    """Two integers of at least `least`, one for each spatial axis; an integer stands for both."""
    both = (value, value) if isinstance(value, int) else value
    legal = isinstance(both, (list, tuple)) and len(both) == 2
    require(
        legal and all(isinstance(size, int) for size in both), f"{name} must be 1 or 2 integers"
    )
    require(min(both) >= least, f"{name} must be at least {least}, got {value}")
    return both[0], both[1]


def check_operands(x: torch.Tensor, weight: torch.Tensor, groups: int, data_format: str) -> None:
    """Raises Illegal for what no convolution takes: ranks, dtypes, layout, empty kernels."""
    require(data_format in _LAYOUTS, f"data_format must be one of {_LAYOUTS}, got {data_format}")
    require(x.ndim == 4, f"x must have 4 dimensions, got shape {list(x.shape)}")
    require(weight.ndim == 4, f"weight must have 4 dimensions, got shape {list(weight.shape)}")
    require(x.is_floating_point(), f"x must be of a floating dtype, got {x.dtype}")
    require(weight.dtype == x.dtype, f"weight is {weight.dtype}, x is {x.dtype}")
    require(min(weight.shape[2:]) > 0, f"the kernel of {list(weight.shape)} is empty")
    require(isinstance(groups, int) and groups > 0, f"groups must be at least 1, got {groups}")


def to_nchw(x: torch.Tensor, data_format: str) -> torch.Tensor:
    return x.permute(0, 3, 1, 2) if data_format == "NHWC" else x


def from_nchw(x: torch.Tensor, data_format: str) -> torch.Tensor:
    return x.permute(0, 2, 3, 1) if data_format == "NHWC" else x


def spatial_axes(
    sizes: Sequence[int],
    taps: Sequence[int],
    stride: Any,
    padding: Any,
    dilation: Any,
    data_format: str,
) -> list[Axis]:
    """The two spatial axes with their paddings worked out; raises Illegal.

    "SAME" pads for ceil(size / stride) positions of the dilated kernel, the odd element after.
    For a transposed convolution `size` is that of its input, and so its result is what a SAME
    convolution of size·stride - (-size mod stride) elements is the adjoint of.
    """
    strides, dilations = pair(stride, "stride", 1), pair(dilation, "dilation", 1)
    extents = [step * (count - 1) + 1 for step, count in zip(dilations, taps)]
    if isinstance(padding, str):
        require(padding.upper() in ("SAME", "VALID"), f"unknown padding {padding!r}")
        same = padding.upper() == "SAME"
        paddings = [
            _same_padding(size, extent, step) if same else (0, 0)
            for size, extent, step in zip(sizes, extents, strides)
        ]
    else:
        paddings = _explicit_paddings(padding, data_format)
    return [Axis(*axis) for axis in zip(sizes, extents, strides, dilations, paddings)]


def add_bias(result: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Adds a bias of one number a channel, or of one for all, to a result in NCHW."""
    if bias is None:
        return result
    channels = result.shape[1]
    legal = bias.ndim == 1 and bias.shape[0] in (1, channels)
    require(legal, f"bias must have shape [{channels}], got {list(bias.shape)}")
    require(bias.dtype == result.dtype, f"bias is {bias.dtype}, x is {result.dtype}")
    return result + bias.reshape(1, -1, 1, 1)


def zeros_from(shape: Sequence[int], *operands: torch.Tensor) -> torch.Tensor:
    """Zeros with a gradient of zeros for every operand: the sums of no products."""
    zero = torch.stack([operand.reshape(-1)[:0].sum() for operand in operands]).sum()
    return zero.expand(tuple(shape))


def _same_padding(size: int, extent: int, stride: int) -> tuple[int, int]:
    positions = -(-size // stride)
    total = max((positions - 1) * stride + extent - size, 0)
    return total // 2, total - total // 2


def _explicit_paddings(padding: Any, data_format: str) -> list[tuple[int, int]]:
    """(before, after) of height and width, from any of the spellings that Paddle documents.

    An integer; [height, width]; [top, bottom, left, right]; a pair an axis, batch and channels
    included, whose paddings are zero.
    """
    if isinstance(padding, (list, tuple)) and len(padding) == 4:
        if isinstance(padding[0], (list, tuple)):
            pairs = [pair(item, "padding", 0) for item in padding]
            first = 1 if data_format == "NHWC" else 2
            outer = pairs[:first] + pairs[first + 2 :]
            require(not any(map(any, outer)), "batch and channels cannot be padded")
            return pairs[first : first + 2]
        return [pair(padding[:2], "padding", 0), pair(padding[2:], "padding", 0)]
    return [(size, size) for size in pair(padding, "padding", 0)]
