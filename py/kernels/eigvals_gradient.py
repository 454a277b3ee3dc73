"""The gradient of eigvals, for which Paddle has no kernel: that of eig, which gives its values.

`paddle.linalg.eigvals`, `paddle.tensor.linalg.eigvals`, `paddle.Tensor.eigvals` and every other
name of it call `paddle._C_ops.eigvals`, in dygraph and in static programs, and references to them
taken earlier do too: that one function is replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

_NAME = "eigvals"

_stock: Callable | None = None


def switch(on: bool) -> None:
    """Lets eigvals have a gradient, or gives Paddle's own function back."""
    global _stock
    c_ops = sys.modules["paddle"]._C_ops
    if on and getattr(c_ops, _NAME) is not _eigvals:
        _stock = getattr(c_ops, _NAME)
        setattr(c_ops, _NAME, _eigvals)
    elif not on and getattr(c_ops, _NAME) is _eigvals:
        setattr(c_ops, _NAME, _stock)


def _eigvals(x, *args, **kwargs):
    import paddle

    if x.stop_gradient or args or kwargs:
        return _stock(x, *args, **kwargs)
    if not paddle.in_dynamic_mode() and x.dtype in (paddle.float32, paddle.float64):
        # In static programs the gradient of eig is complex, also if x is real; that of a cast takes
        # the real part. Our kernel finds the same bits for it.
        x = paddle.cast(x, paddle.complex64 if x.dtype == paddle.float32 else paddle.complex128)
    values, _ = paddle._C_ops.eig(x)
    return values
