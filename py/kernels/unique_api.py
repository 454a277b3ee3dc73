"""unique above its kernel.

Paddle 3.1 and later answer for a tensor without elements in dygraph, where no kernel is asked;
Paddle 3.0 does not read its own dtypes.
"""

from __future__ import annotations

from typing import Any

import paddle
from paddle import _C_ops
from paddle.base.framework import convert_np_dtype_to_dtype_
from paddle.framework import in_dynamic_mode
from paddlemend.kernels import installation
from paddlemend.redirect import Redirect

_DTYPE = 5  # the position of this parameter


def unique(*args: Any, **kwargs: Any) -> Any:
    """The wheel's function, or the kernel where that does not ask it."""
    if not installation.is_active("unique"):
        return _UNIQUE.stock(*args, **kwargs)
    if "dtype" in kwargs:
        kwargs["dtype"] = _named(kwargs["dtype"])
    elif len(args) > _DTYPE:
        args = (*args[:_DTYPE], _named(args[_DTYPE]), *args[_DTYPE + 1 :])
    x = args[0] if args else kwargs.get("x")
    if isinstance(x, paddle.Tensor) and 0 in x.shape and in_dynamic_mode():
        return _of_no_element(*args, **kwargs)
    return _UNIQUE.stock(*args, **kwargs)


def _named(dtype: Any) -> Any:
    """The name of a dtype of Paddle."""
    return str(dtype).rpartition(".")[2] if isinstance(dtype, type(paddle.int32)) else dtype


def _of_no_element(
    x: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    dtype: Any = "int64",
    sorted: bool | None = None,
    name: str | None = None,
) -> Any:
    wanted = (True, return_index, return_inverse, return_counts)
    axes = [] if axis is None else [axis]
    results = _C_ops.unique(x, *wanted[1:], axes, convert_np_dtype_to_dtype_(dtype))
    asked = tuple(result for result, is_wanted in zip(results, wanted) if is_wanted)
    return asked if len(asked) > 1 else asked[0]


def _run_unique(*args, **kwargs):
    from paddlemend.kernels import unique_api

    return unique_api.unique(*args, **kwargs)


_UNIQUE = Redirect(paddle.unique, _run_unique)

REDIRECTS = [_UNIQUE]
