"""unique and copysign_: references against NumPy and by hand, generated values, refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import bound
from paddlemend import catalogue
from paddlemend.apitest.inputs import concrete_arguments, generate_inputs
from paddlemend.apitest.rules.copysign import copysign_
from paddlemend.apitest.rules.legality import Illegal
from paddlemend.apitest.rules.unique import unique

NAN, INF = float("nan"), float("inf")


def all_of(x, axis=None):
    return [tensor.tolist() for tensor in unique(x, True, True, True, axis)]


@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1])
def test_unique_agrees_with_numpy(axis):
    x = np.random.default_rng(0).integers(0, 2, (6, 2, 3))
    expected = np.unique(x, True, True, True, axis)
    for ours, theirs in zip(unique(torch.tensor(x), True, True, True, axis), expected):
        assert np.array_equal(ours.numpy(), np.reshape(theirs, ours.shape))


def test_every_nan_is_a_value_of_its_own_and_last():
    values, index, inverse, counts = all_of(torch.tensor([NAN, 1, NAN, 2, 1]))
    assert values[:2] == [1, 2] and np.isnan(values[2:]).all()
    assert (index, inverse, counts) == ([1, 3, 0, 2], [2, 0, 3, 1, 0], [2, 1, 1, 1])


def test_slices_with_nan_are_never_equal():
    x = torch.tensor([[NAN, 1], [NAN, 1], [0, 1]])
    _, index, inverse, counts = all_of(x, axis=0)
    assert (index, inverse, counts) == ([2, 0, 1], [1, 2, 0], [1, 1, 1])


def test_zeros_of_either_sign_are_one_value_the_first():
    values, index, inverse, counts = all_of(torch.tensor([-0.0, 0.0, 1.0]))
    assert np.signbit(values).tolist() == [True, False]
    assert (index, inverse, counts) == ([0, 2], [0, 0, 1], [2, 1])


@pytest.mark.parametrize("shape", [[0], [0, 3], [3, 0], [2, 0, 3]])
def test_flat_results_of_nothing_have_no_elements(shape):
    assert all_of(torch.zeros(shape)) == [[], [], [], []]


def test_no_slices_are_legal_slices_of_nothing_are_not():
    assert [list(t.shape) for t in unique(torch.zeros(0, 2), True, axis=0)] == [[0, 2], [0]]
    with pytest.raises(Illegal, match="no elements"):
        unique(torch.zeros(3, 0), axis=0)


def test_a_number_is_one_value():
    assert all_of(torch.tensor(3.0)) == [[3.0], [0], [0], [1]]


@pytest.mark.parametrize("dtype", ["int32", torch.int32])
def test_the_dtype_is_that_of_index_inverse_and_counts(dtype):
    results = unique(torch.ones(2), True, True, True, dtype=dtype)
    assert [tensor.dtype for tensor in results] == [torch.float32] + [torch.int32] * 3


@pytest.mark.parametrize(
    "arguments",
    [{"axis": 2}, {"axis": -3}, {"axis": 0.5}, {"dtype": "float32"}, {"dtype": "int16"}],
)
def test_unique_refuses_other_axes_and_dtypes(arguments):
    with pytest.raises(Illegal):
        unique(torch.ones(2, 2), **arguments)


def test_unique_refuses_complex_numbers():
    with pytest.raises(Illegal, match="real"):
        unique(torch.ones(2, dtype=torch.complex64))


def test_without_values_the_sizes_are_the_most_there_may_be():
    x = torch.empty(4, 3, device="meta")
    assert [list(t.shape) for t in unique(x, True)] == [[12], [12]]
    assert [list(t.shape) for t in unique(x, True, axis=1)] == [[4, 3], [3]]


@pytest.mark.parametrize("arguments", ["", "axis=0, ", "axis=-1, ", "axis=7, "])
@pytest.mark.parametrize("shape", [[9, 8], [1, 1], [0, 4], [4, 0], [0, 0]])
@pytest.mark.parametrize("dtype", [d for d in catalogue.ALL_DTYPES if "complex" not in d])
def test_generated_values_have_the_shape(dtype, shape, arguments):
    call = bound(f'paddle.unique(Tensor({shape},"{dtype}"), {arguments})')
    x = concrete_arguments(call, generate_inputs(call, 0))["x"]
    assert (x.dtype, list(x.shape)) == (dtype, shape)


@pytest.mark.parametrize(("arguments", "most"), [("", 36), ("axis=0, ", 5), ("axis=1, ", 4)])
def test_generated_values_repeat(arguments, most):
    call = bound(f'paddle.unique(Tensor([9, 8],"float32"), {arguments})')
    x = torch.tensor(concrete_arguments(call, generate_inputs(call, 0))["x"].data)
    axis = call.arguments.get("axis")
    assert unique(x, axis=axis)[0].shape[axis or 0] <= most


@pytest.mark.parametrize(
    ("dtype", "x", "y", "expected"),
    [
        ("int8", [-128, -128, 3, -3], [1, -1, -1, 0], [127, -128, -3, 3]),
        ("int64", [-(2**63), 2**53 + 1], [5, -5], [2**63 - 1, -(2**53) - 1]),
        ("uint8", [0, 3, 255], [-1.0, -0.0, 1.0], [0, 0, 255]),
        ("bool", [True, True, False], [-1.0, 1.0, -1.0], [False, True, False]),
        ("int32", [3, 4], [-0.0, NAN], [-3, 4]),
    ],
)
def test_integers_keep_their_dtype_and_saturate(dtype, x, y, expected):
    tensor = torch.tensor(x, dtype=getattr(torch, dtype))
    assert copysign_(tensor, torch.tensor(y)) is tensor
    assert tensor.tolist() == expected and str(tensor.dtype) == f"torch.{dtype}"


def test_a_number_gives_its_sign_to_all():
    assert copysign_(torch.tensor([1, -2]), -0.0).tolist() == [-1, -2]
    assert copysign_(torch.tensor([1.0, -INF]), -3).tolist() == [-1.0, -INF]


@pytest.mark.parametrize("dtype", [torch.float32, torch.int32])
def test_copysign_of_x_itself_does_not_let_y_enlarge_it(dtype):
    with pytest.raises((Illegal, RuntimeError)):
        copysign_(torch.ones(3, dtype=dtype), torch.ones(2, 3, dtype=dtype))
