"""put_along_axis and put_along_axis_ above their kernel.

The wheel refuses 0-D tensors and makes a tensor of the default dtype of a number, before a kernel
sees either; and it copies indices and values to the shape that they already have.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Complex, Integral, Real
from typing import Any

import paddle
from paddle import _C_ops
from paddle.framework import in_dynamic_mode, in_dynamic_or_pir_mode
from paddlemend.kernels import installation
from paddlemend.redirect import Redirect

_TENSORS = (paddle.Tensor, paddle.pir.Value)
_FLOATING = (paddle.float16, paddle.bfloat16, paddle.float32, paddle.float64)
_COMPLEX = (paddle.complex64, paddle.complex128)
_REAL_PARTS = {paddle.complex64: paddle.float32, paddle.complex128: paddle.float64}


def put_along_axis(*args: Any, **kwargs: Any) -> Any:
    """arr with values put at the places that indices names along an axis."""
    return _put(_PUT_ALONG_AXIS.stock, _C_ops.put_along_axis, *args, **kwargs)


def put_along_axis_(*args: Any, **kwargs: Any) -> Any:
    """As put_along_axis, into arr; in static programs, as the wheel has it."""
    if not in_dynamic_mode():
        return _PUT_ALONG_AXIS_.stock(*args, **kwargs)
    return _put(_PUT_ALONG_AXIS_.stock, _C_ops.put_along_axis_, *args, **kwargs)


def _put(
    stock: Callable,
    kernel: Callable,
    arr: Any,
    indices: Any,
    values: Any,
    axis: int,
    reduce: str = "assign",
    include_self: bool = True,
    broadcast: bool = True,
) -> Any:
    if in_dynamic_or_pir_mode() and _is_ours(arr):
        values = _tensor_like(arr, values) if broadcast or arr.ndim == 0 else values
        if _goes_to_kernel(arr, indices, values, broadcast):
            return kernel(arr, indices, values, axis, reduce, include_self)
    return stock(arr, indices, values, axis, reduce, include_self, broadcast)


def _is_ours(arr: Any) -> bool:
    """Whether our kernel runs, for an arr that is a tensor."""
    return installation.is_active("put_along_axis") and isinstance(arr, _TENSORS)


def _tensor_like(arr: Any, values: Any) -> Any:
    """A number that arr can hold as a tensor of its dtype; anything else as it is."""
    if isinstance(values, Integral):
        fits = True
    elif isinstance(values, Real):
        fits = arr.dtype in _FLOATING + _COMPLEX
    else:
        fits = isinstance(values, Complex) and arr.dtype in _COMPLEX
    if not fits:
        return values
    _check_range(values, arr.dtype)
    return paddle.full([1] * arr.ndim, values, arr.dtype)


def _check_range(number: Complex, dtype: Any) -> None:
    """Raises ValueError for a finite number that `dtype` has no place for.

    Below zero, unsigned integers count from their end, as in Torch.
    """
    if dtype == paddle.bool:
        return
    if dtype in _FLOATING + _COMPLEX:
        largest = paddle.finfo(_REAL_PARTS.get(dtype, dtype)).max
        smallest = -largest
    else:
        largest = paddle.iinfo(dtype).max
        smallest = paddle.iinfo(dtype).min or -largest
    parts = (number,) if isinstance(number, Real) else (number.real, number.imag)
    for part in parts:
        is_finite = isinstance(part, Integral) or math.isfinite(part)
        if is_finite and not smallest <= part <= largest:
            name = str(dtype).rpartition(".")[2]
            raise ValueError(
                f"(InvalidArgument) put_along_axis: values is {number}, expected a number from"
                f" {smallest} to {largest}, the range of {name}"
            )


def _goes_to_kernel(arr: Any, indices: Any, values: Any, broadcast: bool) -> bool:
    """Whether there is nothing to broadcast: the shapes are equal and known, or 0-D.

    Without `broadcast` it is the wheel's Python that says which shapes fit.
    """
    tensors = (arr, indices, values)
    if not all(isinstance(tensor, _TENSORS) for tensor in tensors):
        return False
    shape = arr.shape
    equal = indices.shape == shape and values.shape == shape
    return equal and (len(shape) == 0 or (broadcast and -1 not in shape))


def _run_put_along_axis(
    arr, indices, values, axis, reduce="assign", include_self=True, broadcast=True
):
    from paddlemend.kernels import put_along_axis_api

    return put_along_axis_api.put_along_axis(
        arr, indices, values, axis, reduce, include_self, broadcast
    )


def _run_put_along_axis_(*args, **kwargs):
    from paddlemend.kernels import put_along_axis_api

    return put_along_axis_api.put_along_axis_(*args, **kwargs)


_PUT_ALONG_AXIS = Redirect(paddle.tensor.put_along_axis, _run_put_along_axis)
_PUT_ALONG_AXIS_ = Redirect(paddle.tensor.put_along_axis_, _run_put_along_axis_)

REDIRECTS = [_PUT_ALONG_AXIS, _PUT_ALONG_AXIS_]
