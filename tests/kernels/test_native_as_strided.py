"""native.as_strided_copy and native.as_strided_grad."""

from __future__ import annotations

import itertools

import pytest
import torch
from helpers import DTYPES, LAYOUTS, assert_same, bits, narrow, poisoned, random_tensor, wide
from paddlemend import native

# Name: shape, stride and offset in elements of a view of 240 elements.
VIEWS = {
    "same": ([240], [1], 0),
    "part": ([3, 4], [20, 2], 5),
    "transposed": ([12, 20], [1, 12], 0),
    "windows": ([29, 16], [8, 1], 0),
    "long_windows": ([2, 100], [90, 1], 7),
    "overlapping_steps": ([10, 10, 3], [5, 7, 1], 2),
    "patches": ([10, 6, 3, 3], [20, 2, 20, 2], 1),
    "repeated": ([5, 8], [0, 3], 4),
    "repeated_inside": ([8, 5], [3, 0], 4),
    "one_place": ([7, 3], [0, 0], 239),
    "overlapping_and_repeated": ([6, 4, 9], [2, 0, 1], 11),
    "size_1": ([1, 5, 1], [10**6, 2, 99], 0),
    "0d": ([], [], 17),
    "empty": ([3, 0], [1, 1], 0),
}

# Name: shape, stride and offset in elements of an x in the same memory.
SOURCES = {
    "all": ([240], [1], 0),
    "matrix": ([12, 20], [20, 1], 0),
    "slice": ([5, 20], [20, 1], 40),
    "columns": ([12, 4], [20, 1], 6),
    "every_other": ([60], [4], 1),
    "transposed": ([20, 12], [1, 20], 0),
    "backwards": ([240], [-1], 239),
    "few": ([2], [200], 3),
    "expanded": ([6, 50], [0, 1], 30),
    "overlapping": ([20, 30], [10, 1], 0),
    "0d": ([], [], 17),
    "empty": ([0, 3], [3, 1], 0),
}


def addresses(shape: list[int], stride: list[int], offset: int) -> torch.Tensor:
    result = torch.tensor(offset)
    for size, step in zip(shape, stride):
        result = result.unsqueeze(-1) + torch.arange(size) * step
    return result


def adjoint(out_grad, view, source):
    """Address by address, in float64, complex128 or int64."""
    sums = torch.zeros(240, dtype=wide(out_grad).dtype)
    sums.index_add_(0, addresses(*view).reshape(-1), wide(out_grad).reshape(-1))
    places = addresses(*source)
    counts = torch.bincount(places.reshape(-1), minlength=240)[places]
    if out_grad.dtype == torch.bool:
        return sums[places] != 0
    sums = narrow(sums, out_grad.dtype)[places]
    is_integer = not (sums.dtype.is_floating_point or sums.is_complex())
    parts = wide(sums).div(counts, rounding_mode="trunc" if is_integer else None)
    return parts.to(out_grad.dtype)


def in_bytes(offset: int, dtype: torch.dtype) -> int:
    return offset * dtype.itemsize


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_copy_has_the_elements_of_the_view(dtype, name):
    memory = random_tensor(dtype, [240]).contiguous()
    shape, stride, offset = VIEWS[name]
    expected = memory[addresses(shape, stride, offset)]
    assert native.as_strided_copy_shape(memory, shape, stride, in_bytes(offset, dtype)) == tuple(
        shape
    )
    assert_same(native.as_strided_copy(memory, shape, stride, in_bytes(offset, dtype)), expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_copy_may_have_strides(layout):
    memory = random_tensor(torch.float32, [24, 10])
    out = layout(poisoned(torch.float32, [12, 20]))
    native.as_strided_copy(memory, [12, 20], [1, 12], 0, out=out)
    assert_same(out, torch.as_strided(memory, [12, 20], [1, 12]))


@pytest.mark.parametrize(
    ("shape", "stride", "offset", "message"),
    [
        ([2], [1, 1], 0, r"stride has 2 entries, expected 1, one for each of shape \[2\]"),
        ([2, 2], [1], 0, r"stride has 1 entries, expected 2, one for each of shape \[2, 2\]"),
        ([-1], [1], 0, r"shape\[0\] is -1, expected shape >= 0"),
        ([2, 2], [1, -1], 0, r"stride\[1\] is -1, expected stride >= 0"),
        ([2], [1], -4, "offset is -4 bytes, expected a multiple >= 0 of 4"),
        ([2], [1], 2, "offset is 2 bytes, expected a multiple >= 0 of 4, the size of an element"),
        ([0], [1], 2, "offset is 2 bytes, expected a multiple >= 0 of 4"),
        ([11], [1], 0, r"shape \[11\], stride \[1\] and offset 0 ends at byte 44, .* has 40 bytes"),
        ([1], [1], 40, "ends at byte 44, but its memory has 40 bytes"),
        ([], [], 40, "ends at byte 44, but its memory has 40 bytes"),
        ([4, 4], [3, 1], 0, "ends at byte 52"),
        ([2], [1 << 62], 0, "spans more than"),
        ([1 << 40], [1 << 40], 0, "spans more than"),
        ([3], [(1 << 61) - 1], 0, "spans more than"),
        ([2, 2, 2], [1 << 60, 1 << 60, 1 << 60], 0, "spans more than"),
        ([1 << 61], [0], 0, r"shape is \[2305843009213693952\], more than"),
        ([1 << 31, 1 << 31], [0, 0], 0, "more than"),
        ([1], [1], (1 << 63) - 4, "spans more than"),
        ([1] * 17, [1] * 17, 0, "shape has 17 entries, expected at most 16"),
    ],
)
def test_views_that_cannot_be(shape, stride, offset, message):
    with pytest.raises(ValueError, match="^as_strided_copy: .*" + message):
        native.as_strided_copy(torch.ones(10), shape, stride, offset)


def test_the_last_element_may_be_the_last_of_the_memory():
    memory = torch.arange(10.0)
    result = native.as_strided_copy(memory, [2, 2], [3, 6], 0)
    assert_same(result, torch.tensor([[0.0, 6], [3, 9]]))


@pytest.mark.parametrize("stride", [[1, 1], [1 << 62, 1 << 62]])
def test_an_empty_view_reaches_nowhere(stride):
    result = native.as_strided_copy(torch.ones(2), [0, 5], stride, 400)
    assert_same(result, torch.ones(0, 5))
    assert_same(native.as_strided_copy(torch.ones(0), [0, 5], stride, 0), torch.ones(0, 5))


def test_the_memory_must_be_row_major():
    with pytest.raises(ValueError, match=r"memory has strides \[1, 4\] for its shape \[4, 3\]"):
        native.as_strided_copy(torch.ones(3, 4).T, [2], [1], 0)


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_is_added_up_by_address(dtype, name):
    shape, stride, offset = VIEWS[name]
    out_grad = random_tensor(dtype, shape)
    for x_shape, x_stride, x_offset in SOURCES.values():
        result = native.as_strided_grad(
            out_grad,
            stride,
            in_bytes(offset, dtype),
            x_stride,
            in_bytes(x_offset, dtype),
            torch.zeros(x_shape, dtype=dtype),
        )
        expected = adjoint(out_grad, VIEWS[name], (x_shape, x_stride, x_offset))
        # Complex quotients may differ in the last bit.
        torch.testing.assert_close(torch.from_dlpack(result), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        (name, source)
        for name, source in itertools.product(VIEWS, SOURCES)
        if source != "backwards" and name != "size_1"  # Torch has no negative strides
    ],
)
def test_the_gradient_is_that_of_torch(name, source):
    memory = torch.randn(240)
    shape, stride, offset = VIEWS[name]
    x = torch.as_strided(memory, *SOURCES[source]).detach().requires_grad_(True)
    out = torch.as_strided(x, shape, stride, offset)
    out_grad = torch.randn(shape)
    (expected,) = torch.autograd.grad(out, x, out_grad)
    result = native.as_strided_grad(
        out_grad, stride, 4 * offset, list(x.stride()), 4 * x.storage_offset(), x.detach()
    )
    torch.testing.assert_close(torch.from_dlpack(result), expected.contiguous())


def large_views():
    yield "windows", ([900, 250], [100, 1], 3)
    yield "short_windows", ([30_000, 5], [3, 1], 0)
    yield "transposed_overlap", ([250, 300], [2, 300], 0)
    yield "two_halves", ([45_000, 2], [1, 44_990], 5)
    yield "beyond_x", ([800, 200], [130, 1], 0)


@pytest.mark.parametrize(("name", "view"), list(large_views()))
@pytest.mark.parametrize("dtype", [torch.uint8, torch.bfloat16, torch.float32, torch.complex64])
def test_large_views(dtype, name, view):
    shape, stride, offset = view
    out_grad = random_tensor(dtype, shape)
    x = torch.zeros(90_250, dtype=dtype)
    places = addresses(*view).reshape(-1)
    sums = torch.zeros(200_000, dtype=wide(out_grad).dtype)
    sums.index_add_(0, places, wide(out_grad).reshape(-1))
    result = native.as_strided_grad(out_grad, stride, in_bytes(offset, dtype), [1], 0, x)
    assert_same(result, narrow(sums[: len(x)], dtype))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_strided_gradients(layout):
    out_grad = random_tensor(torch.bfloat16, [29, 16])
    x_grad = layout(poisoned(torch.bfloat16, [12, 20]))
    native.as_strided_grad(layout(out_grad), [8, 1], 0, [20, 1], 0, x_grad, x_grad=x_grad)
    assert_same(x_grad, adjoint(out_grad, VIEWS["windows"], SOURCES["matrix"]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_once(dtype):
    x = torch.zeros(1030, dtype=dtype)
    out_grad = torch.ones([1025, 6], dtype=dtype)
    out_grad[0] = 2048
    expected = x.clone()
    expected[:6] = 3072
    assert_same(native.as_strided_grad(out_grad, [0, 1], 0, [1], 0, x), expected)
    # The diagonals of a matrix: element 5 gets 2048 + 1 + 1 + 1 + 1 + 1.
    expected = torch.tensor([2048.0, 2049, 2050, 2051, 2052, 2053]).to(dtype)
    result = native.as_strided_grad(out_grad[:6], [1, 1], 0, [1], 0, x)
    assert_same(torch.from_dlpack(result)[:6], expected)
    # Both: element 5 gets 2 * (2048 + 1 + 1 + 1 + 1 + 1).
    expected = torch.tensor([4096.0, 4098, 4100, 4102, 4104, 4106]).to(dtype)
    twice = torch.stack([out_grad[:6]] * 2)
    result = native.as_strided_grad(twice, [0, 1, 1], 0, [1], 0, x)
    assert_same(torch.from_dlpack(result)[:6], expected)


def test_an_empty_view_has_a_gradient_of_zero():
    result = native.as_strided_grad(torch.ones(0, 3), [1, 1], 0, [1], 0, torch.ones(5))
    assert_same(result, torch.zeros(5))


def test_a_view_beside_x_has_a_gradient_of_zero():
    result = native.as_strided_grad(torch.ones(3), [1], 0, [1], 12, torch.ones(5))
    assert_same(result, torch.zeros(5))


def test_far_away_elements_cost_nothing():
    far = (1 << 62) // 4
    out_grad = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    result = native.as_strided_grad(out_grad, [far, 0], 0, [far], 0, torch.ones(2))
    assert_same(result, torch.tensor([3.0, 7.0]))
    result = native.as_strided_grad(out_grad, [far, 0], 0, [1], 0, torch.ones(3))
    assert_same(result, torch.tensor([3.0, 0, 0]))


@pytest.mark.parametrize(
    ("stride", "offset", "x_stride", "x_offset", "message"),
    [
        (
            [1],
            0,
            [1],
            0,
            r"stride has 1 entries, expected 2, one for each of the shape of out_grad",
        ),
        (
            [1, 1],
            0,
            [],
            0,
            "x_stride has 0 entries, expected 1, one for each of the shape of x_grad",
        ),
        ([1, -1], 0, [1], 0, r"stride\[1\] is -1"),
        ([1, 1], -4, [1], 0, "offset is -4 bytes"),
        ([1, 1], 0, [1], 2, "x_offset is 2 bytes"),
        ([1 << 62, 1], 0, [1], 0, "the view of shape .* spans more than"),
        ([1, 1], 0, [1 << 62], 0, "x of shape .* spans more than"),
        ([1, 1], 0, [-1], 12, "x of shape .* starts at byte -4, before the allocation"),
    ],
)
def test_gradients_that_cannot_be(stride, offset, x_stride, x_offset, message):
    x_grad = poisoned(torch.float32, [5])
    with pytest.raises(ValueError, match="^as_strided_grad: .*" + message):
        native.as_strided_grad(
            torch.ones(3, 2), stride, offset, x_stride, x_offset, x_grad, x_grad=x_grad
        )
    assert_same(x_grad, poisoned(torch.float32, [5]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_the_bits_do_not_depend_on_the_number_of_threads(dtype):
    generator = torch.Generator().manual_seed(3)
    results = set()
    grads = [
        (torch.randn(shape, generator=generator).to(dtype), stride, in_bytes(offset, dtype))
        for _, (shape, stride, offset) in large_views()
    ]
    for threads in (1, 2, 3, 4):
        native.set_num_threads(threads)
        x = torch.zeros(90_250, dtype=dtype)
        outs = [native.as_strided_grad(*grad, [1], 0, x) for grad in grads]
        results.add(b"".join(bits(torch.from_dlpack(out)) for out in outs))
    assert len(results) == 1
