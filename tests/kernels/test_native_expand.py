"""native.expand, native.expand_shape and native.expand_grad."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import DTYPES, LAYOUTS, assert_same, bits, narrow, poisoned, random_tensor, wide
from paddlemend import native

# shape of x, target, shape of the result
SHAPES = [
    ([], [], []),
    ([], [3, 5], [3, 5]),
    ([1], [7], [7]),
    ([5, 1], [5, 9], [5, 9]),
    ([5, 1], [-1, 9], [5, 9]),
    ([3, 1, 5], [2, -1, 4, -1], [2, 3, 4, 5]),
    ([1, 33, 1], [21, 33, 17], [21, 33, 17]),
    ([4, 3], [-1, -1], [4, 3]),
]

EMPTY_SHAPES = [
    ([1], [0], [0]),
    ([0], [-1], [0]),
    ([3, 1], [3, 0], [3, 0]),
    ([0, 1], [2, 0, 4], [2, 0, 4]),
    ([], [0, 5], [0, 5]),
]


def ids(cases):
    return [f"{x}-to-{target}" for x, target, _ in cases]


@pytest.mark.parametrize(("shape", "target", "result"), SHAPES, ids=ids(SHAPES))
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_result_is_what_broadcasting_gives(dtype, shape, target, result):
    x = random_tensor(dtype, shape)
    assert_same(native.expand(x, target), torch.broadcast_to(x, result))


@pytest.mark.parametrize(("shape", "target", "result"), EMPTY_SHAPES, ids=ids(EMPTY_SHAPES))
def test_sizes_of_zero(shape, target, result):
    assert native.expand(torch.ones(shape), target).shape == tuple(result)


@pytest.mark.parametrize(("shape", "target", "result"), SHAPES + EMPTY_SHAPES)
def test_expand_shape_gives_the_shape_alone(shape, target, result):
    assert native.expand_shape(torch.ones(shape), target) == tuple(result)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_inputs_and_outputs(layout):
    x = random_tensor(torch.float32, [5, 1, 7])
    out = layout(poisoned(torch.float32, [3, 5, 9, 7]))
    assert native.expand(layout(x), [3, 5, 9, 7], out=out) is out
    assert_same(out, x.broadcast_to([3, 5, 9, 7]))


def test_negative_strides():
    x = np.arange(12.0).reshape(4, 1, 3)[::-1, :, ::-2]
    result = np.from_dlpack(native.expand(x, [4, 5, 2]))
    np.testing.assert_array_equal(result, np.broadcast_to(x, [4, 5, 2]))


def test_nan_and_negative_zero_keep_their_bits():
    x = np.array([[0x7FC12345], [0x80000000]], np.uint32).view(np.float32)
    result = np.from_dlpack(native.expand(x, [2, 3])).view(np.uint32)
    np.testing.assert_array_equal(result, x.view(np.uint32).repeat(3, axis=1))


@pytest.mark.parametrize(
    ("shape", "target", "message"),
    [
        ([2, 3], [2, 4], r"shape\[1\] is 4, but dimension 1 of x has size 3: expected 3 or -1"),
        ([0], [1], r"shape\[0\] is 1, but dimension 0 of x has size 0"),
        ([3], [-1, 3], r"shape\[0\] is -1, but x of shape \[3\] has no dimension there to keep"),
        ([1], [-2], r"shape\[0\] is -2, expected a size >= 0, or -1"),
        ([2, 3], [3], r"shape has 1 entries"),
        ([1], [2**40, 2**40], r"more than 2\^63 - 1 bytes of dtype float32"),
        ([1], [1] * 17, r"shape has 17 entries, expected at most 16"),
    ],
)
def test_shapes_that_are_no_expansion(shape, target, message):
    with pytest.raises(ValueError, match=message):
        native.expand(torch.ones(shape), target)


def test_a_result_that_memory_cannot_hold():
    with pytest.raises(MemoryError):
        native.expand(np.ones([1], np.uint8), [2**50])


@pytest.mark.parametrize(("shape", "target", "result"), SHAPES, ids=ids(SHAPES))
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_is_the_sum_over_broadcast_dimensions(dtype, shape, target, result):
    out_grad = random_tensor(dtype, result)
    expected = narrow(wide(out_grad).sum_to_size(shape), dtype)
    assert_same(native.expand_grad(out_grad, torch.empty(shape, dtype=dtype)), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.bool, torch.float16, torch.float32, torch.complex64])
def test_the_gradient_of_strided_tensors(dtype, layout):
    out_grad = random_tensor(dtype, [3, 5, 9, 7])
    x = poisoned(dtype, [5, 1, 7])
    out = layout(x)
    assert native.expand_grad(layout(out_grad), x, x_grad=out) is out
    assert_same(out, narrow(wide(out_grad).sum_to_size([5, 1, 7]), dtype))


@pytest.mark.parametrize(("shape", "target", "result"), EMPTY_SHAPES, ids=ids(EMPTY_SHAPES))
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_nothing_is_zero(dtype, shape, target, result):
    out = poisoned(dtype, shape)
    native.expand_grad(torch.empty(result, dtype=dtype), out, x_grad=out)
    assert_same(out, torch.zeros(shape, dtype=dtype))


def test_a_float16_gradient_is_rounded_once():
    out_grad = torch.ones([4097], dtype=torch.float16)
    assert torch.from_dlpack(native.expand_grad(out_grad, out_grad[:1])).item() == 4096


@pytest.mark.parametrize("shape", [[3000, 701], [3000, 1], [1, 701], [1, 1]])
def test_the_error_of_a_float32_gradient_is_not_above_that_of_torch(shape):
    out_grad = torch.rand([3000, 701], generator=torch.Generator().manual_seed(1))
    exact = out_grad.double().sum_to_size(shape)
    ours = torch.from_dlpack(native.expand_grad(out_grad, torch.empty(shape)))
    error = (ours.double() - exact).norm()
    assert error <= (out_grad.sum_to_size(shape).double() - exact).norm()
    torch.testing.assert_close(ours, exact.float())


def test_the_gradient_needs_a_shape_that_broadcasts():
    with pytest.raises(ValueError, match=r"\[2\] of x_grad does not broadcast to .* \[2, 3\]"):
        native.expand_grad(torch.ones(2, 3), torch.ones(2))


@pytest.mark.parametrize("shape", [[1, 70001], [300001], [5001, 1], [70, 1, 900]])
def test_the_bits_do_not_depend_on_the_number_of_threads(shape):
    out_grad = torch.randn([*shape[:-2], 71, shape[-1]], generator=torch.Generator().manual_seed(2))
    x = torch.empty([1] * (len(shape) - 1) + [shape[-1]])
    results = set()
    try:
        for threads in (1, 2, 3, 4):
            native.set_num_threads(threads)
            results.add(bits(torch.from_dlpack(native.expand_grad(out_grad, x))))
    finally:
        native.set_num_threads(0)
    assert len(results) == 1
