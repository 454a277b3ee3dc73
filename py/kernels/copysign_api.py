"""copysign and copysign_ above their kernel, which takes x and y of one dtype.

What is of another dtype is converted here: to the wider one for copysign, where integers give
floating point numbers, and to that of x for copysign_.
"""

from __future__ import annotations

import math
import sys
import warnings
from contextvars import ContextVar
from numbers import Real
from typing import Any

import paddle
from paddle import _C_ops
from paddle.framework import in_dynamic_mode, in_dynamic_or_pir_mode
from paddlemend.kernels import behaviour_changes, installation
from paddlemend.kernels.redirect import Redirect

_CHANGE = "copysign.integer_dtype"

_FLOATING = (paddle.float16, paddle.bfloat16, paddle.float32, paddle.float64)
_UNSIGNED = (paddle.bool, paddle.uint8)
_INTEGERS = (*_UNSIGNED, paddle.int8, paddle.int16, paddle.int32, paddle.int64)

# Whether copysign runs for copysign_, which in a static program is copysign.
_for_in_place: ContextVar[bool] = ContextVar("_for_in_place", default=False)


def copysign(x: Any, y: Any) -> Any:
    """The magnitude of x with the sign of y, a tensor or a number, in the dtype of both."""
    if not installation.is_active("copysign") or not in_dynamic_or_pir_mode():
        return _COPYSIGN.stock(x, y)
    shape = _check("copysign", x, y)
    if shape != list(x.shape):  # as in the wheel
        warnings.warn(
            f"The shape of broadcast output {shape} is different from the input tensor x with "
            f"shape: {x.shape}, please make sure you are using copysign api correctly.",
            stacklevel=3,
        )
    if _for_in_place.get():
        return _in_dtype_of_x(x, y)
    if _runs_in_wheel(x, y) and x.dtype in _INTEGERS:
        if behaviour_changes.is_kept(_CHANGE):
            return _in_dtype_of_x(x, y)
        if sys._getframe(2).f_globals is not _COPYSIGN.stock.__globals__:  # signbit's own call
            behaviour_changes.warn_once(_CHANGE, stacklevel=3)
    dtype = _dtype_of_both(x, y)
    return _C_ops.copysign(_in_dtype(x, dtype), _in_dtype(y, dtype))


def copysign_(x: Any, y: Any, name: str | None = None) -> Any:
    """Gives x the signs of y. Integers saturate; a negative sign makes unsigned ones zero."""
    if not installation.is_active("copysign"):
        return _COPYSIGN_.stock(x, y)
    if not in_dynamic_mode():
        token = _for_in_place.set(True)
        try:
            return _COPYSIGN_.stock(x, y)
        finally:
            _for_in_place.reset(token)
    shape = _check("copysign_", x, y)
    if shape != list(x.shape):
        raise ValueError(
            f"copysign_: y broadcasts x to the shape {shape}; expected {list(x.shape)}, that of x"
        )
    if x.dtype in _UNSIGNED:
        return paddle.assign(_in_dtype_of_x(x, y), x)
    return _C_ops.copysign_(x, _signs(y, x.dtype))


def _check(name: str, x: Any, y: Any) -> list[int]:
    """The shape of the result; raises for what is not real, no tensor, or does not broadcast."""
    for label, tensor in (("x", x), ("y", y)):
        if label == "y" and isinstance(y, Real):
            continue
        if not isinstance(tensor, (paddle.Tensor, paddle.pir.Value)):
            raise TypeError(
                f"{name}: {label} is of type {type(tensor).__name__}; expected a tensor"
                + (" or a real number" if label == "y" else "")
            )
        if tensor.dtype not in _FLOATING and tensor.dtype not in _INTEGERS:
            raise TypeError(f"{name}: {label} has the dtype {tensor.dtype}; expected a real one")
    if isinstance(y, Real):
        return list(x.shape)
    return list(paddle.broadcast_shape(x.shape, y.shape))


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
        return _C_ops.copysign(x, _signs(y, x.dtype))
    is_positive = _signs(y, paddle.int32) > 0
    return (x.astype(paddle.int32) * is_positive.astype(paddle.int32)).astype(x.dtype)


def _signs(y: Any, dtype: Any) -> Any:
    """A tensor of a signed dtype with the signs of y: y itself, or 1 and -1, which all have."""
    if isinstance(y, Real):
        return _in_dtype(y, dtype)
    if y.dtype == dtype:
        return y
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
