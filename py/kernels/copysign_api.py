"""copysign and copysign_ above their kernel, which takes x and y of one dtype.

What is of another dtype is converted here: to the wider one for copysign, where integers give
floating point numbers, and to that of x for copysign_.
"""

from __future__ import annotations

import math
import reprlib
import sys
from contextvars import ContextVar
from numbers import Real
from typing import Any

import paddle
from paddle import _C_ops
from paddle.framework import in_dynamic_mode, in_dynamic_or_pir_mode
from paddlemend.kernels import behaviour_changes, installation
from paddlemend.redirect import Redirect

_CHANGE = "copysign.integer_dtype"

_FLOATING = {paddle.float16, paddle.bfloat16, paddle.float32, paddle.float64}
_UNSIGNED = {paddle.bool, paddle.uint8}
_INTEGERS = {*_UNSIGNED, paddle.int8, paddle.int16, paddle.int32, paddle.int64}
_REAL = _FLOATING | _INTEGERS

# Whether copysign runs for copysign_, which in a static program is copysign.
_for_in_place: ContextVar[bool] = ContextVar("_for_in_place", default=False)


def copysign(x: Any, y: Any) -> Any:
    """The magnitude of x with the sign of y, a tensor or a number, in the dtype of both."""
    if _is_plain(x, y) or not _is_ours(x, y) or not in_dynamic_or_pir_mode():
        return _COPYSIGN.stock(x, y)
    if _for_in_place.get():
        return _in_dtype_of_x(x, y)
    if x.dtype in _INTEGERS and _runs_in_wheel(x, y):
        if behaviour_changes.is_kept(_CHANGE):
            return _in_dtype_of_x(x, y)
        if sys._getframe(2).f_globals is not _COPYSIGN.stock.__globals__:  # signbit's own call
            behaviour_changes.warn_once(_CHANGE, stacklevel=3)
    dtype = _dtype_of_both(x, y)
    return _COPYSIGN.stock(_in_dtype(x, dtype), _in_dtype(y, dtype))


def copysign_(x: Any, y: Any, name: str | None = None) -> Any:
    """Gives x the signs of y. Integers saturate; a negative sign makes unsigned ones zero."""
    if _is_plain(x, y) or not _is_ours(x, y):
        return _COPYSIGN_.stock(x, y)
    if in_dynamic_mode():
        out = _COPYSIGN_.stock(x, _signs(y, x.dtype))  # judges the shape of y, too
        return paddle.assign(_in_dtype_of_x(x, y), x) if x.dtype in _UNSIGNED else out
    token = _for_in_place.set(True)
    try:
        return _COPYSIGN_.stock(x, y)
    finally:
        _for_in_place.reset(token)


def _is_plain(x: Any, y: Any) -> bool:
    """Whether the wheel's function converts nothing but a number to a floating dtype: asked first
    because a call of few elements takes as long as what is asked here."""
    dtype = getattr(x, "dtype", None)
    return dtype in _FLOATING and (
        isinstance(y, (float, int)) or getattr(y, "dtype", None) == dtype
    )


def _is_ours(x: Any, y: Any) -> bool:
    """Whether these are real tensors, or y a number, and the operator is installed."""
    if not installation.is_active("copysign"):
        return False
    operands = {"x": x} if isinstance(y, Real) else {"x": x, "y": y}
    for name, operand in operands.items():
        if not hasattr(operand, "dtype"):
            expected = "a tensor" if name == "x" else "a tensor or a number"
            raise TypeError(f"copysign: {name} is {reprlib.repr(operand)}; expected {expected}")
    return all(operand.dtype in _REAL for operand in operands.values())


def _runs_in_wheel(x: Any, y: Any) -> bool:
    return isinstance(y, Real) or x.dtype == y.dtype


def _dtype_of_both(x: Any, y: Any) -> Any:
    """The floating one of both, of integers the default. As in Torch, 0-D widens nothing."""
    tensors = [x] if isinstance(y, Real) else [x, y]
    floating = [tensor for tensor in tensors if tensor.dtype in _FLOATING]
    if not floating:
        return getattr(paddle, paddle.get_default_dtype())
    if len(floating) == 2 and (x.ndim == 0) != (y.ndim == 0):
        return (y if x.ndim == 0 else x).dtype
    dtypes = {tensor.dtype for tensor in floating}
    if len(dtypes) == 1:
        return dtypes.pop()
    return paddle.float64 if paddle.float64 in dtypes else paddle.float32


def _in_dtype(tensor: Any, dtype: Any) -> Any:
    if isinstance(tensor, Real):
        return paddle.full([], math.copysign(1.0, tensor), dtype)
    return tensor if tensor.dtype == dtype else tensor.astype(dtype)


def _in_dtype_of_x(x: Any, y: Any) -> Any:
    if x.dtype not in _UNSIGNED:
        return _COPYSIGN.stock(x, _signs(y, x.dtype))
    is_positive = _signs(y, paddle.int32) > 0
    return (x.astype(paddle.int32) * is_positive.astype(paddle.int32)).astype(x.dtype)


def _signs(y: Any, dtype: Any) -> Any:
    """A tensor of a signed dtype with the signs of y: y itself, or 1 and -1, which all have."""
    if isinstance(y, Real):
        return _in_dtype(y, dtype)
    if y.dtype == dtype:
        return y
    if y.dtype == paddle.int8:  # of which 3.0 and 3.1 make no ones
        y = y.astype(paddle.int32)
    return _C_ops.copysign(paddle.ones_like(y), y).astype(dtype)


def _run_copysign(x, y, name=None):
    from paddlemend.kernels import copysign_api

    return copysign_api.copysign(x, y)


def _run_copysign_(*args, **kwargs):
    from paddlemend.kernels import copysign_api

    return copysign_api.copysign_(*args, **kwargs)


_COPYSIGN = Redirect(paddle.copysign, _run_copysign)
_COPYSIGN_ = Redirect(paddle.copysign_, _run_copysign_)

REDIRECTS = [_COPYSIGN, _COPYSIGN_]
