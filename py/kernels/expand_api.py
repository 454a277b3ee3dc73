"""A 1-D tensor of one element among the sizes of expand: Paddle asks it for its value as an index.

NumPy 2.4 no longer makes a number of an array of one dimension, which Paddle's Python relies on.
"""

from __future__ import annotations

from typing import Any

import paddle
from paddlemend.kernels import installation
from paddlemend.redirect import Redirect


def index(tensor: Any) -> int:
    """The value of a tensor of one element as an int."""
    if installation.is_active("expand") and len(tensor.shape) > 0 and tensor.size == 1:
        tensor = tensor.reshape([])
    return _INDEX.stock(tensor)


def _run_index(var):
    from paddlemend.kernels import expand_api

    return expand_api.index(var)


_INDEX = Redirect(paddle.Tensor.__index__, _run_index)

REDIRECTS = [_INDEX]
