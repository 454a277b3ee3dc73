"""The gradient of eigvals, which Paddle has no kernel for: that of eig, with the same values.

`paddle.linalg.eigvals`, `paddle.tensor.linalg.eigvals`, `paddle.Tensor.eigvals` and every other
name of it call `paddle._C_ops.eigvals`, in dygraph and in static programs, and references to them
taken earlier do too: that one function is replaced.
"""

from __future__ import annotations

from typing import Any

import paddle
from paddle import _C_ops
from paddlemend.kernels import installation
from paddlemend.redirect import AttributeRedirect

_COMPLEX = {paddle.float32: paddle.complex64, paddle.float64: paddle.complex128}


def _eigvals(x: Any, *args: Any, **kwargs: Any) -> Any:
    if x.stop_gradient or args or kwargs or not installation.is_active("eigvals"):
        return _EIGVALS.stock(x, *args, **kwargs)
    if not paddle.in_dynamic_mode():
        # In static programs the gradient of eig is complex, also if x is real; that of a cast takes
        # the real part. Our kernel finds the same bits for it.
        x = paddle.cast(x, _COMPLEX.get(x.dtype, x.dtype))
    values, _ = _C_ops.eig(x)
    return values


_EIGVALS = AttributeRedirect(_C_ops, "eigvals", _eigvals)

REDIRECTS = [_EIGVALS]
