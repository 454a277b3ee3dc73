"""Half precision is converted here, to nearest and ties to even."""

from __future__ import annotations

import numpy as np
import pytest
from paddlemend.apitest.host_tensor import (
    HostTensor,
    bfloat16_to_float32,
    float32_to_bfloat16,
    is_differentiable,
    item_bytes,
    round_to,
)


def test_every_bfloat16_survives_the_way_to_float32_and_back():
    bits = np.arange(1 << 16, dtype=np.uint16)
    values = bfloat16_to_float32(bits)
    back = float32_to_bfloat16(values)
    is_nan = np.isnan(values)
    np.testing.assert_array_equal(back[~is_nan], bits[~is_nan])
    assert np.isnan(bfloat16_to_float32(back[is_nan])).all()


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (1.0 + 2**-8, 1.0),  # a tie goes to the even neighbour below
        (1.0 + 3 * 2**-8, 1.0 + 2**-6),  # a tie goes to the even neighbour above
        (1.0 + 2**-8 + 2**-20, 1.0 + 2**-7),
        (-1.0 - 2**-8 - 2**-20, -1.0 - 2**-7),
        (3.39e38, 3.3895313892515355e38),
        (3.4e38, np.inf),
        (np.float32(3.4028235e38), np.inf),
    ],
)
def test_bfloat16_rounds_to_nearest_even(value, rounded):
    bits = float32_to_bfloat16(np.array([value], np.float32))
    assert bfloat16_to_float32(bits)[0] == np.float32(rounded)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 3)])
def test_shapes_survive_rounding_also_without_dimensions_or_elements(shape):
    values = np.zeros(shape, np.float32)
    for dtype in ("float16", "bfloat16", "complex64", "int8"):
        tensor = round_to(dtype, values)
        assert tensor.shape == shape
        assert isinstance(tensor.widened().data, np.ndarray)


def test_bits_of_complex_numbers_are_one_word_a_part():
    tensor = HostTensor("complex128", np.array([1 + 2j]))
    assert tensor.flat_bits().tolist() == np.array([1.0, 2.0]).view(np.uint64).tolist()


def test_floating_and_complex_dtypes_are_differentiable():
    assert is_differentiable("bfloat16") and is_differentiable("complex64")
    assert not is_differentiable("int64") and not is_differentiable("bool")


def test_sizes_of_elements_are_bytes():
    assert [item_bytes(d) for d in ("bool", "bfloat16", "complex128")] == [1, 2, 16]
