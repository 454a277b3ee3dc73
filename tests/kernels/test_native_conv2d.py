"""native.conv2d, native.conv2d_transpose and their gradients."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from helpers import random_tensor
from paddlemend import native

FLOATING = [torch.float16, torch.bfloat16, torch.float32, torch.float64]

# x, weight, stride, padding, dilation, groups
CALLS = [
    ([2, 3, 6, 7], [4, 3, 3, 3], [1, 1], [1, 1], [1, 1], 1),
    ([1, 4, 9, 8], [6, 2, 3, 2], [2, 1], [1, 2], [1, 2], 2),
    ([2, 6, 8, 9], [6, 1, 3, 3], [1, 1], [1, 1], [1, 1], 6),
]


def assert_near(actual, expected: torch.Tensor, dtype: torch.dtype) -> None:
    actual = torch.from_dlpack(actual)
    assert actual.dtype == dtype and actual.shape == expected.shape
    rough = {torch.float16: 1e-3, torch.bfloat16: 8e-3}.get(dtype, 1e-6)
    torch.testing.assert_close(actual.double(), expected, rtol=rough, atol=1e-6)


@pytest.mark.parametrize("dtype", FLOATING)
@pytest.mark.parametrize("x, weight, stride, padding, dilation, groups", CALLS)
def test_convolves_and_differentiates_like_torch(
    dtype, x, weight, stride, padding, dilation, groups
):
    image, filters = random_tensor(dtype, x), random_tensor(dtype, weight, seed=1)
    bias = random_tensor(dtype, weight[:1], seed=2)
    wide = [tensor.double().clone().requires_grad_() for tensor in (image, filters, bias)]
    expected = F.conv2d(*wide, stride, padding, dilation, groups)
    options = (stride, padding, "EXPLICIT", dilation, groups, "NCHW")
    out = native.conv2d(image, filters, *options, bias=bias)
    assert_near(out, expected.detach(), dtype)
    out_grad = random_tensor(dtype, list(expected.shape), seed=3)
    expected.backward(out_grad.double())
    gradients = native.conv2d_grad(image, filters, out_grad, *options, bias=bias)
    for gradient, tensor in zip(gradients, wide):
        assert_near(gradient, tensor.grad, dtype)


@pytest.mark.parametrize("dtype", FLOATING)
def test_transposes_like_torch_in_both_layouts(dtype):
    image, filters = random_tensor(dtype, [2, 4, 5, 6]), random_tensor(dtype, [4, 3, 3, 3], seed=1)
    expected = F.conv_transpose2d(image.double(), filters.double(), None, 2, 1, 1)
    for layout in ("NCHW", "NHWC"):
        last = layout == "NHWC"
        given = image.permute(0, 2, 3, 1) if last else image
        out = native.conv2d_transpose(
            given, filters, [2, 2], [1, 1], "EXPLICIT", [1, 1], [], [1, 1], 1, layout
        )
        assert_near(out, expected.permute(0, 2, 3, 1) if last else expected, dtype)


def test_same_padding_honours_the_dilation():
    image, filters = (
        random_tensor(torch.float64, [1, 1, 7, 9]),
        random_tensor(torch.float64, [1, 1, 3, 3], seed=1),
    )
    out = native.conv2d(image, filters, [1, 1], [], "SAME", [2, 2], 1, "NCHW")
    assert_near(out, F.conv2d(image, filters, padding="same", dilation=2), torch.float64)


def test_an_error_names_the_argument():
    with pytest.raises(ValueError, match="weight"):
        native.conv2d(
            torch.ones(1, 2, 3, 3),
            torch.ones(1, 1, 1, 1),
            [1, 1],
            [0, 0],
            "EXPLICIT",
            [1, 1],
            1,
            "NCHW",
        )
