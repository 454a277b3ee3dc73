"""native.put_along_axis and native.put_along_axis_grad, beside Torch's scatter_reduce."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from helpers import DTYPES, LAYOUTS, assert_same, poisoned, random_tensor, wide
from paddlemend import native

TORCH_NAMES = {"add": "sum", "mul": "prod", "mean": "mean", "amax": "amax", "amin": "amin"}
REDUCTIONS = ["assign", *TORCH_NAMES]
SHAPES = [[7], [5, 3], [3, 5, 7], [13, 300], [2, 60, 9]]
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def has_reduction(dtype: torch.dtype, reduce: str) -> bool:
    if reduce in ("amax", "amin"):
        return not dtype.is_complex
    return reduce != "mean" or dtype != torch.bool


def random_index(shape: list[int], size: int, dtype=torch.int64, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-size, size, shape, generator=generator, dtype=dtype)


def index_for(x: torch.Tensor, axis: int, count: int) -> torch.Tensor:
    shape = list(x.shape)
    shape[axis] = count
    return random_index(shape, x.shape[axis])


def assigned(x, index, axis, value):
    """The last value wins, entry by entry."""
    out = x.clone()
    for at in itertools.product(*map(range, index.shape)):
        place = list(at)
        place[axis] = int(index[at])
        out[tuple(place)] = value[at]
    return out


def reference(x, index, value, axis, reduce, include_self=True):
    """Torch in float64, complex128 or the same integers."""
    index = index.long() % max(x.shape[axis], 1)
    if reduce == "assign":
        return assigned(x, index, axis, value)
    if x.dtype.is_floating_point or x.dtype.is_complex:
        x, dtype, value = wide(x), x.dtype, wide(value)
    else:
        dtype = x.dtype
    name = TORCH_NAMES[reduce]
    return x.scatter_reduce(axis, index, value, name, include_self=include_self).to(dtype)


def assert_near(actual, expected: torch.Tensor) -> None:
    """Within rounding errors; the bits of integers."""
    actual = torch.from_dlpack(actual)
    if expected.dtype.is_floating_point or expected.dtype.is_complex:
        torch.testing.assert_close(actual, expected, equal_nan=True)
    else:
        assert_same(actual, expected)


@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_combines_along_any_axis(dtype, reduce):
    if not has_reduction(dtype, reduce):
        pytest.skip("not defined")
    for shape in SHAPES:
        x = random_tensor(dtype, shape)
        for axis in range(-x.ndim, x.ndim):
            index = index_for(x, axis, 6)
            value = random_tensor(dtype, list(index.shape), seed=1)
            for include_self in (True, False):
                result = native.put_along_axis(x, index, value, axis, reduce, include_self)
                assert_near(result, reference(x, index, value, axis, reduce, include_self))


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", list(TORCH_NAMES))
def test_the_gradients_are_those_of_torch(reduce, include_self):
    for shape in SHAPES:
        for axis in range(len(shape)):
            x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
            index = index_for(x, axis, 6)
            value = torch.randn(index.shape, dtype=torch.float64, requires_grad=True)
            out_grad = torch.randn(shape, dtype=torch.float64)
            out = reference(x, index, value, axis, reduce, include_self)
            expected = torch.autograd.grad(out, (x, value), out_grad)
            arguments = [tensor.detach() for tensor in (x, index, value, out, out_grad)]
            actual = native.put_along_axis_grad(*arguments, axis, reduce, include_self)
            assert_near(actual[0], expected[0])
            assert_near(actual[1], expected[1])


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_assign_goes_to_the_last_value(dtype):
    out_grad = random_tensor(dtype, [3, 5, 7])
    index = random_index([3, 6, 7], 5)
    numbers = assigned(torch.full([3, 5, 7], -1), index, 1, torch.arange(126).reshape(3, 6, 7))
    value_grad = torch.zeros(126, dtype=dtype)
    value_grad[numbers[numbers >= 0]] = out_grad[numbers >= 0]
    x_grad = torch.where(numbers < 0, out_grad, torch.zeros_like(out_grad))
    actual = native.put_along_axis_grad(
        out_grad, index, value_grad.reshape(3, 6, 7), None, out_grad, 1, "assign", True
    )
    assert_same(actual[0], x_grad)
    assert_same(actual[1], value_grad.reshape(3, 6, 7))


def test_the_gradient_of_a_product_is_not_a_quotient():
    x, value = torch.tensor([0.0, 2.0]), torch.tensor([3.0, 4.0])
    index = torch.tensor([0, 0])
    grads = native.put_along_axis_grad(x, index, value, None, torch.ones(2), 0, "mul", True)
    assert torch.from_dlpack(grads[0]).tolist() == [12, 1]
    assert torch.from_dlpack(grads[1]).tolist() == [0, 0]


# Torch counts x among the ties even if it is not included, and gives 2 each.
def test_ties_share_evenly_and_x_only_if_included():
    x, value, index = torch.tensor([3.0]), torch.tensor([3.0, 3.0]), torch.tensor([0, 0])
    arguments = (x, index, value, x, torch.tensor([6.0]), 0, "amax")
    with_self = native.put_along_axis_grad(*arguments, True)
    assert [torch.from_dlpack(grad).tolist() for grad in with_self] == [[2], [2, 2]]
    without = native.put_along_axis_grad(*arguments, False)
    assert [torch.from_dlpack(grad).tolist() for grad in without] == [[0], [3, 3]]


@pytest.mark.parametrize("reduce", ["amax", "amin"])
def test_nan_is_propagated_forward_and_backward_as_in_torch(reduce):
    nan = float("nan")
    x = torch.tensor([nan, 1.0, 2.0], requires_grad=True)
    value = torch.tensor([1.0, nan, 5.0, 3.0], requires_grad=True)
    index = torch.tensor([0, 1, 1, 2])
    expected = x.scatter_reduce(0, index, value, reduce)
    x_grad, value_grad = torch.autograd.grad(expected, (x, value), torch.ones(3))
    arguments = [tensor.detach() for tensor in (x, index, value)]
    out = native.put_along_axis(*arguments, 0, reduce, True)
    assert_near(out, expected.detach())
    actual = native.put_along_axis_grad(*arguments, out, torch.ones(3), 0, reduce, True)
    assert_near(actual[0], x_grad)
    assert_near(actual[1], value_grad)


@pytest.mark.parametrize("reduce", ["assign", "add", "mul"])
def test_the_index_may_be_smaller_than_x_and_the_value_larger(reduce):
    x = random_tensor(torch.float32, [6, 5, 4])
    index = random_index([3, 2, 3], 5)
    value = random_tensor(torch.float32, [4, 4, 4], seed=1)
    result = native.put_along_axis(x, index, value, 1, reduce, True)
    assert_near(result, reference(x, index, value, 1, reduce))


def test_the_gradient_of_what_is_beyond_the_index_is_zero():
    out_grad, value = torch.ones(3, 3), torch.ones(2, 3)
    index = torch.tensor([[0, -1]])
    x_grad, value_grad = native.put_along_axis_grad(
        out_grad, index, value, None, out_grad, 0, "assign", True
    )
    assert torch.from_dlpack(x_grad).tolist() == [[0, 1, 1], [1, 1, 1], [1, 0, 1]]
    assert torch.from_dlpack(value_grad).tolist() == [[1, 1, 0], [0, 0, 0]]


def test_x_is_not_changed():
    x = random_tensor(torch.float32, [5, 3])
    native.put_along_axis(x, torch.zeros(1, 3).long(), torch.ones(1, 3), 0, "add", True)
    assert_same(x, random_tensor(torch.float32, [5, 3]))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_out_may_be_x(dtype, layout):
    x = layout(random_tensor(dtype, [3, 50, 7]))
    index = index_for(x, 1, 5)
    value = random_tensor(dtype, [3, 5, 7], seed=1)
    expected = reference(x, index, value, 1, "add")
    assert native.put_along_axis(x, index, value, 1, "add", True, out=x) is x
    assert_same(x, expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_inputs_and_outputs(layout):
    x = random_tensor(torch.bfloat16, [3, 50, 7])
    index = index_for(x, 1, 5)
    value = random_tensor(torch.bfloat16, [3, 5, 7], seed=1)
    out = layout(poisoned(torch.bfloat16, [3, 50, 7]))
    native.put_along_axis(layout(x), layout(index), layout(value), 1, "add", True, out=out)
    assert_same(out, reference(x, index, value, 1, "add"))


def test_negative_and_broadcast_strides():
    x = np.arange(12.0).reshape(4, 3)[::-1, ::-1]
    index = np.array([[3, 0, 1], [2, 2, -1]])[::-1]
    value = np.broadcast_to(np.float64(5), (2, 3))
    expected = x.copy()
    np.put_along_axis(expected, index, value, axis=0)
    result = native.put_along_axis(x, index, value, 0, "assign", True)
    np.testing.assert_array_equal(np.from_dlpack(result), expected)


def test_the_index_may_be_int32():
    x = random_tensor(torch.float32, [50, 30])
    index = random_index([200, 30], 50, torch.int32)
    value = random_tensor(torch.float32, [200, 30], seed=1)
    result = native.put_along_axis(x, index, value, 0, "add", True)
    assert_same(result, reference(x, index, value, 0, "add"))


def test_scalars_count_as_one_dimension():
    arguments = (torch.tensor(1.0), torch.tensor(0), torch.tensor(2.0))
    assert torch.from_dlpack(native.put_along_axis(*arguments, -1, "add", True)).item() == 3


@pytest.mark.parametrize("reduce", ["add", "mean"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_once(dtype, reduce):
    x = torch.full([1, 40], 2048, dtype=dtype)
    index = torch.zeros(1024, 40, dtype=torch.int64)
    value = torch.ones(1024, 40, dtype=dtype)
    result = native.put_along_axis(x, index, value, 0, reduce, True)
    exact = 3072 if reduce == "add" else 3072 / 1025
    assert_same(result, torch.full([1, 40], exact, dtype=dtype))


@pytest.mark.parametrize("dtype", FLOATS)
def test_gradients_have_the_dtype_and_precision_of_x(dtype):
    x, out_grad = random_tensor(dtype, [5, 40]), random_tensor(dtype, [5, 40], seed=1)
    index = index_for(x, 0, 6)
    value = random_tensor(dtype, [6, 40], seed=2)
    inputs = [wide(tensor).clone().requires_grad_() for tensor in (x, value)]
    for reduce in TORCH_NAMES:
        out = reference(inputs[0], index, inputs[1], 0, reduce)
        expected = torch.autograd.grad(out, inputs, wide(out_grad))
        arguments = (x, index, value, out.detach().to(dtype), out_grad, 0, reduce, True)
        actual = native.put_along_axis_grad(*arguments)
        assert_near(actual[0], expected[0].to(dtype))
        assert_near(actual[1], expected[1].to(dtype))


@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize(
    ("shape", "index_shape", "axis"),
    [
        ([4, 3], [0, 3], 0),
        ([4, 3], [4, 0], 1),
        ([4, 3], [2, 0], 0),
        ([4, 0], [5, 0], 0),
        ([0], [0], 0),
    ],
)
def test_no_position_gives_x(shape, index_shape, axis, reduce):
    x = random_tensor(torch.float32, shape)
    index, value = torch.zeros(index_shape).long(), torch.zeros(index_shape)
    assert_same(native.put_along_axis(x, index, value, axis, reduce, False), x)
    grads = native.put_along_axis_grad(x, index, value, x, x, axis, reduce, False)
    assert_same(grads[0], x)
    assert_same(grads[1], value)


@pytest.mark.parametrize("bad", [4, -5, 2**62, -(2**63)])
def test_an_index_out_of_range_is_named_and_nothing_is_written(bad):
    out = poisoned(torch.float32, [4, 2])
    index = torch.tensor([[0, 1], [2, bad]])
    message = rf"^put_along_axis: index\[1, 1\] is {bad}, expected -4 <= index < 4$"
    with pytest.raises(ValueError, match=message):
        native.put_along_axis(torch.ones(4, 2), index, torch.ones(2, 2), 0, "add", True, out=out)
    assert_same(out, poisoned(torch.float32, [4, 2]))


def test_an_empty_axis_has_no_legal_index():
    arguments = (torch.ones(0), torch.tensor([0]), torch.ones(1))
    message = r"index\[0\] is 0, expected 0 <= index < 0"
    with pytest.raises(ValueError, match=message):
        native.put_along_axis(*arguments, 0, "assign", True)
    with pytest.raises(ValueError, match=message):
        native.put_along_axis_grad(*arguments, None, torch.ones(0), 0, "assign", True)


@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_out_of_range(axis):
    index = torch.zeros(1, 2).long()
    with pytest.raises(IndexError, match=rf"axis is {axis}, expected -2 <= axis < 2"):
        native.put_along_axis(torch.ones(4, 2), index, torch.ones(1, 2), axis, "add", True)


ZEROS = torch.zeros(1, 2).long()


@pytest.mark.parametrize(
    ("index", "value", "reduce", "error", "message"),
    [
        (ZEROS.float(), torch.ones(1, 2), "add", TypeError, "dtype of index is float32, expected"),
        (torch.zeros(1, 3).long(), torch.ones(1, 3), "add", ValueError, r"index is \[1, 3\]"),
        (torch.zeros(1).long(), torch.ones(1), "add", ValueError, r"index is \[1\], expected 2"),
        (ZEROS, torch.ones(1, 1), "add", ValueError, r"value is \[1, 1\], expected 2 dimensions"),
        (ZEROS, torch.ones(1, 2).double(), "add", ValueError, "dtypes of x and value"),
        (ZEROS, torch.ones(1, 2), "sum", ValueError, "reduce is 'sum', expected assign, add, mul"),
    ],
)
def test_arguments_that_do_not_match(index, value, reduce, error, message):
    with pytest.raises(error, match=message):
        native.put_along_axis(torch.ones(4, 2), index, value, 0, reduce, True)


@pytest.mark.parametrize(
    ("dtype", "reduce"),
    [(torch.bool, "mean"), (torch.complex64, "amax"), (torch.complex128, "amin")],
)
def test_reductions_that_a_dtype_does_not_have(dtype, reduce):
    x = torch.ones(1, dtype=dtype)
    with pytest.raises(
        TypeError, match=rf"reduce is {reduce}, which is not defined for x of dtype"
    ):
        native.put_along_axis(x, torch.tensor([0]), x, 0, reduce, True)


def test_the_gradient_of_an_extreme_needs_out():
    x = torch.ones(1)
    message = "out is missing, expected a tensor, because reduce is amax"
    with pytest.raises(ValueError, match=message):
        native.put_along_axis_grad(x, torch.tensor([0]), x, None, x, 0, "amax", True)


@pytest.mark.parametrize("shape", [[500, 300], [20000, 3], [60000]], ids=str)
def test_the_bits_do_not_depend_on_the_number_of_threads(shape):
    x, value = torch.randn(shape), torch.randn(shape)
    for axis, reduce in itertools.product(range(len(shape)), TORCH_NAMES):
        index = random_index(shape, max(shape[axis] // 4, 1))
        results = []
        for threads in (1, 2, 3, 4):
            native.set_num_threads(threads)
            out = native.put_along_axis(x, index, value, axis, reduce, True)
            grads = native.put_along_axis_grad(x, index, value, out, x, axis, reduce, True)
            results.append([torch.from_dlpack(tensor) for tensor in (out, *grads)])
        for result in results[1:]:
            for actual, expected in zip(result, results[0]):
                assert_same(actual, expected)
