"""What the rules of attention share."""

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


def broadcasts_to(shape: Any, target: Any) -> bool:
    """Whether a tensor of `shape` can be added to one of `target` without changing its shape."""
    if len(shape) > len(target):
        return False
    tail = tuple(target)[len(target) - len(shape) :]
    return all(size in (1, wanted) for size, wanted in zip(shape, tail))
