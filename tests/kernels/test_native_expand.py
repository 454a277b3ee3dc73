"""paddlemend.native.expand and expand_grad on NumPy and Torch tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from native_helpers import DTYPES, HALF_ULP, LAYOUTS, bits, poisoned, random_tensor, with_layout
from paddlemend import native

# (shape of x, shape argument)
SHAPES = [
    ((), ()),
    ((), (2, 3)),
    ((3,), (3,)),
    ((1,), (5,)),
    ((3, 1), (3, 7)),
    ((1, 3), (4, -1)),
    ((1, 5, 1, 2), (3, 1, -1, 4, 2)),
    ((6, 1, 3), (6, 11, 3)),
    ((1, 3), (0, 3)),
    ((1, 0), (4, 0)),
    ((0, 1), (0, 9)),
    ((2,), (0, 2)),
    ((130, 1), (130, 257)),
]


def final_shape(x_shape: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(torch.empty(x_shape).expand(shape).shape)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("x_shape", "shape"), SHAPES)
def test_expand_has_the_bits_of_torch(rng, x_shape, shape, dtype):
    x = random_tensor(rng, x_shape, dtype)
    result = torch.from_dlpack(native.expand(x, shape))
    expected = x.expand(shape)
    assert result.shape == expected.shape
    assert result.dtype == expected.dtype
    assert bits(result) == bits(expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_expand_reads_and_writes_any_layout(rng, layout):
    x = with_layout(random_tensor(rng, (5, 1, 6), torch.float32), layout)
    out = with_layout(torch.full((3, 5, 4, 6), -1.0), layout)
    assert native.expand(x, (3, 5, 4, 6), out=out) is out
    assert bits(out) == bits(x.expand(3, 5, 4, 6))


def test_expand_reads_negative_strides_and_read_only_arrays(rng):
    x = rng.standard_normal((4, 1, 3))[::-1, :, ::-1]
    x.flags.writeable = False
    result = np.from_dlpack(native.expand(x, [4, 5, 3]))
    np.testing.assert_array_equal(result, np.broadcast_to(x, (4, 5, 3)))


def test_expand_fills_every_byte_of_a_poisoned_output(rng):
    x = random_tensor(rng, (37, 1), torch.float64)
    out = poisoned((37, 1001), torch.float64)
    native.expand(x, (37, 1001), out=out)
    assert bits(out) == bits(x.expand(37, 1001))


def test_expand_shape_is_a_tuple_of_the_result_sizes():
    assert native.expand_shape(np.zeros((2, 1)), [3, -1, 4]) == (3, 2, 4)


@pytest.mark.parametrize(
    ("x_shape", "shape", "message"),
    [
        ((3,), (-1, 3), r"shape\[0\] is -1.*no dimension"),
        ((1, 3), (-2, 3), r"shape\[0\] is -2"),
        ((2, 3), (2, 4), r"shape\[1\] is 4.*size 3"),
        ((0,), (1,), r"shape\[0\] is 1.*size 0"),
        ((2, 3), (3,), r"1 entries, expected at least 2"),
        ((), (1,) * 17, r"17 entries, expected at most 16"),
        ((1,), (2**40, 2**40), r"2\^63"),
    ],
)
def test_expand_names_what_is_wrong_with_the_shape(x_shape, shape, message):
    with pytest.raises(ValueError, match=message):
        native.expand(np.zeros(x_shape), shape)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(("x_shape", "shape"), SHAPES)
def test_gradient_is_the_sum_over_broadcast_dimensions(rng, x_shape, shape, dtype):
    x = torch.empty(x_shape, dtype=dtype)
    out_grad = random_tensor(rng, final_shape(x_shape, shape), dtype)
    x_grad = poisoned(x_shape, dtype)
    assert native.expand_grad(out_grad, x, x_grad=x_grad) is x_grad
    check_sum(out_grad, x_grad)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    ("out_shape", "x_shape"),
    [
        ((4, 9000), (4, 1)),
        ((9000, 4), (1, 4)),
        ((3000, 600), (1, 600)),
        ((500, 700), ()),
        ((20, 30, 40, 3), (20, 1, 40, 1)),
        ((20, 30, 40, 3), (1, 30, 1, 3)),
        ((50, 3, 40, 2), (1, 3, 40, 1)),
    ],
)
def test_gradient_of_large_tensors(rng, out_shape, x_shape, dtype):
    out_grad = random_tensor(rng, out_shape, dtype)
    x_grad = native.expand_grad(out_grad, torch.empty(x_shape, dtype=dtype))
    check_sum(out_grad, torch.from_dlpack(x_grad))


def check_sum(out_grad: torch.Tensor, x_grad: torch.Tensor) -> None:
    dtype, shape = out_grad.dtype, x_grad.shape
    assert x_grad.dtype == dtype
    if not (dtype.is_floating_point or dtype.is_complex):
        expected = out_grad.to(torch.int64).sum_to_size(shape)
        expected = expected != 0 if dtype == torch.bool else expected.to(dtype)
        assert torch.equal(x_grad, expected)
    elif dtype in HALF_ULP:
        expected = out_grad.double().sum_to_size(shape)
        torch.testing.assert_close(x_grad.double(), expected, rtol=HALF_ULP[dtype], atol=1e-7)
    else:
        expected = extended_sum(out_grad, shape)
        error = np.linalg.norm((x_grad.numpy() - expected).astype(complex))
        torch_error = np.linalg.norm(
            (out_grad.sum_to_size(shape).numpy() - expected).astype(complex)
        )
        rounding = torch.finfo(dtype).eps * np.linalg.norm(expected.astype(complex))
        assert error <= max(torch_error, rounding)


def extended_sum(tensor: torch.Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """The sum in more than double precision."""
    wide = np.clongdouble if tensor.dtype.is_complex else np.longdouble
    values = tensor.numpy().astype(wide)
    values = values.sum(axis=tuple(range(values.ndim - len(shape))))
    reduced = tuple(d for d, size in enumerate(shape) if size == 1)
    return np.asarray(values.sum(axis=reduced, keepdims=True))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_gradient_reads_and_writes_any_layout(rng, layout):
    out_grad = with_layout(random_tensor(rng, (4, 5, 6), torch.int64), layout)
    x_grad = with_layout(torch.full((4, 1, 6), -1), layout)
    native.expand_grad(out_grad, x_grad, x_grad=x_grad)
    assert torch.equal(x_grad, out_grad.sum(1, keepdim=True))


def test_gradient_of_a_sum_in_half_precision_does_not_stall():
    out_grad = torch.ones(4096, 3, dtype=torch.float16)
    result = torch.from_dlpack(native.expand_grad(out_grad, out_grad[:1]))
    assert result.tolist() == [[4096.0, 4096.0, 4096.0]]


def test_gradient_has_equal_bits_for_any_number_of_threads(rng):
    for out_shape, x_shape in [((3000, 700), (700,)), ((3000, 700), ()), ((3000, 700), (3000, 1))]:
        out_grad = random_tensor(rng, out_shape, torch.float64)
        results = set()
        for threads in (1, 2, 3, 4):
            native.set_num_threads(threads)
            results.add(bits(native.expand_grad(out_grad, torch.empty(x_shape).double())))
        assert len(results) == 1


def test_gradient_refuses_a_shape_that_does_not_broadcast():
    with pytest.raises(ValueError, match=r"\[2\] of x_grad does not broadcast.*\[4, 3\]"):
        native.expand_grad(np.zeros((4, 3)), np.zeros(2))
