"""Faults to plant into `paddle.multiply` of a worker, by name; each is one that wheels have had.

`initialize_NAME` prepares a worker and plants the fault. The faulty functions call the stock one.
"""

from __future__ import annotations

import ctypes
import itertools
import os
from collections.abc import Callable
from typing import Any

CASE = 'paddle.multiply(Tensor([4, 3],"float32"), Tensor([4, 3],"float32"), )'

_kept: list[Any] = []
_calls = itertools.count()


def slightly_wrong_value(multiply, x, y):
    return multiply(x, y) * 1.00002


def one_wrong_element(multiply, x, y):
    out = multiply(x, y)
    out[3, 2] += 0.001
    return out


def wrong_gradient_of_y(multiply, x, y):
    return multiply(x, y * 1.001 - (y * 0.001).detach())


def lost_gradient_of_x(multiply, x, y):
    return multiply(x.detach(), y)


def swapped_batch_items(multiply, x, y):
    return multiply(x, y)[[1, 0, 2, 3]]


def swapped_gradients_of_batch_items(multiply, x, y):
    import paddle

    class Swapped(paddle.autograd.PyLayer):
        @staticmethod
        def forward(context, a):
            return a.clone()

        @staticmethod
        def backward(context, gradient):
            return gradient[[1, 0, 2, 3]]

    return multiply(Swapped.apply(x), y)


def a_nan(multiply, x, y):
    out = multiply(x, y)
    out[0, 0] = float("nan")
    return out


def wrong_dtype(multiply, x, y):
    return multiply(x, y).astype("float64")


def wrong_shape(multiply, x, y):
    return multiply(x, y).unsqueeze(0)


def two_outputs(multiply, x, y):
    out = multiply(x, y)
    return out, out


def input_changed(multiply, x, y):
    import paddle

    out = multiply(x, y)
    with paddle.no_grad():
        x.detach().scale_(2.0)
    return out


def unstable(multiply, x, y):
    return multiply(x, y) * (1.0 + 1.2e-7 * (next(_calls) % 7))


def uninitialised_row(multiply, x, y):
    import paddle

    return paddle.concat([multiply(x, y)[:3], paddle.empty([1, 3])])


def raises(multiply, x, y):
    raise ValueError("no such luck")


def raises_by_accident(multiply, x, y):
    raise AttributeError("'NoneType' object has no attribute 'shape'")


def crash(multiply, x, y):
    ctypes.string_at(0)


def crash_in_backward(multiply, x, y):
    out = multiply(x, y)
    out.register_hook(lambda gradient: ctypes.string_at(0))
    return out


def hang(multiply, x, y):
    ctypes.CDLL(None).pause()


def exit_with_status_0(multiply, x, y):
    ctypes.CDLL(None).exit(0)


def exit_at_once(multiply, x, y):
    os._exit(0)


def slow_leak(multiply, x, y):
    out = multiply(x, y)
    _kept.append(out.detach().clone())
    return out


def endless_memory(multiply, x, y):
    while True:
        _kept.append(bytearray(b"x" * (64 << 20)))


def planted(fault: Callable[..., Any], initialize: Callable[..., None], *args: Any) -> None:
    """Initializes a worker and replaces `paddle.multiply`."""
    initialize(*args)
    import paddle

    stock = paddle.multiply
    paddle.multiply = lambda x, y: fault(stock, x, y)
