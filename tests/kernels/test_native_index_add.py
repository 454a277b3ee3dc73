"""paddlemend.native.index_add and index_add_grad on NumPy and Torch tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from native_helpers import DTYPES, LAYOUTS, bits, poisoned, random_tensor, with_layout
from paddlemend import native

# (shape of x, axis, number of indices): tiny and large, every axis, long and short rows, size 0
CASES = [
    ((), 0, 1),
    ((5,), 0, 7),
    ((3, 2), -1, 4),
    ((3, 2), 0, 0),
    ((2, 7, 3), 1, 5),
    ((2, 0, 3), 1, 0),
    ((2, 4, 0), 1, 6),
    ((60, 200), 0, 90),
    ((9, 3000), 0, 4),
    ((3000,), -1, 5000),
    ((12, 40, 33), 1, 25),
    ((4, 500, 3), -2, 900),
]


def random_indices(rng, shape, axis, count) -> torch.Tensor:
    size = shape[axis] if shape else 1
    values = rng.integers(-size, size, count) if size else np.zeros(0)
    return torch.from_numpy(np.asarray(values, dtype=rng.choice(["int32", "int64"])))


def slice_shape(shape, axis, count) -> tuple[int, ...]:
    result = list(shape)
    if result:
        result[axis] = count
    return tuple(result)


def reference(x, index, axis, value) -> torch.Tensor:
    """One addition after the other, in the order of the indices; half precision in float32."""
    wide = {torch.float16: torch.float32, torch.bfloat16: torch.float32, torch.bool: torch.int64}
    out = x.to(wide.get(x.dtype, x.dtype)).clone()
    for position, destination in enumerate(index.reshape(-1).tolist()):
        if x.dim() == 0:
            out += value.to(out.dtype)
        else:
            source = value.select(axis, position).to(out.dtype)
            out.select(axis, destination % x.shape[axis]).add_(source)
    return out != 0 if x.dtype == torch.bool else out.to(x.dtype)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("shape", "axis", "count"), CASES)
def test_index_add_has_the_bits_of_additions_in_order(rng, shape, axis, count, dtype):
    x = random_tensor(rng, shape, dtype)
    value = random_tensor(rng, slice_shape(shape, axis, count), dtype)
    index = random_indices(rng, shape, axis, count)
    expected = bits(reference(x, index, axis, value))
    for threads in (1, 2, 3, 4):
        native.set_num_threads(threads)
        assert bits(native.index_add(x, index, axis, value)) == expected
    out = poisoned(shape, dtype)
    assert native.index_add(x, index, axis, value, out=out) is out
    assert bits(out) == expected
    native.index_add(x, index, axis, value, out=x)
    assert bits(x) == expected, "in place"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_index_add_reads_and_writes_any_layout(rng, axis, layout):
    shape = (6, 7, 40)
    x = with_layout(random_tensor(rng, shape, torch.float32), layout)
    value = with_layout(random_tensor(rng, slice_shape(shape, axis, 30), torch.float32), layout)
    index = with_layout(random_indices(rng, shape, axis, 30), layout)
    expected = bits(reference(x, index, axis, value))
    out = with_layout(torch.zeros(shape), layout)
    native.index_add(x, index, axis, value, out=out)
    assert bits(out) == expected
    native.index_add(x, index, axis, value, out=x)
    assert bits(x) == expected, "in place"


def test_index_add_reads_numpy_with_negative_strides_and_read_only(rng):
    x = rng.standard_normal((4, 3))[::-1]
    value = rng.standard_normal((2, 6))[:, ::-2]
    index = np.array([3, 9, -1])[::-2]
    for array in (x, value, index):
        array.flags.writeable = False
    expected = x.copy()
    np.add.at(expected, index, value)
    result = np.from_dlpack(native.index_add(x, index, 0, value))
    np.testing.assert_array_equal(result, expected)


def test_index_add_takes_a_broadcast_value(rng):
    x = random_tensor(rng, (5, 3), torch.int64)
    index = torch.tensor([0, 0, 4])
    value = torch.tensor([[7]]).expand(3, 3)
    assert bits(native.index_add(x, index, 0, value)) == bits(x.index_add(0, index, value))


def test_a_scalar_index_is_one_index():
    result = native.index_add(np.zeros((2, 2)), np.array(1), 0, np.ones((1, 2)))
    np.testing.assert_array_equal(np.from_dlpack(result), [[0, 0], [1, 1]])


def test_half_precision_is_rounded_once():
    x = torch.tensor([2048.0], dtype=torch.float16)
    ones = torch.ones(100, dtype=torch.float16)
    index = torch.zeros(100, dtype=torch.int64)
    result = torch.from_dlpack(native.index_add(x, index, 0, ones))
    assert result.tolist() == [2148.0]


@pytest.mark.parametrize(
    ("shape", "value_shape", "index", "axis", "error", "message"),
    [
        ((3, 2), (1, 2), [3], 0, ValueError, r"index\[0\] is 3, expected -3 <= index < 3"),
        ((3, 2), (2, 2), [0, -4], 0, ValueError, r"index\[1\] is -4"),
        ((3, 2), (1, 2), [0], 2, IndexError, r"axis is 2, expected -2 <= axis < 2"),
        ((), (), [0], 1, IndexError, r"axis is 1, expected -1 <= axis < 1"),
        ((3, 2), (2, 2), [0], 0, ValueError, r"value is \[2, 2\], expected \[1, 2\]"),
        ((3, 2), (1, 4), [0], 0, ValueError, r"value is \[1, 4\], expected \[1, 2\]"),
        ((), (), [0, 0], 0, ValueError, r"index has 2 entries, expected 1"),
        ((3, 2), (1, 2), [[0]], 0, ValueError, r"index has shape \[1, 1\]"),
        ((3, 2), (1, 2), [0.0], 0, TypeError, r"dtype of index is float64"),
        ((0,), (1,), [0], 0, ValueError, r"index\[0\] is 0"),
    ],
)
def test_index_add_names_what_is_wrong(shape, value_shape, index, axis, error, message):
    out = np.full(shape, 7.0)
    with pytest.raises(error, match=message):
        native.index_add(np.zeros(shape), np.array(index), axis, np.zeros(value_shape), out=out)
    assert (out == 7.0).all(), "nothing is written before the arguments are checked"


def test_dtypes_of_x_and_value_must_agree():
    with pytest.raises(ValueError, match=r"dtypes of x and value.*float64 and float32"):
        native.index_add(np.zeros(2), np.array([0]), 0, np.zeros(1, "float32"))


def test_an_index_into_an_empty_matrix_is_ignored_as_in_torch():
    result = native.index_add(np.zeros((0, 3)), np.array([9]), 0, np.zeros((1, 3)))
    assert result.shape == (0, 3)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("shape", "axis", "count"), CASES)
def test_gradients_are_a_copy_and_a_gather(rng, shape, axis, count, dtype):
    out_grad = random_tensor(rng, shape, dtype)
    index = random_indices(rng, shape, axis, count)
    value = torch.empty(slice_shape(shape, axis, count), dtype=dtype)
    x_grad, value_grad = native.index_add_grad(out_grad, index, axis, out_grad, value)
    assert bits(x_grad) == bits(out_grad)
    size = max(shape[axis], 1) if shape else 1
    wrapped = index.to(torch.int64) % size
    gathered = out_grad.index_select(axis, wrapped) if shape else out_grad
    assert value_grad.shape == tuple(value.shape)
    assert bits(value_grad) == bits(gathered)


def test_a_gradient_that_is_not_wanted_is_none(rng):
    out_grad = random_tensor(rng, (3, 2), torch.float32)
    index = torch.tensor([1])
    x_grad, value_grad = native.index_add_grad(out_grad, index, 0, None, out_grad[:1])
    assert x_grad is None
    assert bits(value_grad) == bits(out_grad[1:2])
    x_grad, value_grad = native.index_add_grad(out_grad, index, 0, out_grad, None)
    assert bits(x_grad) == bits(out_grad)
    assert value_grad is None


def test_the_value_gradient_checks_the_index_even_of_an_empty_axis():
    empty, value = np.zeros((0, 3)), np.zeros((1, 3))
    with pytest.raises(ValueError, match=r"index\[0\] is 0"):
        native.index_add_grad(empty, np.array([0]), 0, empty, value)
