"""native.unique."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import DTYPES, LAYOUTS, assert_same, bits, random_tensor
from paddlemend import native

REAL = [dtype for dtype in DTYPES if not dtype.is_complex]


def array(tensor: torch.Tensor) -> np.ndarray:
    """For NumPy, which has no bfloat16: float32 holds its values, in their order."""
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


@pytest.mark.parametrize("shape", [[], [1], [50], [6000], [30, 40], [2, 3, 4]], ids=str)
@pytest.mark.parametrize("dtype", REAL)
def test_elements_are_those_of_numpy(dtype, shape):
    x = random_tensor(dtype, shape)
    values, *numbers = native.unique(x, True, True, True)
    expected = np.unique(array(x), True, True, True)
    assert_same(values, torch.from_numpy(expected[0]).to(dtype))
    for found, right in zip(numbers, expected[1:]):
        assert_same(found, torch.from_numpy(right.reshape(-1)).long())


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("shape", [[6, 2, 1], [3, 40, 2], [2, 1, 30], [9, 9, 9]], ids=str)
@pytest.mark.parametrize("dtype", REAL)
def test_slices_are_those_of_numpy(dtype, shape, axis):
    x = random_tensor(dtype, shape)
    values, *numbers = native.unique(x, True, True, True, axis=axis)
    expected = np.unique(array(x), True, True, True, axis=axis)
    assert_same(values, torch.from_numpy(expected[0].copy()).to(dtype))
    for found, right in zip(numbers, expected[1:]):
        assert_same(found, torch.from_numpy(right.reshape(-1)).long())


def test_one_result_is_no_tuple():
    assert_same(native.unique(np.array([2, 1, 2])), torch.tensor([1, 2]))
    values, counts = native.unique(np.array([2, 1, 2]), return_counts=True, dtype="int32")
    assert_same(values, torch.tensor([1, 2]))
    assert_same(counts, torch.tensor([1, 2], dtype=torch.int32))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_strided_inputs(layout, axis):
    x = random_tensor(torch.float32, [40, 3])
    for found, right in zip(
        native.unique(layout(x), True, True, True, axis),
        native.unique(x, True, True, True, axis),
    ):
        assert_same(found, torch.from_dlpack(right))


def test_every_nan_is_a_value_of_its_own_and_keeps_its_bits():
    x = np.array([np.nan, 1, -np.nan, 2, 1], np.float32)
    x.view(np.uint32)[0] |= 1
    values, index, inverse, counts = map(torch.from_dlpack, native.unique(x, True, True, True))
    assert bits(values) == x[[1, 3, 0, 2]].tobytes()
    assert index.tolist() == [1, 3, 0, 2]
    assert inverse.tolist() == [2, 0, 3, 1, 0]
    assert counts.tolist() == [2, 1, 1, 1]


@pytest.mark.parametrize("zeros", [[0.0, -0.0], [-0.0, 0.0]])
def test_the_first_zero_stays(zeros):
    x = torch.tensor([1.0, *zeros])
    assert_same(native.unique(x), torch.tensor([zeros[0], 1.0]))
    assert_same(native.unique(x.reshape(3, 1), axis=0), torch.tensor([[zeros[0]], [1.0]]))


@pytest.mark.parametrize(
    ("shape", "axis", "result"),
    [([0, 3], None, [0]), ([0, 3], 0, [0, 3]), ([2, 0, 3], 1, [2, 0, 3]), ([3, 0], 1, [3, 0])],
)
def test_no_element(shape, axis, result):
    values, *numbers = map(
        torch.from_dlpack, native.unique(torch.zeros(shape), True, True, True, axis)
    )
    assert list(values.shape) == result
    assert [list(found.shape) for found in numbers] == [[0]] * 3


@pytest.mark.parametrize(
    ("x", "axis", "error", "message"),
    [
        (torch.ones(3, 0), 0, ValueError, r"the slices of x of shape \[3, 0\] .* have no elements"),
        (torch.ones(3, 2), 2, IndexError, "axis is 2, expected -2 <= axis < 2"),
        (torch.ones([]), 0, IndexError, "axis is 0, but x has no dimension"),
        (torch.ones(3).cfloat(), None, TypeError, "complex64"),
    ],
)
def test_what_is_refused(x, axis, error, message):
    with pytest.raises(error, match=message):
        native.unique(x, axis=axis)


def test_other_dtypes_of_numbers_are_refused():
    with pytest.raises(ValueError, match="dtype is 'float32', expected int32 or int64"):
        native.unique(torch.ones(3), dtype="float32")


def test_the_bits_do_not_depend_on_the_number_of_threads():
    generator = torch.Generator().manual_seed(3)
    tensors = [
        (torch.randn(200_000, generator=generator), None),
        (torch.randint(-(2**62), 2**62, [200_000], generator=generator), None),
        (torch.randint(0, 300, [100_000, 2], generator=generator), 0),
    ]
    results = set()
    for threads in (1, 2, 3, 9):
        native.set_num_threads(threads)
        found = [native.unique(x, True, True, True, axis) for x, axis in tensors]
        results.add(b"".join(bits(torch.from_dlpack(part)) for group in found for part in group))
    assert len(results) == 1
