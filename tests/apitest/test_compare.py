"""A comparison finds what is wrong, names it, and says which rule passed what is right."""

from __future__ import annotations

import numpy as np
import pytest
from paddlemend import catalogue
from paddlemend.apitest import tolerance
from paddlemend.apitest.compare import POISON_BYTE, Expectation, compare_tensor, equal_bits
from paddlemend.apitest.host_tensor import HostTensor, round_to


def tensor(values, dtype: str = "float32") -> HostTensor:
    return round_to(dtype, np.asarray(values))


def against(actual: HostTensor, reference, rule: str, torch=None):
    """Compares with a float64 reference; Torch's own result is the rounded reference or `torch`."""
    wide = HostTensor("float64", np.asarray(reference, np.float64))
    same = round_to(actual.dtype, wide.data) if torch is None else torch
    return compare_tensor(actual, Expectation(same, wide), rule)


def test_equal_bits_pass_as_bitwise():
    x = tensor([1.5, -0.0, np.nan])
    result = compare_tensor(x, Expectation(tensor([1.5, -0.0, np.nan]), None), catalogue.BITWISE)
    assert result.passed and result.rule == tolerance.BITWISE


def test_the_sign_of_zero_counts_bitwise():
    result = compare_tensor(tensor([-0.0]), Expectation(tensor([0.0]), None), catalogue.BITWISE)
    assert result.reason == "value"


@pytest.mark.parametrize("dtype", ["int8", "int64", "bool", "uint8"])
def test_integers_and_bool_are_compared_bitwise_under_every_rule(dtype):
    expected = Expectation(tensor([0, 1, 1], dtype), tensor([0, 1, 1], dtype))
    assert compare_tensor(tensor([0, 1, 1], dtype), expected, catalogue.SUM).rule == "bitwise"
    wrong = compare_tensor(tensor([0, 1, 0], dtype), expected, catalogue.SUM)
    assert wrong.reason == "value" and wrong.max_abs == 1
    assert "1 of 3 elements are wrong" in wrong.message and "element 2" in wrong.message


def test_a_wrong_dtype_is_found_before_the_values():
    result = compare_tensor(tensor([1.0]), Expectation(tensor([1], "int32"), None), "bitwise")
    assert result.reason == "dtype" and "float32, expected int32" in result.message


def test_random_values_are_judged_by_dtype_and_shape():
    x, y = tensor([1.0, 2.0]), Expectation(tensor([3.0, 4.0]), None)
    assert compare_tensor(x, y, catalogue.SHAPE).rule == tolerance.SHAPE
    assert compare_tensor(tensor([1.0]), y, catalogue.SHAPE).reason == "shape"


def test_a_wrong_shape_is_found_also_without_elements():
    result = compare_tensor(
        tensor(np.zeros((0, 3))), Expectation(tensor(np.zeros((3, 0))), None), catalogue.BITWISE
    )
    assert result.reason == "shape" and "[0, 3], expected [3, 0]" in result.message


@pytest.mark.parametrize(
    ("dtype", "inside", "outside"),
    [
        ("float64", 1e-8, 1e-6),
        ("float32", 1e-6, 1e-4),
        ("float16", 5e-4, 5e-3),
        ("bfloat16", 1e-2, 5e-2),
    ],
)
def test_closeness_follows_the_table_of_the_dtype(dtype, inside, outside):
    reference = np.linspace(1, 2, 50)
    good = against(tensor(reference * (1 + inside), dtype), reference, catalogue.CLOSE)
    assert good.passed and good.rule == tolerance.ASSERT_CLOSE
    bad = against(tensor(reference * (1 + outside), dtype), reference, catalogue.CLOSE)
    assert bad.reason == "value" and bad.max_rel > inside


def test_a_sum_may_have_twice_the_error_of_torch_and_no_more():
    reference = np.full(100, 1.0)
    torch = tensor(reference + 1e-4)
    within = against(tensor(reference + 1.9e-4), reference, catalogue.SUM, torch)
    assert within.passed and within.rule == tolerance.TWICE_TORCH
    beyond = against(tensor(reference + 2.1e-4), reference, catalogue.SUM, torch)
    assert beyond.reason == "value"


def test_only_a_sum_is_measured_by_the_error_of_torch():
    reference = np.full(100, 1.0)
    result = against(tensor(reference + 1e-4), reference, catalogue.CLOSE, tensor(reference + 1e-4))
    assert result.reason == "value"


def test_infinities_of_torch_do_not_excuse_other_errors():
    reference = np.array([70000.0, 1.0])
    torch = tensor([np.inf, 1.0], "float16")
    assert against(tensor([np.inf, 1.0], "float16"), reference, catalogue.SUM, torch).passed
    assert not against(tensor([np.inf, 2.0], "float16"), reference, catalogue.SUM, torch).passed
    assert not against(tensor([1.0, np.inf], "float16"), reference, catalogue.SUM, torch).passed


def test_nan_equals_nan_and_nothing_else():
    reference = np.array([np.nan, 1.0])
    assert against(tensor([np.nan, 1.0]), reference, catalogue.CLOSE).passed
    assert not against(tensor([1.0, np.nan]), reference, catalogue.CLOSE).passed


def test_complex_values_are_close_in_absolute_value():
    wide = HostTensor("complex128", np.array([1 + 1j]))
    expected = Expectation(round_to("complex64", wide.data), wide)
    near = HostTensor("complex64", np.array([1 + 1.0000005j], np.complex64))
    assert compare_tensor(near, expected, catalogue.SUM).passed
    far = HostTensor("complex64", np.array([1 - 1j], np.complex64))
    assert compare_tensor(far, expected, catalogue.SUM).max_abs == pytest.approx(2)


def test_memory_that_nobody_wrote_is_called_uninitialised():
    fresh = HostTensor("float32", np.full(16, POISON_BYTE, np.uint8).view(np.float32))
    zeros = tensor(np.zeros(4))
    result = compare_tensor(fresh, Expectation(zeros, None), catalogue.BITWISE)
    assert result.reason == "uninitialised"


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_errors_are_counted_in_representable_values(dtype):
    one = tensor([1.0], dtype)
    bits = one.data.view(f"int{8 * one.data.dtype.itemsize}")
    next_up = HostTensor(dtype, (bits + 3).view(one.data.dtype))
    assert against(next_up, [1.0], catalogue.CLOSE).max_ulp == 3


def test_representable_values_are_counted_across_zero():
    tiny = np.array([np.float32(1e-45)])
    assert against(tensor(-tiny), tiny.astype(np.float64), catalogue.CLOSE).max_ulp == 2


def test_tensors_without_elements_are_equal():
    empty = tensor(np.zeros((2, 0)))
    assert equal_bits(empty, empty)
    assert against(empty, np.zeros((2, 0)), catalogue.SUM).passed


def test_large_tensors_are_compared_in_pieces_and_positions_stay_global():
    reference = np.zeros(3_000_000)
    wrong = reference.copy()
    wrong[2_500_000] = 1
    result = against(tensor(wrong), reference, catalogue.SUM)
    assert "1 of 3000000" in result.message and "element 2500000" in result.message


def test_the_loosest_rule_is_reported():
    assert tolerance.loosest(["bitwise", "twice_torch", "assert_close"]) == "twice_torch"
    assert tolerance.loosest([]) == ""
