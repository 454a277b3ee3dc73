"""Rules of index_sample, index_put and put_along_axis: legal indices, references, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import bound
from paddlemend.apitest import accuracy
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.inputs import concrete_arguments, generate_inputs
from paddlemend.apitest.reference_call import ReferenceExecution
from paddlemend.apitest.rules.index_put import index_put, index_put_
from paddlemend.apitest.rules.index_sample import index_sample
from paddlemend.apitest.rules.legality import Illegal
from paddlemend.apitest.rules.put_along_axis import put_along_axis, put_along_axis_

SEEDS = range(20)

REDUCTIONS = {"add": np.add, "mul": np.multiply, "amax": np.maximum, "amin": np.minimum}


def arguments_of(line: str, seed: int) -> dict:
    call = bound(line)
    return concrete_arguments(call, generate_inputs(call, seed))


def accepts(line: str, seed: int) -> bool:
    """Whether the reference takes the generated arguments of a line."""
    call = bound(line)
    ReferenceExecution(call, concrete_arguments(call, generate_inputs(call, seed))).forward()
    return True


def gradients(function, *tensors: torch.Tensor) -> list[list]:
    """The gradients of the sum of elements, each weighted by its number from 1 on."""
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    out = function(*leaves)
    out.backward(torch.arange(1, out.numel() + 1, dtype=out.dtype).reshape(out.shape))
    return [leaf.grad.tolist() for leaf in leaves]


def tensor(values, dtype=torch.float64) -> torch.Tensor:
    return torch.tensor(values, dtype=dtype)


# -------------------------------------------------------------------------- generated indices


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_sampled_columns_are_in_range_and_never_negative(dtype):
    line = f'paddle.index_sample(Tensor([4, 3],"float32"), Tensor([4, 50],"{dtype}"), )'
    for seed in SEEDS:
        index = arguments_of(line, seed)["index"].data
        assert (index >= 0).all() and (index < 3).all()


@pytest.mark.parametrize(
    ("arr", "indices", "axis"),
    [
        ([6], [6], 0),
        ([6, 4], [6, 4], 0),
        ([6, 4], [3, 1], -2),
        ([6, 4], [6, 3], 1),
        ([3, 5, 4], [2, 4, 2], 1),
        ([1, 1], [1, 1], 0),
    ],
)
def test_an_index_that_assigns_has_no_element_twice_along_the_axis(arr, indices, axis):
    line = (
        f'paddle.put_along_axis(Tensor({arr},"float32"), Tensor({indices},"int64"), '
        f'Tensor({indices},"float32"), {axis}, )'
    )
    for seed in SEEDS:
        index = np.moveaxis(arguments_of(line, seed)["indices"].data, axis, 0)
        assert (index >= -arr[axis]).all() and (index < arr[axis]).all()
        for lane in (index % arr[axis]).reshape(len(index), -1).T:
            assert len(set(lane)) == len(lane)


def test_an_index_that_assigns_repeats_itself_only_if_the_axis_is_too_short():
    line = 'paddle.put_along_axis(Tensor([3],"int8"), Tensor([7],"int64"), Tensor([7],"int8"), 0, )'
    for seed in SEEDS:
        assert set(arguments_of(line, seed)["indices"].data % 3) == {0, 1, 2}


def test_an_index_that_reduces_repeats_itself():
    line = (
        'paddle.put_along_axis(Tensor([9],"int8"), Tensor([9],"int64"), Tensor([9],"int8"), 0, '
        '"add", )'
    )
    drawn = [arguments_of(line, seed)["indices"].data % 9 for seed in SEEDS]
    assert any(len(set(index)) < len(index) for index in drawn)


def places_of(arguments: dict) -> list[tuple]:
    """The places that the indices of index_put stand for, each as one tuple."""
    x = arguments["x"].data
    positions = []
    for index in arguments["indices"]:
        data = index.data
        positions += list(np.nonzero(data)) if data.dtype == bool else [data]
    wrapped = [place % size for place, size in zip(positions, x.shape)]
    return list(zip(*(place.reshape(-1) for place in np.broadcast_arrays(*wrapped))))


@pytest.mark.parametrize(
    ("x", "indices"),
    [
        ([9, 2], 'Tensor([9],"int64"),'),
        ([4, 3], 'Tensor([12],"int64"),Tensor([12],"int32"),'),
        ([4, 3], 'Tensor([4, 1],"int64"),Tensor([3],"int32"),'),
        ([5, 2, 5], 'Tensor([2, 5],"int64"),Tensor([2, 5],"int64"),Tensor([5],"int64"),'),
        ([3, 2, 8], 'Tensor([6, 4],"int64"),Tensor([6, 4],"int64"),Tensor([8],"bool"),'),
        ([3, 2], 'Tensor([],"int64"),Tensor([],"int64"),'),
        ([3, 2], 'Tensor([3, 2],"bool"),'),
        ([0, 2], 'Tensor([0],"int64"),'),
    ],
)
def test_indices_that_write_stand_for_no_place_twice(x, indices):
    line = f'paddle.index_put(Tensor({x},"int8"), tuple({indices}), Tensor([],"int8"), )'
    for seed in SEEDS:
        places = places_of(arguments_of(line, seed))
        assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("indices", "value", "true_count"),
    [
        ('Tensor([6],"bool"),', "[4, 5, 3]", 4),
        ('Tensor([6],"bool"),', "[5, 3]", 3),
        ('Tensor([6, 5],"bool"),', "[17, 3]", 17),
        ('Tensor([6, 5],"bool"),', "[0, 3]", 0),
        ('Tensor([6, 5, 3],"bool"),', "[31]", 31),
        ('Tensor([6],"bool"),Tensor([2, 4],"int64"),', "[3]", 4),
        ('Tensor([6],"bool"),Tensor([1],"int64"),', "[5, 3]", 5),
        ('Tensor([6],"bool"),Tensor([5],"bool"),', "[3]", 3),
    ],
)
def test_a_mask_has_as_many_true_places_as_the_other_arguments_ask_for(indices, value, true_count):
    line = (
        f'paddle.index_put(Tensor([6, 5, 3],"float32"), tuple({indices}), '
        f'Tensor({value},"float32"), )'
    )
    for seed in SEEDS:
        masks = [index.data for index in arguments_of(line, seed)["indices"]]
        assert {mask.sum() for mask in masks if mask.dtype == bool} == {true_count}
        assert accepts(line, seed)


@pytest.mark.parametrize("accumulate", ["False", "True"])
@pytest.mark.parametrize("shape", [[1], [5], [2, 3], [0], [2, 0], []])
@pytest.mark.parametrize("x", [[7, 2], [1, 3], [4, 0]])
def test_every_shape_of_an_index_is_legal_for_every_axis_that_is_not_empty(x, shape, accumulate):
    line = (
        f'paddle.index_put(Tensor({x},"float32"), tuple(Tensor({shape},"int64"),), '
        f'Tensor([1],"float32"), {accumulate}, )'
    )
    assert all(accepts(line, seed) for seed in SEEDS)


# ------------------------------------------------------------------------------- tolerances


class OneBitOff(ReferenceExecution):
    """The reference with the next greater number in place of every element."""

    def __init__(self, call, inputs, arguments, differentiable):
        super().__init__(call, arguments)

    def forward(self) -> list[HostTensor]:
        return [
            HostTensor(out.dtype, np.nextafter(out.data, np.float32(np.inf)))
            for out in super().forward()
        ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('paddle.index_put(Tensor([3],"float32"), list[Tensor([2],"int64"),], $V, )', "value"),
        ('paddle.index_put(Tensor([3],"float32"), list[Tensor([2],"int64"),], $V, True, )', ""),
        ('paddle.put_along_axis(Tensor([3],"float32"), Tensor([2],"int64"), $V, 0, )', "value"),
        ('paddle.put_along_axis(Tensor([3],"float32"), Tensor([2],"int64"), $V, 0, "add", )', ""),
    ],
)
def test_what_only_moves_is_compared_bit_by_bit_and_sums_are_not(line, reason, monkeypatch):
    monkeypatch.setattr(accuracy, "judge_repetitions", lambda trial: None)
    call = bound(line.replace("$V", 'Tensor([2],"float32")'))
    assert accuracy.AccuracyTrial(call, OneBitOff, 0).verdict().reason == reason


# ------------------------------------------------------------------------------- index_sample


def test_index_sample_takes_columns_of_each_row_and_adds_their_gradients():
    x = tensor([[1, 2, 3], [4, 5, 6]])
    index = torch.tensor([[2, 2], [0, 1]])
    assert index_sample(x, index).tolist() == [[3, 3], [4, 5]]
    assert gradients(lambda x: index_sample(x, index), x) == [[[0, 0, 3], [3, 4, 0]]]


@pytest.mark.parametrize("shape", [(4, 3), (4, 0), (0, 3)])
def test_index_sample_takes_an_index_of_no_rows_for_every_x(shape):
    x = torch.ones(shape, requires_grad=True)
    out = index_sample(x, torch.zeros(0, 2, dtype=torch.int64))
    out.sum().backward()
    assert out.shape == (0, 2) and not x.grad.any()


@pytest.mark.parametrize(
    "index",
    [[[3], [0]], [[-1], [0]], [[0]], [[0], [0], [0]], [0, 0]],
    ids=["too large", "negative", "too few rows", "too many rows", "1-D"],
)
def test_index_sample_refuses(index):
    with pytest.raises(Illegal):
        index_sample(torch.ones(2, 3), torch.tensor(index))


# ---------------------------------------------------------------------------------- index_put


def test_index_put_lets_the_last_value_stay_and_gives_all_of_them_the_gradient():
    indices = (torch.tensor([1, 0, -2, 1]),)
    x, value = tensor([0, 0, 0]), tensor([1, 2, 3, 4])
    expected = np.zeros(3)
    for place, element in zip(indices[0], value):  # in their order, as NumPy writes
        expected[place] = element
    assert index_put(x, indices, value).tolist() == expected.tolist()
    wanted = [[0, 0, 3], [2, 1, 2, 2]]
    assert gradients(lambda x, value: index_put(x, indices, value), x, value) == wanted


def test_index_put_accumulates_as_numpy_adds_at():
    rng = np.random.default_rng(0)
    x, value = rng.standard_normal((4, 5, 2)), rng.standard_normal((3, 6, 2))
    first, second = rng.integers(-4, 4, (3, 1)), rng.integers(-5, 5, 6)
    expected = x.copy()
    np.add.at(expected, (first, second), value)
    indices = (torch.from_numpy(first), torch.from_numpy(second))
    out = index_put(torch.from_numpy(x), indices, torch.from_numpy(value), True)
    np.testing.assert_allclose(out.numpy(), expected)


def test_index_put_takes_masks_beside_indices():
    x = torch.zeros(3, 4, 2)
    mask = torch.tensor([True, False, True])
    out = index_put(x, (mask, torch.tensor([1, 3])), torch.tensor([[1.0], [2.0]]))
    expected = x.numpy().copy()
    expected[mask.numpy(), [1, 3]] = [[1], [2]]
    assert out.tolist() == expected.tolist()


@pytest.mark.parametrize("mask", [True, False])
def test_index_put_takes_a_0_d_mask_as_numpy_does(mask):
    x, value = np.zeros((2, 3)), np.arange(3.0)
    for indices in ((mask,), (mask, [1]), ([1], mask)):
        expected = x.copy()
        expected[tuple(np.array(index) for index in indices)] = value
        tensors = tuple(torch.tensor(index) for index in indices)
        out = index_put(torch.from_numpy(x), tensors, torch.from_numpy(value))
        assert out.tolist() == expected.tolist()


def test_index_put_takes_0_d_indices():
    out = index_put(torch.zeros(2, 2), (torch.tensor(1), torch.tensor(-2)), torch.tensor(3.0))
    assert out.tolist() == [[0, 0], [3, 0]]


@pytest.mark.parametrize("value_shape", [(0, 3), (1, 3), (3,), ()])
@pytest.mark.parametrize("accumulate", [False, True])
def test_index_put_writes_nothing_without_an_index_but_has_gradients(value_shape, accumulate):
    x = torch.ones(2, 3, requires_grad=True)
    value = torch.ones(value_shape, requires_grad=True)
    index_put(x, (torch.zeros(0, dtype=torch.int64),), value, accumulate).sum().backward()
    assert x.grad.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert value.grad.shape == value_shape and not value.grad.any()


def test_index_put_in_place_changes_x_and_returns_it():
    x = torch.zeros(3)
    assert index_put_(x, (torch.tensor([1]),), torch.tensor(2.0)) is x
    assert x.tolist() == [0, 2, 0]


@pytest.mark.parametrize(
    ("shape", "indices", "value"),
    [
        ((4, 3), [torch.tensor([4])], torch.ones(1)),
        ((4, 3), [torch.tensor([-5])], torch.ones(1)),
        ((0, 3), [torch.tensor([0])], torch.ones(1)),
        ((3, 0), [torch.tensor([9])], torch.ones(1)),
        ((4, 3), [torch.tensor([0])] * 3, torch.ones(1)),
        ((4, 3), [torch.ones(5, dtype=torch.bool)], torch.ones(1)),
        ((4, 3), [torch.ones(1, dtype=torch.bool)], torch.ones(1)),
        ((4, 3), [torch.tensor([0], dtype=torch.int16)], torch.ones(1)),
        ((4, 3), [torch.tensor([0])], torch.ones(1, dtype=torch.float64)),
        ((4, 3), [], torch.ones(1)),
        ((4, 3), torch.tensor([0]), torch.ones(1)),
    ],
    ids=[
        "too large",
        "too small",
        "empty axis",
        "empty x",
        "too many indices",
        "long mask",
        "short mask",
        "int16 index",
        "dtype of value",
        "no index",
        "no list",
    ],
)
def test_index_put_refuses(shape, indices, value):
    with pytest.raises(Illegal):
        index_put(torch.ones(shape), indices, value)


@pytest.mark.parametrize("value_shape", [(2,), (1, 2, 3), (3, 3)])
def test_index_put_refuses_a_value_that_does_not_broadcast(value_shape):
    with pytest.raises(RuntimeError, match="expand"):
        index_put(torch.ones(4, 3), (torch.tensor([0, 1]),), torch.ones(value_shape))


# ----------------------------------------------------------------------------- put_along_axis


def combined(arr, indices, values, axis, reduce, include_self):
    """put_along_axis without broadcasting, one entry after the other."""
    out, seen = arr.copy(), np.zeros(arr.shape, bool)
    counts = np.full(arr.shape, include_self, int)
    for position in np.ndindex(indices.shape):
        place = (*position[:axis], indices[position] % arr.shape[axis], *position[axis + 1 :])
        counts[place] += 1
        if reduce == "assign" or not (seen[place] or include_self):
            out[place] = values[position]
        else:
            out[place] = REDUCTIONS.get(reduce, np.add)(out[place], values[position])
        seen[place] = True
    divided = np.divide(out, np.maximum(counts, 1))
    return np.where(seen, divided, arr) if reduce == "mean" else out


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["assign", "mean", *REDUCTIONS])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_put_along_axis_combines_as_a_loop_over_the_entries(axis, reduce, include_self):
    rng = np.random.default_rng(axis)
    arr, values = rng.standard_normal((3, 4, 5)), rng.standard_normal((9, 9, 9))
    index_shape = [2, 3, 4]
    index_shape[axis] = 8
    indices = rng.integers(-arr.shape[axis], arr.shape[axis], index_shape)
    out = put_along_axis(
        *map(torch.from_numpy, (arr, indices, values)), axis, reduce, include_self, False
    )
    expected = combined(arr, indices, values, axis, reduce, include_self)
    np.testing.assert_allclose(out.numpy(), expected)


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", ["add", "mul", "mean", "amax", "amin"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128])
def test_gradients_of_put_along_axis_are_those_of_finite_differences(dtype, reduce, include_self):
    if dtype.is_complex and reduce in ("amax", "amin"):
        return
    generator = torch.Generator().manual_seed(0)
    arr = torch.randn(3, 4, dtype=dtype, generator=generator, requires_grad=True)
    values = torch.randn(6, 4, dtype=dtype, generator=generator, requires_grad=True)
    indices = torch.randint(-3, 3, (5, 4), generator=generator)
    assert torch.autograd.gradcheck(
        lambda arr, values: put_along_axis(arr, indices, values, 0, reduce, include_self, False),
        (arr, values),
    )


def test_the_last_of_several_assigned_values_wins_and_alone_has_the_gradient():
    arr, indices, values = tensor([0, 0, 0]), torch.tensor([1, 1, 2, -2]), tensor([1, 2, 3, 4])
    assert put_along_axis(arr, indices, values, 0).tolist() == [0, 4, 3]
    wanted = [[1, 0, 0], [0, 0, 3, 2]]
    assert gradients(lambda arr, v: put_along_axis(arr, indices, v, 0), arr, values) == wanted


def test_the_gradient_of_a_product_is_that_of_the_other_factors():
    indices = torch.tensor([0, 0])

    def multiplied(arr, values):
        return put_along_axis(arr, indices, values, 0, "mul")

    assert gradients(multiplied, tensor([0, 2]), tensor([3, 4])) == [[12, 2], [0, 0]]
    assert gradients(multiplied, tensor([3, 2]), tensor([0, 4])) == [[0, 2], [12, 0]]
    assert gradients(multiplied, tensor([1e200, 2]), tensor([1e200, 3]))[0][0] == 3e200


def test_ties_share_the_gradient_and_arr_takes_part_only_if_it_is_included():
    arr, indices, values = tensor([3, 1]), torch.tensor([0, 0]), tensor([3, 3])

    def largest(include_self):
        return lambda arr, v: put_along_axis(arr, indices, v, 0, "amax", include_self)

    assert gradients(largest(False), arr, values) == [[0, 2], [0.5, 0.5]]
    third = pytest.approx(1 / 3)
    assert gradients(largest(True), arr, values) == [[third, 2], [third, third]]


@pytest.mark.parametrize("reduce", ["amax", "amin"])
def test_nan_is_the_extreme_and_the_gradient_of_all_that_was_compared_is_nan(reduce):
    arr, indices, values = tensor([1, 2]), torch.tensor([0, 0]), tensor([float("nan"), 3])
    out = put_along_axis(arr, indices, values, 0, reduce)
    assert out.isnan().tolist() == [True, False]
    of_arr, of_values = gradients(
        lambda arr, v: put_along_axis(arr, indices, v, 0, reduce), arr, values
    )
    assert np.isnan(of_arr).tolist() == [True, False] and np.isnan(of_values).all()


def test_the_mean_of_integers_is_the_floor():
    arr, values = tensor([1, 5], torch.int32), tensor([-3, -2], torch.int32)
    assert put_along_axis(arr, torch.tensor([0, 0]), values, 0, "mean").tolist() == [-2, 5]


@pytest.mark.parametrize("dtype", [torch.bool, torch.int8, torch.uint8])
def test_products_of_narrow_integers_wrap_around(dtype):
    arr, values = torch.tensor([7, 1]).to(dtype), torch.tensor([9, 11]).to(dtype)
    out = put_along_axis(arr, torch.tensor([0, 0]), values, 0, "mul")
    assert out.dtype == dtype
    assert out[0] == torch.tensor(693).to(dtype)


def test_an_index_is_broadcast_to_arr_unless_it_is_longer_somewhere():
    arr = torch.zeros(2, 3)
    assert put_along_axis(arr, torch.tensor([[1]]), 9.0, 0).tolist() == [[0, 0, 0], [9, 9, 9]]
    longer = torch.tensor([[1], [0], [1]])
    assert put_along_axis(arr, longer, 9.0, 0).tolist() == [[9, 0, 0], [9, 0, 0]]


def test_values_broadcast_to_the_index_and_their_gradients_add_up():
    arr, indices = torch.zeros(2, 3, dtype=torch.float64), torch.tensor([[1]])
    of_values = gradients(lambda v: put_along_axis(arr, indices, v, 0), tensor([[7]]))
    assert of_values == [[[4 + 5 + 6]]]


def test_0_d_tensors_count_as_one_dimension():
    out = put_along_axis(torch.tensor(1.0), torch.tensor(-1), torch.tensor(2.0), 0, "add")
    assert out.shape == () and out == 3


@pytest.mark.parametrize("reduce", ["assign", "mean", *REDUCTIONS])
@pytest.mark.parametrize(("shape", "index"), [((4, 3), (0, 3)), ((0, 3), (0, 2)), ((0,), (0,))])
def test_without_an_entry_arr_stays_as_it_is(shape, index, reduce):
    arr, indices = torch.ones(shape), torch.zeros(index, dtype=torch.int64)
    out = put_along_axis(
        arr, indices, torch.ones(index), len(shape) - 1 if 0 in shape else 0, reduce
    )
    assert torch.equal(out, arr)


def test_put_along_axis_in_place_changes_arr_and_returns_it():
    arr = torch.zeros(2)
    assert put_along_axis_(arr, torch.tensor([1]), 3.0, 0) is arr
    assert arr.tolist() == [0, 3]


@pytest.mark.parametrize(
    ("arr", "indices", "values", "axis", "reduce", "broadcast"),
    [
        ((4,), [4], (1,), 0, "add", True),
        ((4,), [-5], (1,), 0, "add", True),
        ((0,), [0], (1,), 0, "assign", True),
        ((2, 3), [[1, 0, 1, 0]], (1, 1), 0, "assign", True),
        ((0, 3), [[1]], (1, 1), 1, "assign", True),
        ((2, 3), [0], (1,), 0, "assign", True),
        ((2, 3), [[0, 0]], (1, 1), 0, "assign", False),
        ((2, 3), [[0, 0]], (2,), 0, "assign", False),
        ((2, 3), [[0, 0, 0]], (1, 3), 2, "assign", True),
        ((2, 3), [[0, 0, 0]], (1, 3), 0, "max", True),
    ],
    ids=[
        "too large",
        "too small",
        "empty axis",
        "long index",
        "index of size 1 on size 0",
        "dimensions of the index",
        "short values",
        "dimensions of values",
        "axis",
        "reduction",
    ],
)
def test_put_along_axis_refuses(arr, indices, values, axis, reduce, broadcast):
    with pytest.raises(Illegal):
        put_along_axis(
            torch.ones(arr),
            torch.tensor(indices),
            torch.ones(values),
            axis,
            reduce,
            True,
            broadcast,
        )


@pytest.mark.parametrize(
    ("arr", "values", "reduce"),
    [
        (torch.ones(2), torch.ones(1, dtype=torch.float64), "assign"),
        (torch.ones(2, dtype=torch.bool), torch.ones(1, dtype=torch.bool), "mean"),
        (torch.ones(2, dtype=torch.complex64), torch.ones(1, dtype=torch.complex64), "amax"),
    ],
    ids=["two dtypes", "mean of bool", "greatest of complex"],
)
def test_put_along_axis_refuses_dtypes(arr, values, reduce):
    with pytest.raises(Illegal):
        put_along_axis(arr, torch.tensor([0]), values, 0, reduce)
