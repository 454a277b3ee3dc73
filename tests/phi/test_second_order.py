"""Gradients of gradients of convolutions: what works on the wheel works as well once mended."""

from __future__ import annotations

import numpy as np
import paddle
import paddlemend
import pytest
from isolation import in_child
from paddle.nn import functional as F

CASES = {
    "plain": ((2, 3, 6, 7), (4, 3, 3, 2), {"padding": 1}),
    "groups": ((2, 4, 6, 7), (6, 2, 3, 2), {"groups": 2, "stride": 2}),
    "depthwise": ((2, 4, 6, 7), (4, 1, 3, 3), {"groups": 4, "padding": [1, 2]}),
}


def tensors(*shapes: tuple, dtype: str = "float64") -> list[paddle.Tensor]:
    random = np.random.default_rng(0)
    return [
        paddle.to_tensor(random.standard_normal(shape).astype(dtype), stop_gradient=False)
        for shape in shapes
    ]


def second_order(function, x, weight, options) -> list[np.ndarray]:
    """Gradients of a sum of squares of the gradients, for x, weight and what comes in."""
    out = function(x, weight, **options)
    (seed,) = tensors(tuple(out.shape), dtype=x.numpy().dtype)
    first = paddle.grad(out, [x, weight], seed, create_graph=True)
    total = sum((gradient * gradient).sum() for gradient in first)
    return [g.numpy() for g in paddle.grad(total, [x, weight, seed])]


def expected(function, x, weight, options) -> list[np.ndarray]:
    """The same from central differences of first-order gradients, along each element."""
    out = function(x, weight, **options)
    (seed,) = tensors(tuple(out.shape))

    def value(arrays):
        moved = [paddle.to_tensor(array, stop_gradient=False) for array in arrays]
        result = function(moved[0], moved[1], **options)
        first = paddle.grad(result, moved[:2], moved[2])
        return sum(float((gradient * gradient).sum()) for gradient in first)

    arrays = [tensor.numpy() for tensor in (x, weight, seed)]
    gradients = []
    for position, array in enumerate(arrays):
        gradient = np.zeros_like(array)
        for place in list(np.ndindex(array.shape))[::7]:  # some of them will do
            sides = []
            for step in (1e-4, -1e-4):
                moved = array.copy()
                moved[place] += step
                sides.append(value([*arrays[:position], moved, *arrays[position + 1 :]]))
            gradient[place] = (sides[0] - sides[1]) / 2e-4
        gradients.append(gradient)
    return gradients


def assert_second_order(function, case: str) -> None:
    shape, weight_shape, options = CASES[case]
    x, weight = tensors(shape, weight_shape)
    found = second_order(function, x, weight, options)
    for gradient, wanted in zip(found, expected(function, x, weight, options)):
        drawn = wanted != 0
        np.testing.assert_allclose(gradient[drawn], wanted[drawn], rtol=1e-6, atol=1e-4)


@in_child
def test_conv2d_has_gradients_of_gradients():
    paddlemend.install()
    for case in ("plain", "groups"):
        assert_second_order(F.conv2d, case)


def has_second_order(function, case: str) -> bool:
    shape, weight_shape, options = CASES[case]
    try:
        second_order(function, *tensors(shape, weight_shape, dtype="float32"), options)
    except Exception:
        return False
    return True


@in_child
def test_what_works_on_the_wheel_works_mended():
    functions = (F.conv2d, F.conv2d_transpose)
    before = {(f.__name__, case): has_second_order(f, case) for f in functions for case in CASES}
    paddlemend.install()
    for function in functions:
        for case in CASES:
            if before[function.__name__, case]:
                assert has_second_order(function, case), (function.__name__, case)


@pytest.mark.parametrize("case", ["plain", "groups"])
def test_second_order_gradients_agree_with_the_wheel(case):
    """In a process where nothing was installed before: stock first, then mended."""
    shape, weight_shape, options = CASES[case]
    operands = tensors(shape, weight_shape, dtype="float32")
    stock = second_order(F.conv2d, *operands, options)
    paddlemend.install(kernels=["conv2d"])
    try:
        mended = second_order(F.conv2d, *operands, options)
    finally:
        paddlemend.uninstall()
    for found, wanted in zip(mended, stock):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-3)
