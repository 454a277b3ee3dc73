"""native.index_sample and native.index_sample_grad."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import DTYPES, LAYOUTS, assert_same, narrow, poisoned, random_tensor, wide
from paddlemend import native

SHAPES = [[1, 1], [5, 3], [40, 7], [2, 3000], [700, 3]]


def random_index(x: torch.Tensor, count: int, dtype=torch.int64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, x.shape[1], [x.shape[0], count], generator=generator, dtype=dtype)


def reference_gradient(out_grad, index, x):
    """Added up in float64, complex128 or int64."""
    sums = wide(torch.zeros_like(x)).scatter_add(1, index.long(), wide(out_grad))
    return narrow(sums, x.dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_each_row_at_columns_of_its_own(dtype, shape):
    x = random_tensor(dtype, shape)
    index = random_index(x, 40)
    assert_same(native.index_sample(x, index), torch.gather(x, 1, index))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_adds_up_where_samples_meet(dtype, shape):
    x = random_tensor(dtype, shape)
    index = random_index(x, 40)
    out_grad = random_tensor(dtype, [shape[0], 40], seed=1)
    expected = reference_gradient(out_grad, index, x)
    assert_same(native.index_sample_grad(out_grad, index, x), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_inputs_and_outputs(layout):
    x = random_tensor(torch.bfloat16, [30, 50])
    index = random_index(x, 20)
    out = layout(poisoned(torch.bfloat16, [30, 20]))
    native.index_sample(layout(x), layout(index), out=out)
    assert_same(out, torch.gather(x, 1, index))
    x_grad = layout(poisoned(torch.bfloat16, [30, 50]))
    native.index_sample_grad(layout(out), layout(index), x, x_grad=x_grad)
    assert_same(x_grad, reference_gradient(out, index, x))


def test_negative_strides():
    x = np.arange(12.0).reshape(4, 3)[::-1, ::-1]
    index = np.array([[0, 2], [1, 1], [2, 2], [0, 0]])[::-1]
    expected = np.take_along_axis(x, index, axis=1)
    np.testing.assert_array_equal(np.from_dlpack(native.index_sample(x, index)), expected)


def test_the_index_may_be_int32():
    x = random_tensor(torch.float32, [30, 50])
    index = random_index(x, 20, torch.int32)
    assert_same(native.index_sample(x, index), torch.gather(x, 1, index.long()))
    out_grad = random_tensor(torch.float32, [30, 20])
    expected = reference_gradient(out_grad, index, x)
    assert_same(native.index_sample_grad(out_grad, index, x), expected)


@pytest.mark.parametrize("shape", [[4, 5], [0, 5], [4, 0]], ids=str)
def test_no_index_row_is_legal_for_any_x(shape):
    index = torch.zeros(0, 3, dtype=torch.int64)
    x = random_tensor(torch.float32, shape)
    assert_same(native.index_sample(x, index), torch.zeros(0, 3))
    gradient = native.index_sample_grad(torch.zeros(0, 3), index, x)
    assert_same(gradient, torch.zeros(shape))


def test_no_index_column_gives_a_gradient_of_zeros():
    index = torch.zeros(4, 0, dtype=torch.int64)
    gradient = native.index_sample_grad(torch.zeros(4, 0), index, torch.ones(4, 5))
    assert_same(gradient, torch.zeros(4, 5))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_gradients_are_rounded_once(dtype):
    out_grad = torch.ones(3, 1025, dtype=dtype)
    out_grad[:, 0] = 2048
    index = torch.zeros(3, 1025, dtype=torch.int64)
    result = native.index_sample_grad(out_grad, index, torch.zeros(3, 1, dtype=dtype))
    assert_same(result, torch.full([3, 1], 3072, dtype=dtype))


@pytest.mark.parametrize("bad", [3, -1, 2**62, -(2**63)])
def test_an_index_out_of_range_is_named_and_nothing_is_written(bad):
    out = poisoned(torch.float32, [2, 2])
    message = rf"^index_sample: index\[1, 0\] is {bad}, expected 0 <= index < 3$"
    with pytest.raises(ValueError, match=message):
        native.index_sample(torch.ones(2, 3), torch.tensor([[0, 2], [bad, 0]]), out=out)
    assert_same(out, poisoned(torch.float32, [2, 2]))


def test_an_empty_row_has_no_legal_index():
    with pytest.raises(ValueError, match=r"index\[0, 0\] is 0, expected 0 <= index < 0"):
        native.index_sample(torch.ones(2, 0), torch.zeros(2, 1, dtype=torch.int64))


@pytest.mark.parametrize(
    ("x", "index", "error", "message"),
    [
        (torch.ones(2, 3), torch.zeros(2, 1), TypeError, "dtype of index is float32, expected"),
        (torch.ones(2, 3), torch.zeros(3, 1).long(), ValueError, r"index is \[3, 1\], expected"),
        (torch.ones(2, 3), torch.zeros(2).long(), ValueError, r"index is \[2\], expected"),
        (torch.ones(3), torch.zeros(3, 1).long(), ValueError, r"x has shape \[3\], expected two"),
    ],
)
def test_arguments_that_do_not_match(x, index, error, message):
    with pytest.raises(error, match=message):
        native.index_sample(x, index)


def test_the_bits_do_not_depend_on_the_number_of_threads():
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(500, 300)
    index = random_index(x, 4000)
    out_grad = torch.randn(500, 4000, generator=generator)
    results = []
    for threads in (1, 2, 3, 4):
        native.set_num_threads(threads)
        results.append(torch.from_dlpack(native.index_sample_grad(out_grad, index, x)))
    for result in results[1:]:
        assert_same(result, results[0])
