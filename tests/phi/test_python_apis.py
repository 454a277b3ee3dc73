"""What the functions above the kernels accept and refuse: numbers, and dtypes that they convert."""

from __future__ import annotations

import numpy as np
import paddle
import paddlemend
import pytest

TOO_LARGE = [
    ("int8", 300),
    ("int32", 2**31),
    ("int64", 2**63),
    ("uint8", -256),
    ("float16", 1e6),
    ("float32", 10**400),
    ("complex64", 1e300j),
]

LARGEST = [
    ("int8", -128),
    ("int64", 2**63 - 1),
    ("float16", 65504.0),
    ("float64", float("inf")),
    ("complex64", 3e38j),
]


@pytest.fixture(autouse=True)
def mended():
    paddlemend.install()
    yield
    paddlemend.uninstall()


def put(dtype: str, number: complex) -> paddle.Tensor:
    return paddle.put_along_axis(paddle.zeros([2], dtype), paddle.to_tensor([0]), number, 0)


@pytest.mark.parametrize("dtype, number", TOO_LARGE)
def test_put_along_axis_refuses_a_number_that_the_dtype_does_not_hold(dtype, number):
    with pytest.raises(ValueError, match=f"values is .*, the range of {dtype}"):
        put(dtype, number)


@pytest.mark.parametrize("dtype, number", LARGEST)
def test_put_along_axis_takes_the_largest_number_that_the_dtype_holds(dtype, number):
    assert put(dtype, number).numpy()[0] == np.array(number, dtype)


@pytest.mark.parametrize("dtype", ["float16", "float32", "int16", "int64"])
def test_copysign_in_place_takes_the_signs_of_int8(dtype):
    x, y = paddle.to_tensor([1, -2, 3], dtype=dtype), paddle.to_tensor([-128, 1, 0], dtype="int8")
    np.testing.assert_array_equal(paddle.copysign_(x, y).numpy(), np.array([-1, 2, 3], dtype))


@pytest.mark.parametrize("y", ["a", None, [1.0]])
def test_copysign_names_what_is_no_tensor(y):
    with pytest.raises(TypeError, match=r"copysign: y is .*; expected a tensor or a number"):
        paddle.copysign(paddle.ones([2]), y)
    with pytest.raises(TypeError, match="copysign: x is 'a'; expected a tensor"):
        paddle.copysign("a", paddle.ones([2]))


@pytest.mark.parametrize("by_batch", [True, False])
def test_the_second_order_gradient_of_batch_norm_is_that_of_plain_operators(by_batch):
    values = np.random.default_rng(0)
    arrays = [values.standard_normal(shape) for shape in ([4, 3, 2, 2], [3], [3])]

    def second_order(normalized) -> list[np.ndarray]:
        x, weight, bias = (paddle.to_tensor(a, stop_gradient=False) for a in arrays)
        out = normalized(x, weight, bias)
        (first,) = paddle.grad([(out**3).sum()], [x], create_graph=True)
        return [g.numpy() for g in paddle.grad([(first**2).sum()], [x, weight])]

    mean, variance = paddle.full([3], 0.25, "float64"), paddle.full([3], 2.0, "float64")

    def by_operators(x, weight, bias):
        center, spread = mean.reshape([1, 3, 1, 1]), variance.reshape([1, 3, 1, 1])
        if by_batch:
            center = x.mean([0, 2, 3], keepdim=True)
            spread = ((x - center) ** 2).mean([0, 2, 3], keepdim=True)
        scale = weight.reshape([1, 3, 1, 1]) / (spread + 1e-5).sqrt()
        return (x - center) * scale + bias.reshape([1, 3, 1, 1])

    def by_batch_norm(x, weight, bias):
        statistics = (mean.clone(), variance.clone())
        return paddle.nn.functional.batch_norm(
            x, *statistics, weight, bias, training=True, use_global_stats=not by_batch
        )

    for got, expected in zip(second_order(by_batch_norm), second_order(by_operators)):
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)
