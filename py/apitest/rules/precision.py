"""The dtypes in which references compute: the half formats are summed in float32."""

from __future__ import annotations

from typing import Any

import torch

_NARROW = (torch.float16, torch.bfloat16)


def accumulating(tensor: Any) -> Any:
    """The dtype in which sums are made: float32 for the half formats, else the tensor's own.

    What is no tensor stays as it is.
    """
    narrow = isinstance(tensor, torch.Tensor) and tensor.dtype in _NARROW
    return tensor.float() if narrow else tensor


def product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """The matrix product, rounded once to the dtype of the operands."""
    return (accumulating(left) @ accumulating(right)).to(left.dtype)
