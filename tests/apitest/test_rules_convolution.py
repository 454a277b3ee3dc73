"""The references of conv2d and conv2d_transpose are plain sums and refuse what is illegal."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from helpers import bound
from paddlemend.apitest.inputs import concrete_arguments, generate_inputs
from paddlemend.apitest.memory_estimate import estimate_operations
from paddlemend.apitest.rules import find_rule
from paddlemend.apitest.rules.conv2d import conv2d
from paddlemend.apitest.rules.conv2d_transpose import conv2d_transpose
from paddlemend.apitest.rules.legality import Illegal

RNG = np.random.default_rng(0)


def random(*shape: int) -> torch.Tensor:
    return torch.from_numpy(RNG.standard_normal(shape))


def plain_sums(x, weight, stride, padding, dilation, groups):
    """The convolution of one padded image after another, one product at a time."""
    (top, bottom), (left, right) = padding
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    filters, depth, height, width = weight.shape
    rows = (x.shape[2] - dilation * (height - 1) - 1) // stride + 1
    columns = (x.shape[3] - dilation * (width - 1) - 1) // stride + 1
    out = np.zeros((len(x), filters, rows, columns))
    for f, c, i, j in np.ndindex(filters, depth, height, width):
        channel = f // (filters // groups) * depth + c
        y, z = i * dilation, j * dilation
        taken = x[:, channel, y : y + stride * rows : stride, z : z + stride * columns : stride]
        out[:, f] += weight[f, c, i, j] * taken[:, :rows, :columns]
    return out


@pytest.mark.parametrize(
    ("stride", "dilation", "groups"), list(product([1, 2, 3], [1, 2], [1, 2, 4]))
)
@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 1), (2, 2)), ((0, 3), (2, 1))])
def test_conv2d_is_the_plain_sum(stride, dilation, groups, padding):
    x, weight = random(2, 4, 8, 7), random(8, 4 // groups, 3, 2)
    spelled = [*padding[0], *padding[1]]
    got = conv2d(x, weight, None, stride, spelled, dilation, groups)
    want = plain_sums(x.numpy(), weight.numpy(), stride, padding, dilation, groups)
    assert np.allclose(got, want)


@pytest.mark.parametrize("function", [conv2d, conv2d_transpose])
def test_nhwc_is_the_same_with_the_channels_last(function):
    x, weight, bias = random(2, 4, 6, 5), random(4, 4, 3, 3), random(4)
    options = {"stride": 2, "padding": [0, 1, 2, 1]}
    want = function(x, weight, bias, **options).permute(0, 2, 3, 1)
    got = function(x.permute(0, 2, 3, 1), weight, bias, data_format="NHWC", **options)
    assert torch.equal(got, want)


@pytest.mark.parametrize("function", [conv2d, conv2d_transpose])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("valid", 0),
        ("VALID", [0, 0]),
        (1, [1, 1, 1, 1]),
        ((1, 2), [1, 1, 2, 2]),
        ([[0, 0], [0, 0], [1, 2], [0, 1]], [1, 2, 0, 1]),
    ],
)
def test_the_spellings_of_a_padding_mean_the_same(function, one, other):
    x, weight = random(2, 3, 6, 5), random(3, 3, 3, 3)
    assert torch.equal(function(x, weight, padding=one), function(x, weight, padding=other))


def test_a_padding_of_every_axis_follows_the_layout():
    x, weight = random(2, 6, 5, 3), random(4, 3, 3, 3)
    pairs = [[0, 0], [1, 2], [0, 1], [0, 0]]
    got = conv2d(x, weight, padding=pairs, data_format="NHWC")
    assert torch.equal(got, conv2d(x, weight, padding=[1, 2, 0, 1], data_format="NHWC"))


@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_same_honours_the_dilation_as_torch_does(dilation):
    x, weight = random(2, 3, 9, 8), random(4, 3, 3, 4)
    got = conv2d(x, weight, padding="SAME", dilation=dilation)
    assert torch.allclose(got, F.conv2d(x, weight, padding="same", dilation=dilation))


@pytest.mark.parametrize(
    ("size", "taps", "stride", "dilation"), list(product([1, 5, 8], [1, 3, 4], [1, 2, 3], [1, 2]))
)
def test_same_answers_every_stride_th_position(size, taps, stride, dilation):
    x, weight = random(1, 1, size, size), random(1, 1, taps, taps)
    got = conv2d(x, weight, padding="SAME", stride=stride, dilation=dilation)
    assert got.shape[2:] == (-(-size // stride),) * 2


def assert_adjoint(x, y, weight, **options):
    forward = conv2d(x, weight, **options)
    backward = conv2d_transpose(y, weight, **options)
    assert backward.shape == x.shape and forward.shape == y.shape
    assert torch.allclose((forward * y).sum(), (x * backward).sum())


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("padding", [0, 1, (1, 2), [2, 1, 0, 1]])
def test_conv2d_transpose_is_the_adjoint_of_conv2d(padding, groups):
    weight = random(4, 6 // groups, 3, 4)
    y = random(2, 4, 5, 6)
    x = random(*conv2d_transpose(y, weight, padding=padding, groups=groups).shape)
    assert_adjoint(x, y, weight, padding=padding, groups=groups)


@pytest.mark.parametrize(
    ("size", "taps", "stride", "dilation"), list(product([1, 4, 7], [1, 3, 4], [1, 2, 3], [1, 2]))
)
def test_same_is_the_adjoint_of_a_same_convolution(size, taps, stride, dilation):
    options = {"padding": "SAME", "stride": stride, "dilation": dilation}
    weight = random(2, 3, taps, taps)
    y = random(1, 2, size, size)
    x = random(*conv2d_transpose(y, weight, **options).shape)
    if dilation * (taps - 1) + 1 >= stride:
        assert x.shape[2] == size * stride - (-size % stride)
    assert_adjoint(x, y, weight, **options)


def test_an_output_size_continues_the_result_as_output_padding_does():
    x, weight = random(2, 3, 5, 4), random(3, 2, 3, 3)
    got = conv2d_transpose(x, weight, stride=3, padding=1, output_size=[15, 11])
    want = F.conv_transpose2d(x, weight, stride=3, padding=1, output_padding=(2, 1))
    assert torch.allclose(got, want)


@pytest.mark.parametrize(("size", "legal"), [(10, False), (11, True), (12, True), (13, False)])
def test_the_interval_of_output_sizes_is_as_long_as_the_stride(size, legal):
    x, weight = random(1, 1, 5, 5), random(1, 1, 3, 3)
    if legal:
        assert conv2d_transpose(x, weight, stride=2, output_size=size).shape[2:] == (size, size)
    else:
        with pytest.raises(Illegal, match=rf"output_size {size} must be in \[11, 13\)"):
            conv2d_transpose(x, weight, stride=2, output_size=size)


def test_output_padding_is_less_than_the_stride_or_the_dilation():
    x, weight = random(1, 1, 5, 5), random(1, 1, 3, 3)
    assert conv2d_transpose(x, weight, stride=2, dilation=3, output_padding=2).shape[2] == 17
    with pytest.raises(Illegal, match="output_padding 2 must be less than 2"):
        conv2d_transpose(x, weight, stride=2, output_padding=2)


@pytest.mark.parametrize(
    ("function", "x", "weight", "options", "shape"),
    [
        (conv2d, (0, 3, 5, 5), (4, 3, 3, 3), {}, (0, 4, 3, 3)),
        (conv2d, (2, 0, 5, 5), (4, 0, 3, 3), {}, (2, 4, 3, 3)),
        (conv2d, (2, 3, 5, 5), (0, 3, 3, 3), {}, (2, 0, 3, 3)),
        (conv2d, (2, 3, 0, 5), (4, 3, 3, 3), {"padding": 2}, (2, 4, 2, 7)),
        (conv2d, (2, 3, 0, 5), (4, 3, 3, 3), {"padding": 1}, (2, 4, 0, 5)),
        (conv2d, (2, 3, 0, 5), (4, 3, 1, 1), {"stride": 2}, (2, 4, 0, 3)),
        (conv2d, (2, 3, 0, 5), (4, 3, 3, 3), {"padding": "SAME"}, (2, 4, 0, 5)),
        (conv2d_transpose, (0, 3, 5, 5), (3, 4, 3, 3), {}, (0, 4, 7, 7)),
        (conv2d_transpose, (2, 0, 5, 5), (0, 4, 3, 3), {"stride": 2}, (2, 4, 11, 11)),
        (conv2d_transpose, (2, 3, 5, 5), (3, 0, 3, 3), {}, (2, 0, 7, 7)),
        (conv2d_transpose, (2, 3, 0, 5), (3, 4, 3, 3), {}, (2, 4, 2, 7)),
        (conv2d_transpose, (2, 3, 0, 5), (3, 4, 3, 3), {"padding": 1}, (2, 4, 0, 5)),
        (conv2d_transpose, (2, 3, 0, 5), (3, 4, 3, 3), {"padding": "SAME"}, (2, 4, 0, 5)),
    ],
)
def test_a_sum_of_nothing_is_the_bias_and_its_gradients_are_zeros(
    function, x, weight, options, shape
):
    channels = shape[1]
    operands = [random(*x).requires_grad_(), random(*weight).requires_grad_(), random(channels)]
    got = function(*operands, **options)
    assert got.shape == shape
    assert torch.equal(got, operands[2].reshape(-1, 1, 1).expand(shape))
    got.sum().backward()
    assert all(torch.equal(leaf.grad, torch.zeros_like(leaf)) for leaf in operands[:2])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("function", [conv2d, conv2d_transpose])
def test_the_result_has_the_dtype_of_its_operands(function, dtype):
    operands = [random(*shape).to(dtype) for shape in ((1, 2, 5, 5), (2, 2, 3, 3), (2,))]
    assert function(*operands, padding=[0, 1, 1, 0]).dtype == dtype


OPERANDS = {"x": (2, 4, 5, 5), "weight": (4, 4, 3, 3)}


@pytest.mark.parametrize("function", [conv2d, conv2d_transpose])
@pytest.mark.parametrize(
    "changed",
    [
        {"x": (4, 5, 5)},
        {"weight": (4, 4, 3)},
        {"weight": (4, 4, 0, 3)},
        {"weight": (3, 3, 3, 3)},
        {"bias": (3,)},
        {"bias": (0,)},
        {"bias": (1, 4)},
        {"groups": 0},
        {"groups": 3},
        {"stride": 0},
        {"stride": (1, 2, 3)},
        {"dilation": 0},
        {"padding": -1},
        {"padding": "FULL"},
        {"padding": [1, 2, 3]},
        {"padding": [[1, 1], [1, 1]]},
        {"padding": [[1, 1], [0, 0], [1, 1], [1, 1]]},
        {"padding": 1.5},
        {"data_format": "CHWN"},
    ],
    ids=str,
)
def test_illegal_arguments_are_refused(function, changed):
    arguments = {
        name: random(*value) if name in ("x", "weight", "bias") else value
        for name, value in {**OPERANDS, **changed}.items()
    }
    with pytest.raises(Illegal):
        function(**arguments)


@pytest.mark.parametrize("function", [conv2d, conv2d_transpose])
def test_operands_of_other_dtypes_are_refused(function):
    x, weight = random(2, 4, 5, 5), random(4, 4, 3, 3)
    for operands in ((x.int(), weight.int()), (x, weight.float()), (x, weight, random(4).float())):
        with pytest.raises(Illegal):
            function(*operands)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_kernel_longer_than_the_padded_image_is_refused(stride):
    with pytest.raises(Illegal, match="a kernel of 6 does not fit 5"):
        conv2d(random(1, 1, 5, 5), random(1, 1, 6, 3), stride=stride)


@pytest.mark.parametrize(("taps", "size"), [(3, "-1, -1"), (4, "0, 0")])
def test_a_result_that_padding_crops_away_is_refused(taps, size):
    with pytest.raises(Illegal, match=rf"the result would have size \[{size}\]"):
        conv2d_transpose(random(1, 1, 5, 5), random(1, 1, taps, taps), padding=4)


@pytest.mark.parametrize("output_size", ['Tensor([2],"int64")', 'list[Tensor([],"int32"),14,]'])
def test_generated_output_sizes_are_legal_and_vary(output_size):
    line = (
        'paddle.nn.functional.conv2d_transpose(Tensor([1, 1, 5, 4],"float32"), '
        f'Tensor([1, 1, 3, 3],"float32"), stride=4, output_size={output_size}, )'
    )
    call = bound(line)
    sizes = [
        concrete_arguments(call, generate_inputs(call, seed))["output_size"] for seed in range(20)
    ]
    assert all(19 <= height < 23 and 14 <= width < 19 for height, width in sizes)
    assert len({tuple(size) for size in sizes}) > 1


def test_one_generated_output_size_is_legal_for_both_axes():
    line = (
        'paddle.nn.functional.conv2d_transpose(Tensor([1, 1, 5, 4],"float32"), '
        'Tensor([1, 1, 3, 3],"float32"), stride=4, padding=list[2,0,], '
        'output_size=Tensor([1],"int64"), )'
    )
    call = bound(line)
    for seed in range(20):
        (size,) = concrete_arguments(call, generate_inputs(call, seed))["output_size"]
        assert 15 <= size < 19


def test_the_work_of_a_call_is_its_multiply_adds():
    conv = (
        'paddle.nn.functional.conv2d(Tensor([2, 4, 8, 8],"float32"), '
        'Tensor([6, 2, 3, 3],"float32"), groups=2, )'
    )
    assert estimate_operations(bound(conv), 0) == 2 * 6 * 6 * 6 * 2 * 9
    transposed = (
        'paddle.nn.functional.conv2d_transpose(Tensor([2, 4, 8, 8],"float32"), '
        'Tensor([4, 3, 3, 3],"float32"), groups=2, )'
    )
    assert estimate_operations(bound(transposed), 0) == 2 * 4 * 8 * 8 * 3 * 9


def test_the_scratch_of_a_transposed_convolution_is_that_of_one_image():
    shapes = {"x": (8, 128, 32, 32), "weight": (128, 64, 4, 4), "output 0": (8, 64, 35, 35)}
    columns = 64 * 4 * 4 * 32 * 32
    scratch = find_rule("paddle.nn.functional.conv2d_transpose").scratch(shapes)
    assert scratch == 8 * (2 * 8 * 64 * 35 * 35 + 2 * columns)


def test_a_call_that_is_refused_is_no_work():
    line = 'paddle.nn.functional.conv2d(Tensor([2, 4],"float32"), Tensor([6, 2, 3, 3],"float32"), )'
    assert estimate_operations(bound(line), 0) == 0
