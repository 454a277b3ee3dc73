"""native.index_put and native.index_put_grad."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import DTYPES, LAYOUTS, assert_same, bits, narrow, poisoned, random_tensor, wide
from paddlemend import native


def index(shape: list[int], size: int, dtype=torch.int64, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-size, size, shape, generator=generator, dtype=dtype)


def mask(shape: list[int], seed: int = 0) -> torch.Tensor:
    return random_tensor(torch.bool, shape, seed)


# Name: the shape of x and the indices.
SELECTIONS = {
    "elements": ([5, 7], (index([40], 5), index([40], 7, seed=1))),
    "many_elements": ([300, 200], (index([50_000], 300), index([50_000], 200, seed=1))),
    "pairs": ([9, 2], (index([40], 9),)),
    "rows": ([6, 50], (index([20], 6),)),
    "many_rows": ([700, 33], (index([5000], 700),)),
    "few_rows_of_many": ([5000, 3], (index([20], 5000),)),
    "planes": ([4, 5, 6], (index([3, 2], 4),)),
    "broadcast": ([4, 5, 6], (index([3, 1], 4), index([2], 5))),
    "int32_and_int64": ([4, 5, 6], (index([3], 4, torch.int32), index([3], 5))),
    "0d": ([4, 5], (index([], 4),)),
    "0d_for_every_dimension": ([4, 5], (index([], 4), index([], 5))),
    "mask": ([7, 6], (mask([7, 6]),)),
    "large_mask": ([300, 200], (mask([300, 200]),)),
    "row_mask": ([7, 6], (mask([7]),)),
    "leading_mask": ([7, 6, 5], (mask([7, 6]),)),
    "mask_and_integers": ([8, 6], (torch.arange(8) % 2 == 0, index([4], 6))),
    "integers_and_mask": ([6, 8], (index([4], 6), torch.arange(8) % 2 == 0)),
    "two_masks": ([8, 6], (torch.arange(8) < 3, torch.arange(6) % 2 == 1)),
    "mask_broadcasts_to_integers": ([8, 6], (torch.arange(8) % 2 == 0, index([3, 1], 6))),
    "mask_without_true": ([7, 6], (torch.zeros(7, 6, dtype=torch.bool),)),
    "0d_mask": ([4, 5], (torch.tensor(True),)),
    "no_index": ([4, 5], (index([0], 4),)),
    "no_index_of_a_matrix": ([4, 5], (index([3, 0], 4), index([1], 5))),
}


def selection(name: str, dtype: torch.dtype):
    """x, the indices, and the shape of the places they select."""
    shape, indices = SELECTIONS[name]
    x = random_tensor(dtype, shape)
    return x, indices, list(x[indices].shape)


def reference(x, indices, value, accumulate: bool):
    """Place by place, in float64, complex128 or int64."""
    numbers = torch.arange(x.numel()).reshape(x.shape)[indices]
    values = wide(value).expand(numbers.shape).reshape(-1)
    out = wide(x).clone().reshape(-1)
    numbers = numbers.reshape(-1)
    if accumulate:
        out.index_add_(0, numbers, values)
    else:
        last = {number: i for i, number in enumerate(numbers.tolist())}
        out[list(last)] = values[list(last.values())]
    return narrow(out.reshape(x.shape), x.dtype)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_values_go_where_the_indices_say(dtype, name, accumulate):
    x, indices, shape = selection(name, dtype)
    value = random_tensor(dtype, shape, seed=2)
    expected = reference(x, indices, value, accumulate)
    assert_same(native.index_put(x, indices, value, accumulate), expected)
    assert_same(x, random_tensor(dtype, list(x.shape)))


# Torch's index_put does not take what its own indexing with a 0-D mask gives.
@pytest.mark.parametrize("name", [name for name in SELECTIONS if name != "0d_mask"])
def test_adding_is_what_torch_does(name):
    x, indices, shape = selection(name, torch.float32)
    value = random_tensor(torch.float32, shape, seed=2)
    expected = x.index_put(indices, value, accumulate=True)
    assert_same(native.index_put(x, list(indices), value, True), expected)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("value_shape", [[], [1], [5], [3, 1], [1, 5], [4, 1, 1], [4, 1, 5]])
def test_the_value_is_broadcast(value_shape, accumulate):
    x = random_tensor(torch.float32, [6, 5])
    indices = (index([4, 3], 6),)
    value = random_tensor(torch.float32, value_shape, seed=1)
    expected = reference(x, indices, value, accumulate)
    assert_same(native.index_put(x, indices, value, accumulate), expected)


def test_the_last_of_several_values_stays():
    rows = torch.zeros(1000, dtype=torch.int64)
    for columns in (1, 300):
        value = torch.arange(1000.0).reshape(1000, 1).expand(1000, columns)
        result = native.index_put(torch.zeros(2, columns), (rows,), value, False)
        assert torch.from_dlpack(result).tolist() == [[999.0] * columns, [0.0] * columns]


def test_integers_wrap_around():
    x = torch.tensor([127], dtype=torch.int8)
    result = native.index_put(x, (torch.tensor([0]),), torch.ones(1, dtype=torch.int8), True)
    assert torch.from_dlpack(result).tolist() == [-128]


@pytest.mark.parametrize("columns", [1, 2, 40])
@pytest.mark.parametrize("rows", [1, 50_000])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_once(dtype, rows, columns):
    x = torch.full([rows, columns], 2048, dtype=dtype)
    zeros = torch.zeros(1024, dtype=torch.int64)
    result = native.index_put(x, (zeros,), torch.ones([1, 1], dtype=dtype), True)
    expected = x.clone()
    expected[0] = 3072
    assert_same(result, expected)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_out_may_be_x(dtype, layout, accumulate):
    x = layout(random_tensor(dtype, [30, 40]))
    indices = (index([50], 30), index([50], 40, seed=1))
    value = random_tensor(dtype, [50], seed=2)
    expected = reference(x, indices, value, accumulate)
    assert native.index_put(x, indices, value, accumulate, out=x) is x
    assert_same(x, expected)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_few_rows_of_a_large_x_in_place(dtype, accumulate):
    x = random_tensor(dtype, [20_000, 5])
    indices = (index([30], 20_000),)
    value = random_tensor(dtype, [30, 5], seed=2)
    expected = reference(x, indices, value, accumulate)
    native.index_put(x, indices, value, accumulate, out=x)
    assert_same(x, expected)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_inputs_and_outputs(layout, accumulate):
    x = random_tensor(torch.bfloat16, [6, 5, 4])
    indices = (layout(index([3, 2], 6)), layout(index([3, 2], 5, seed=1)))
    value = random_tensor(torch.bfloat16, [3, 2, 4], seed=2)
    out = layout(poisoned(torch.bfloat16, [6, 5, 4]))
    native.index_put(layout(x), indices, layout(value), accumulate, out=out)
    assert_same(out, reference(x, indices, value, accumulate))


def test_negative_strides():
    x = np.arange(12.0).reshape(4, 3)[::-1, ::-1]
    rows, columns = np.array([3, 0, 1])[::-1], np.array([0, 2, -1])
    value = np.arange(3.0)[::-1]
    expected = x.copy()
    expected[rows, columns] = value
    result = native.index_put(x, [rows, columns], value, False)
    np.testing.assert_array_equal(np.from_dlpack(result), expected)


@pytest.mark.parametrize("shape", [[0, 3], [3, 0], [0], [0, 0]], ids=str)
def test_no_index_into_an_empty_x(shape):
    x = torch.zeros(shape)
    nothing = torch.zeros(0, dtype=torch.int64)
    assert_same(native.index_put(x, (nothing,), torch.tensor(1.0), False), x)


@pytest.mark.parametrize(("shape", "size"), [([0, 3], 0), ([0], 0), ([0, 0], 0)])
def test_an_index_into_an_empty_dimension_is_out_of_range(shape, size):
    message = rf"^index_put: indices\[0\]\[0\] is 0, expected 0 <= indices\[0\] < {size}$"
    with pytest.raises(ValueError, match=message):
        native.index_put(torch.zeros(shape), (torch.tensor([0]),), torch.tensor(1.0), False)


def test_an_index_into_an_x_without_elements_is_checked():
    x, value = torch.zeros(3, 0), torch.tensor(1.0)
    assert_same(native.index_put(x, (torch.tensor([2]),), value, False), x)
    with pytest.raises(ValueError, match=r"indices\[0\]\[0\] is 3"):
        native.index_put(x, (torch.tensor([3]),), value, False)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("bad", [5, -6, 2**62, -(2**63)])
def test_an_index_out_of_range_is_named_and_nothing_is_written(bad, accumulate):
    out = poisoned(torch.float32, [4, 5])
    rows, columns = torch.tensor([[0, 1]]), torch.tensor([[0], [bad]])
    message = rf"^index_put: indices\[1\]\[1, 0\] is {bad}, expected -5 <= indices\[1\] < 5$"
    with pytest.raises(ValueError, match=message):
        native.index_put(torch.ones(4, 5), (rows, columns), torch.tensor(1.0), accumulate, out=out)
    assert_same(out, poisoned(torch.float32, [4, 5]))


ONE = torch.tensor([0])


@pytest.mark.parametrize(
    ("indices", "value", "error", "message"),
    [
        ((), torch.ones(1), ValueError, "indices is empty"),
        (ONE, torch.ones(1), TypeError, "indices is of type Tensor, expected a list or a tuple"),
        ((ONE, 3), torch.ones(1), TypeError, r"indices\[1\] is of type int"),
        ((ONE.float(),), torch.ones(1), TypeError, r"the dtype of indices\[0\] is float32"),
        ((ONE.byte(),), torch.ones(1), TypeError, r"the dtype of indices\[0\] is uint8"),
        ((ONE, ONE, ONE), torch.ones(1), ValueError, "indices indexes 3 dimensions or more"),
        ((ONE, mask([4, 5])), torch.ones(1), ValueError, "indices indexes 3 dimensions or more"),
        ((mask([3]),), torch.ones(1), ValueError, r"indices\[0\] is \[3\], expected \[4\]"),
        ((mask([4, 4]),), torch.ones(1), ValueError, r"is \[4, 4\], expected \[4, 5\]"),
        ((ONE.expand(2), ONE.expand(3)), torch.ones(1), ValueError, "does not broadcast with"),
        ((ONE,), torch.ones(2), ValueError, r"shape \[2\] of value does not broadcast to \[1, 5\]"),
        ((ONE,), torch.ones(1, 1, 5), ValueError, r"shape \[1, 1, 5\] of value does not"),
        ((ONE,), torch.ones(1).double(), ValueError, "dtypes of x and value"),
    ],
)
def test_arguments_that_do_not_match(indices, value, error, message):
    with pytest.raises(error, match=message):
        native.index_put(torch.ones(4, 5), indices, value, False)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradients(dtype, name, accumulate):
    out_grad, indices, shape = selection(name, dtype)
    value = random_tensor(dtype, shape)
    x_grad, value_grad = native.index_put_grad(out_grad, indices, accumulate, out_grad, value)
    expected = out_grad.clone()
    if not accumulate:
        expected[indices] = 0
    assert_same(x_grad, expected)
    assert_same(value_grad, out_grad[indices])


@pytest.mark.parametrize("value_shape", [[], [1], [5], [3, 1], [1, 5], [4, 1, 1], [4, 1, 5]])
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_a_broadcast_value_is_a_sum(dtype, value_shape):
    out_grad = random_tensor(dtype, [6, 5])
    rows = index([4, 3], 6)
    value = random_tensor(dtype, value_shape)
    _, value_grad = native.index_put_grad(out_grad, (rows,), False, None, value)
    expected = narrow(wide(out_grad)[rows].sum_to_size(value_shape), dtype)
    assert_same(value_grad, expected)


def test_the_gradients_are_those_of_torch():
    x, value = (torch.randn(s, requires_grad=True) for s in ([4, 5], [3, 1]))
    indices = (torch.tensor([[0], [-1], [0]]), torch.tensor([2, 2]))
    for accumulate in (False, True):
        out = x.index_put(indices, value, accumulate=accumulate)
        out_grad = torch.randn(4, 5)
        expected = torch.autograd.grad(out, (x, value), out_grad)
        actual = native.index_put_grad(out_grad, indices, accumulate, x.detach(), value.detach())
        for a, e in zip(actual, expected):
            torch.testing.assert_close(torch.from_dlpack(a), e)


def test_a_value_that_went_nowhere_has_a_gradient_of_zero():
    nothing = torch.zeros(0, dtype=torch.int64)
    _, value_grad = native.index_put_grad(torch.ones(4), (nothing,), False, None, torch.ones(1))
    assert_same(value_grad, torch.zeros(1))


def test_x_grad_may_be_out_grad():
    out_grad = random_tensor(torch.float32, [4, 5])
    expected = out_grad.clone()
    expected[1] = 0
    indices, value = (torch.tensor([1]),), torch.ones(5)
    values = out_grad[1].clone()
    _, value_grad = native.index_put_grad(
        out_grad, indices, False, out_grad, value, x_grad=out_grad
    )
    assert_same(out_grad, expected)
    assert_same(value_grad, values)


def test_a_gradient_that_is_not_wanted_is_none():
    out_grad, value = torch.ones(4, 2), torch.ones(1, 2)
    assert native.index_put_grad(out_grad, (ONE,), False, None, value)[0] is None
    assert native.index_put_grad(out_grad, (ONE,), False, out_grad, None)[1] is None


def test_the_gradient_checks_the_indices():
    with pytest.raises(ValueError, match=r"index_put_grad: indices\[0\]\[0\] is 4"):
        native.index_put_grad(torch.ones(4), (ONE + 4,), True, torch.ones(4), None)


@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_bits_do_not_depend_on_the_number_of_threads(dtype, accumulate):
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(300, 200, generator=generator).to(dtype)
    elements = (index([80_000], 300), index([80_000], 200, seed=1))
    rows = (index([3000], 300),)
    few = (index([30], 300),)
    values = [torch.randn(shape, generator=generator).to(dtype) for shape in (80_000, [3000, 200])]
    results = set()
    for threads in (1, 2, 3, 4, 9):
        native.set_num_threads(threads)
        outs = [
            native.index_put(x, elements, values[0], accumulate),
            native.index_put(x, rows, values[1], accumulate),
            native.index_put(x, few, values[1][:30], accumulate),
            native.index_put_grad(x, elements, False, x, None)[0],
            native.index_put_grad(x, elements, False, None, torch.ones(1, dtype=dtype))[1],
        ]
        results.add(b"".join(bits(torch.from_dlpack(out)) for out in outs))
    assert len(results) == 1
