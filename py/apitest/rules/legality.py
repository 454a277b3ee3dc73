"""How a reference function refuses illegal input."""

from __future__ import annotations

from typing import Any

import torch


class Illegal(ValueError):
    """The call is not legal; the text says why."""


def require(condition: Any, message: str) -> None:
    """Raises Illegal unless `condition`, a bool or a one-element tensor, is true.

    A tensor without data (on the meta device, where only shapes are worked out) counts as true.
    """
    if isinstance(condition, torch.Tensor):
        if condition.is_meta:
            return
        condition = bool(condition)
    if not condition:
        raise Illegal(message)
