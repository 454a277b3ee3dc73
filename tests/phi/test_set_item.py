"""`x[index] = value`, which reaches kernels of its own since Paddle 3.1."""

from __future__ import annotations

import numpy as np
import paddle
import paddlemend
import pytest
from isolation import in_child
from paddlemend.child import CRASHED, RETURNED, TIMED_OUT, run_in_child

X = np.arange(12, dtype=np.float32).reshape(4, 3)


def set_items(index: object, value: object) -> np.ndarray:
    x = paddle.to_tensor(X)
    x[index] = value
    return x.numpy()


def set_behind_x() -> None:
    set_items(paddle.to_tensor([4]), 5.0)


def test_stock_writes_behind_x():
    outcome = run_in_child(set_behind_x, timeout=60)
    # A heap that is damaged may also hang the process.
    assert outcome.kind in (RETURNED, CRASHED, TIMED_OUT), outcome.describe()


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


# An index of x, and the shape of a value for it: whole, broadcast, behind a slice and after a mask.
INDICES_AND_VALUES = (
    (([2, 0],), (2, 3)),
    (([2, -4],), (3,)),
    (([2, 0],), ()),
    (([0, 3], [1, -1]), (2,)),
    ((slice(1, 4), [0, 2, 1]), (3, 3)),
    ((slice(1, 4), [0, 2]), (3, 1)),
    (([[0, 1], [2, -1]],), (2, 2, 3)),
    (([1, 1, 2],), (3, 3)),
    ((X > 4,), (int((X > 4).sum()),)),
)


def gradients(dtype: str, index: tuple, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Of the sum of X times x, after x[index] = value, by x and by value."""
    x = paddle.zeros(X.shape, dtype)
    value = paddle.ones(shape, dtype)
    x.stop_gradient = value.stop_gradient = False
    out = x * 1
    out[tuple(tensor_of(part) for part in index)] = value
    (out * paddle.to_tensor(X).astype(dtype)).sum().backward()
    return x.grad.numpy(), value.grad.numpy()


def tensor_of(part: object) -> object:
    if isinstance(part, slice):
        return part
    return paddle.to_tensor(np.array(part, bool if np.array(part).dtype == bool else np.int64))


def numpy_gradients(index: tuple, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    index = tuple(np.array(part, np.int64) if isinstance(part, list) else part for part in index)
    by_x, by_value = X.copy(), X[index]
    by_x[index] = 0
    by_value = by_value.sum(axis=tuple(range(by_value.ndim - len(shape))))
    ones = tuple(d for d, size in enumerate(shape) if size == 1)
    return by_x, by_value.sum(axis=ones, keepdims=True)


@pytest.mark.skipif(paddle.__version__ in ("3.0.0", "3.1.0"), reason="has no kernel of its own")
@in_child
def test_stock_has_a_wrong_gradient_of_a_float64_value():
    index, shape = INDICES_AND_VALUES[0]
    assert not np.array_equal(gradients("float64", index, shape)[1], X[[2, 0]])


@in_child
def test_the_gradients_are_those_of_numpy():
    paddlemend.install()
    for dtype in ("float32", "float64", "complex64"):
        for index, shape in INDICES_AND_VALUES:
            expected = numpy_gradients(index, shape)
            for ours, right in zip(gradients(dtype, index, shape), expected, strict=True):
                np.testing.assert_array_equal(ours, right, err_msg=f"{dtype} {index} {shape}")


@in_child
def test_the_gradient_of_a_value_in_a_slice_of_x_is_right():
    paddlemend.install()
    value = paddle.ones([2, 3], "float64")
    value.stop_gradient = False
    out = paddle.zeros([6, 3], "float64") * 1
    part = out[1:5]
    part[paddle.to_tensor([3, 1])] = value
    (part * paddle.to_tensor(X).astype("float64")).sum().backward()
    np.testing.assert_array_equal(value.grad.numpy(), X[[3, 1]])
