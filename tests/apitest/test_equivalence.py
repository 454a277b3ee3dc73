"""Results in another order are put into that of the reference, and cotangents back."""

from __future__ import annotations

import numpy as np
import pytest
from paddlemend.apitest.equivalence import (
    MultisetAlongLastAxis,
    in_reference_order,
    in_result_order,
)
from paddlemend.apitest.host_tensor import HostTensor

MULTISET = MultisetAlongLastAxis()


def tensor(values, dtype="complex128"):
    return HostTensor(dtype, np.array(values, dtype))


def test_each_row_is_rearranged_on_its_own():
    reference = tensor([[1, 2j, 3], [4, 5, 6]])
    result = tensor([[3, 1, 2j], [4, 6, 5]])
    positions = MULTISET.positions(result, reference)
    assert in_reference_order(result, positions).data.tolist() == reference.data.tolist()


def test_a_value_that_occurs_twice_is_paired_twice_and_no_more():
    reference = tensor([1, 1, 2])
    positions = MULTISET.positions(tensor([2, 1, 2]), reference)
    assert sorted(positions) == [0, 1, 2]
    assert in_reference_order(tensor([2, 1, 2]), positions).data.tolist() == [1, 2, 2]


def test_close_values_are_paired_before_distant_ones():
    reference = tensor([1.0, 2.0])
    positions = MULTISET.positions(tensor([2.0000001, 1.4]), reference)
    assert in_reference_order(tensor([2.0000001, 1.4]), positions).data.tolist() == [1.4, 2.0000001]


def test_a_cotangent_follows_its_value_into_the_order_of_the_result():
    reference, result = tensor([10, 20, 30]), tensor([30, 10, 20])
    positions = MULTISET.positions(result, reference)
    cotangent = in_result_order(tensor([1, 2, 3]), positions)
    assert cotangent.data.tolist() == [3, 1, 2]


@pytest.mark.parametrize("shape", [(0,), (2, 0), ()])
def test_a_result_without_elements_or_axes_stays_as_it_is(shape):
    empty = HostTensor("float64", np.zeros(shape))
    assert MULTISET.positions(empty, empty) is None
    assert in_reference_order(empty, None) is empty


def test_a_result_of_another_shape_is_left_for_the_comparison_to_refuse():
    assert MULTISET.positions(tensor([1, 2]), tensor([1, 2, 3])) is None


def test_nan_is_paired_with_what_is_left():
    positions = MULTISET.positions(tensor([np.nan, 1]), tensor([1, 2]))
    assert positions.tolist() == [1, 0]
