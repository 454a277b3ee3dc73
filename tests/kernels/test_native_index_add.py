"""native.index_add and native.index_add_grad."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from helpers import DTYPES, LAYOUTS, assert_same, narrow, poisoned, random_tensor, wide
from paddlemend import native

SHAPES = [[7], [5, 3], [3, 5, 7], [13, 700], [2, 600, 9]]


def random_index(count: int, size: int, dtype=torch.int64, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(-size, size, [count], generator=generator, dtype=dtype)


def value_for(x: torch.Tensor, axis: int, count: int) -> torch.Tensor:
    shape = list(x.shape)
    shape[axis] = count
    return random_tensor(x.dtype, shape, seed=1)


def reference(x, index, axis, value):
    """Slice by slice, in float64, complex128 or int64."""
    out = wide(x).clone()
    for position, row in enumerate(index.tolist()):
        out.select(axis, row).add_(wide(value).select(axis, position))
    return narrow(out, x.dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_adds_slices_along_any_axis(dtype, shape):
    x = random_tensor(dtype, shape)
    for axis in range(-x.ndim, x.ndim):
        index = random_index(11, shape[axis])
        value = value_for(x, axis, 11)
        expected = reference(x, index, axis, value)
        assert_same(native.index_add(x, index, axis, value), expected)


def test_x_is_not_changed():
    x = random_tensor(torch.float32, [5, 3])
    native.index_add(x, torch.tensor([0]), 0, torch.ones(1, 3))
    assert_same(x, random_tensor(torch.float32, [5, 3]))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_out_may_be_x(dtype, layout):
    x = layout(random_tensor(dtype, [3, 50, 7]))
    index = random_index(20, 50)
    value = value_for(x, 1, 20)
    expected = reference(x, index, 1, value)
    assert native.index_add(x, index, 1, value, out=x) is x
    assert_same(x, expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_inputs_and_outputs(layout):
    x = random_tensor(torch.bfloat16, [3, 50, 7])
    index = random_index(20, 50)
    value = value_for(x, 1, 20)
    out = layout(poisoned(torch.bfloat16, [3, 50, 7]))
    native.index_add(layout(x), torch.stack([index] * 2, 1)[:, 0], 1, layout(value), out=out)
    assert_same(out, reference(x, index, 1, value))


def test_negative_strides():
    x = np.arange(12.0).reshape(4, 3)[::-1, ::-1]
    index = np.array([3, 0, 1])[::-1]
    value = np.arange(9.0).reshape(3, 3)[::-1]
    expected = x.copy()
    np.add.at(expected, index, value)
    np.testing.assert_array_equal(np.from_dlpack(native.index_add(x, index, 0, value)), expected)


def test_the_index_may_be_int32():
    x = random_tensor(torch.float32, [50, 3])
    value = value_for(x, 0, 200)
    index = random_index(200, 50, torch.int32)
    assert_same(native.index_add(x, index, 0, value), reference(x, index, 0, value))


def test_a_0d_index_is_one_index():
    result = native.index_add(torch.zeros(3), torch.tensor(-1), 0, torch.ones(1))
    assert torch.from_dlpack(result).tolist() == [0, 0, 1]


def test_a_0d_x_has_one_element_along_its_axis():
    result = native.index_add(torch.tensor(1.0), torch.tensor([0]), -1, torch.tensor(2.0))
    assert torch.from_dlpack(result).item() == 3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_once(dtype):
    x = torch.full([1, 40], 2048, dtype=dtype)
    index = torch.zeros(1024, dtype=torch.int64)
    result = native.index_add(x, index, 0, torch.ones(1024, 40, dtype=dtype))
    assert_same(result, torch.full([1, 40], 3072, dtype=dtype))


@pytest.mark.parametrize(
    ("shape", "count", "axis"),
    [([4, 3], 0, 0), ([4, 0], 5, 0), ([0, 3], 5, 0), ([0], 0, 0), ([3, 0, 2], 7, -1)],
)
def test_sizes_of_zero_give_x(shape, count, axis):
    x = random_tensor(torch.float32, shape)
    index = torch.full([count], 99)  # where there is nothing to add to, any index will do
    assert_same(native.index_add(x, index, axis, value_for(x, axis, count)), x)


@pytest.mark.parametrize("bad", [4, -5, 2**62, -(2**63)])
def test_an_index_out_of_range_is_named_and_nothing_is_written(bad):
    out = poisoned(torch.float32, [4, 2])
    message = rf"^index_add: index\[1\] is {bad}, expected -4 <= index < 4$"
    with pytest.raises(ValueError, match=message):
        native.index_add(torch.ones(4, 2), torch.tensor([0, bad]), 0, torch.ones(2, 2), out=out)
    assert_same(out, poisoned(torch.float32, [4, 2]))


@pytest.mark.parametrize("axis", [2, -3])
def test_an_axis_out_of_range(axis):
    with pytest.raises(IndexError, match=rf"axis is {axis}, expected -2 <= axis < 2"):
        native.index_add(torch.ones(4, 2), torch.tensor([0]), axis, torch.ones(1, 2))


@pytest.mark.parametrize(
    ("index", "value", "error", "message"),
    [
        (torch.tensor([0.0]), torch.ones(1, 2), TypeError, "dtype of index is float32, expected"),
        (torch.tensor([[0]]), torch.ones(1, 2), ValueError, r"index has shape \[1, 1\]"),
        (torch.tensor([0]), torch.ones(2, 2), ValueError, r"value is \[2, 2\], expected \[1, 2\]"),
        (torch.tensor([0]), torch.ones(2), ValueError, r"value is \[2\], expected \[1, 2\]"),
        (torch.tensor([0]), torch.ones(1, 2).double(), ValueError, "dtypes of x and value"),
    ],
)
def test_arguments_that_do_not_match(index, value, error, message):
    with pytest.raises(error, match=message):
        native.index_add(torch.ones(4, 2), index, 0, value)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradients_are_a_copy_and_a_gather(dtype):
    out_grad = random_tensor(dtype, [3, 50, 7])
    index = random_index(20, 50)
    value = value_for(out_grad, 1, 20)
    x_grad, value_grad = native.index_add_grad(out_grad, index, 1, out_grad, value)
    assert_same(x_grad, out_grad)
    assert_same(value_grad, out_grad.index_select(1, index % 50))


def test_a_gradient_that_is_not_wanted_is_none():
    out_grad, value = torch.ones(4, 2), torch.ones(1, 2)
    index = torch.tensor([0])
    assert native.index_add_grad(out_grad, index, 0, None, value)[0] is None
    assert native.index_add_grad(out_grad, index, 0, out_grad, None)[1] is None


def test_the_gradient_checks_the_index_even_on_an_empty_axis():
    with pytest.raises(ValueError, match=r"index\[0\] is 0"):
        native.index_add_grad(torch.ones(0, 2), torch.tensor([0]), 0, None, torch.ones(1, 2))


_PRINT_DIGEST = """
import hashlib
import numpy as np
from paddlemend import native

random = np.random.default_rng(3)
x = random.standard_normal((500, 300), np.float32)
value = random.standard_normal((4000, 300), np.float32)
index = random.integers(-500, 500, 4000)
result = np.from_dlpack(native.index_add(x, index, 0, value))
print(hashlib.sha256(result.tobytes()).hexdigest())
"""


def digest_with(threads: int) -> str:
    environment = {
        **os.environ,
        "PADDLEMEND_NUM_THREADS": str(threads),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    command = [sys.executable, "-c", _PRINT_DIGEST]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_the_bits_do_not_depend_on_the_number_of_threads():
    digests = {digest_with(threads) for threads in (1, 2, 3, 4)}
    assert len(digests) == 1
