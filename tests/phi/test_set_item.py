"""`x[index] = value`, which reaches kernels of its own since Paddle 3.1."""

from __future__ import annotations

import numpy as np
import paddle
import paddlemend
import pytest
from isolation import in_child
from paddlemend.child import CRASHED, RETURNED, run_in_child

X = np.arange(12, dtype=np.float32).reshape(4, 3)


def set_items(index: object, value: object) -> np.ndarray:
    x = paddle.to_tensor(X)
    x[index] = value
    return x.numpy()


def set_behind_x() -> None:
    set_items(paddle.to_tensor([4]), 5.0)


def test_stock_writes_behind_x():
    outcome = run_in_child(set_behind_x, timeout=120)
    assert outcome.kind in (RETURNED, CRASHED)


@in_child
def test_an_index_out_of_range_is_refused():
    paddlemend.install()
    for value in (5.0, paddle.ones([3])):
        for index, wrong in (([0, 4], 4), ([-5, 1], -5)):
            with pytest.raises(ValueError, match=rf"indices\[0\].* is {wrong}, expected -4 <= "):
                set_items(paddle.to_tensor(index), value)


@in_child
def test_the_second_of_two_indices_is_held_against_its_own_dimension():
    paddlemend.install()
    rows = paddle.to_tensor([3, 0])
    for index in ((rows, rows), (slice(None), rows)):
        with pytest.raises(ValueError, match=r"indices\[[01]\].* is 3, expected -3 <= "):
            set_items(index, 5.0)


@in_child
def test_what_is_legal_is_set_as_by_numpy():
    paddlemend.install()
    indices = ([3, -4], [[0, 1], [-1, 2]], (slice(1, 3), [0, -3]), ([1, 2], [0, -1]))
    for index in indices:
        expected = X.copy()
        expected[index] = -1
        parts = index if isinstance(index, tuple) else (index,)
        tensors = tuple(p if isinstance(p, slice) else paddle.to_tensor(p) for p in parts)
        for value in (-1.0, paddle.full([], -1.0)):
            np.testing.assert_array_equal(set_items(tensors, value), expected)


@in_child
def test_the_gradients_are_those_of_the_wheel():
    paddlemend.install()
    x = paddle.to_tensor(X, stop_gradient=False)
    value = paddle.ones([2, 3])
    value.stop_gradient = False
    out = x * 2
    out[paddle.to_tensor([2, 0])] = value
    (out * paddle.to_tensor(X)).sum().backward()
    expected = 2 * X
    expected[[2, 0]] = 0
    np.testing.assert_array_equal(x.grad.numpy(), expected)
    np.testing.assert_array_equal(value.grad.numpy(), X[[2, 0]])
