"""Generated inputs are legal, reproducible, and different from case to case."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import bound
from paddlemend import catalogue
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.inputs import concrete_arguments, concrete_sizes, generate_inputs

SEEDS = range(20)


def arguments_of(line: str, seed: int) -> dict:
    call = bound(line)
    return concrete_arguments(call, generate_inputs(call, seed))


@pytest.mark.parametrize("dtype", catalogue.ALL_DTYPES)
def test_values_have_the_dtype_vary_and_repeat_for_the_same_seed(dtype):
    line = f'paddle.expand(Tensor([3, 50],"{dtype}"), list[3,50,], )'
    first, again, other = (arguments_of(line, seed)["x"] for seed in (0, 0, 1))
    assert first.dtype == dtype
    assert np.array_equal(first.flat_bits(), again.flat_bits())
    assert not np.array_equal(first.flat_bits(), other.flat_bits())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "int8", "int64"])
def test_signed_values_come_with_either_sign(dtype):
    values = arguments_of(f'paddle.expand(Tensor([99],"{dtype}"), list[99,], )', 0)["x"].values()
    assert (values < 0).any() and (values > 0).any()


def test_two_lines_get_different_values():
    shapes = ("list[1,9,]", "list[2,9,]")
    first, second = (
        arguments_of(f'paddle.expand(Tensor([9],"float32"), {shape}, )', 0)["x"] for shape in shapes
    )
    assert not np.array_equal(first.data, second.data)


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
def test_indices_are_in_range_of_their_axis_and_sometimes_negative(axis):
    line = f'paddle.index_add(Tensor([3, 7],"int8"), Tensor([40],"int64"), {axis}, 1, )'
    length = (3, 7)[axis]
    drawn = [arguments_of(line, seed)["index"].data for seed in SEEDS]
    assert all((-length <= index).all() and (index < length).all() for index in drawn)
    assert any((index < 0).any() for index in drawn)
    assert any((index >= 0).all() for index in drawn)


@pytest.mark.parametrize(
    "line",
    [
        'paddle.index_add(Tensor([0, 3],"int8"), Tensor([2],"int64"), 0, 1, )',
        'paddle.index_add(Tensor([4, 3],"int8"), Tensor([2],"int64"), 5, 1, )',
        'paddle.index_add(Tensor([4],"int8"), Tensor([0],"int32"), 0, 1, )',
    ],
)
def test_an_index_is_generated_also_where_no_legal_one_exists(line):
    index = arguments_of(line, 0)["index"]
    assert isinstance(index, HostTensor) and not index.data.any()


def test_a_number_has_one_place_to_index():
    line = 'paddle.index_add(Tensor([],"int8"), Tensor([9],"int32"), 0, 1, )'
    for seed in SEEDS:
        assert set(arguments_of(line, seed)["index"].data.tolist()) <= {0, -1}


def test_sizes_in_tensors_are_a_legal_broadcast_target():
    line = (
        'paddle.expand(Tensor([4, 1, 6],"int8"), list[Tensor([],"int64"),4,Tensor([],"int32"),6,])'
    )
    for seed in SEEDS:
        leading, four, free, six = arguments_of(line, seed)["shape"]
        assert leading >= 1 and free >= 1 and (four, six) == (4, 6)


def test_one_tensor_may_hold_the_whole_shape():
    line = 'paddle.expand(Tensor([0, 1],"int8"), Tensor([3],"int32"), )'
    leading, zero, free = concrete_sizes(bound(line), 0)["shape"]
    assert leading >= 1 and zero == 0 and free >= 1


def test_a_size_that_is_no_single_number_stays_for_the_frameworks_to_refuse():
    line = 'paddle.expand(Tensor([1],"int8"), list[Tensor([2],"int64"),], )'
    assert isinstance(arguments_of(line, 0)["shape"][0], HostTensor)


def test_values_of_the_line_are_used_as_they_stand():
    line = 'paddle.index_add(Tensor([4],"int8"), Tensor([2],"int64",values=list[9,-9]), 0, 1, )'
    assert arguments_of(line, 0)["index"].data.tolist() == [9, -9]


def test_values_that_do_not_fill_the_shape_are_refused():
    line = 'paddle.expand(Tensor([3],"int8",values=list[1,2]), list[3,], )'
    with pytest.raises(ValueError, match=r"shape \[3\] has 3 values, its case line gives 2"):
        arguments_of(line, 0)


def test_values_repeat_along_a_dimension_of_stride_0():
    x = arguments_of('paddle.expand(Tensor([4, 3],"int8",strides=[0, 1]), list[4,3,], )', 0)["x"]
    assert (x.data == x.data[0]).all()
