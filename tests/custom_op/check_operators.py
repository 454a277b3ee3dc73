"""What operators of each kind do, by the names of Paddle's own tests of custom operators.

    python check_operators.py MODULE     prints "NAME ok" or "NAME failed: why" for each

MODULE has the operators of the folder `operators`.
"""

from __future__ import annotations

import importlib
import sys
import traceback

import numpy as np
import paddle

CHECKS = {}


def check(function):
    CHECKS[function.__name__] = function
    return function


def run_static(build, feed, count):
    """Runs what `build` makes of the inputs in a static PIR program."""
    paddle.enable_static()
    try:
        main = paddle.static.Program()
        with paddle.static.program_guard(main, paddle.static.Program()):
            inputs = [
                paddle.static.data(name, [None, *value.shape[1:]], str(value.dtype))
                for name, value in feed.items()
            ]
            for value in inputs:
                value.stop_gradient = False
            fetched = build(*inputs)
            assert len(fetched) == count
            executor = paddle.static.Executor(paddle.CPUPlace())
            return executor.run(main, feed=feed, fetch_list=fetched)
    finally:
        paddle.disable_static()


def with_gradient(values):
    return [paddle.to_tensor(value, stop_gradient=False) for value in values]


@check
def dispatch(ops):
    integers = ["uint8", "int8", "int16", "int32", "int64"]
    accepted = {
        "dispatch_integer": integers,
        "dispatch_floating": ["float32", "float64"],
        "dispatch_complex": ["complex64", "complex128"],
        "dispatch_floating_and_half": ["float16", "float32", "float64"],
        "dispatch_floating_and_integer": ["float32", "float64", *integers],
        "dispatch_floating_and_complex": ["float32", "float64", "complex64", "complex128"],
        "dispatch_all": ["float32", "float64", *integers, "complex64", "complex128"],
    }
    for name, dtypes in accepted.items():
        for dtype in ["float16", "float32", "float64", *integers, "complex64", "complex128"]:
            x = paddle.to_tensor([1, 2]).astype(dtype)
            try:
                out = getattr(ops, name)(x)
            except Exception as error:
                assert dtype not in dtypes, (name, dtype)
                assert "is not implemented for data type" in str(error), error
            else:
                assert dtype in dtypes, (name, dtype)
                assert out.dtype == x.dtype
                assert out.astype("float32").tolist() == [2, 4]


@check
def multi_out(ops):
    x = np.array([[1.5, -2.0]], "float32")
    for out in (ops.multi_out(paddle.to_tensor(x)), run_static(ops.multi_out, {"x": x}, 3)):
        out = [np.asarray(value) for value in out]
        assert [value.dtype.name for value in out] == ["float32", "float64", "int32"]
        assert [value.tolist() for value in out] == [[[3.0, -4.0]], [[2.0, 2.0]], [7]]


ATTRS = (True, 10, 0.5, 10000000000, "StrAttr", [10, 20], [0.5, -1.5], [10000000000, 2])


@check
def attrs(ops):
    (x,) = with_gradient([np.ones([2, 3], "float32")])
    out = ops.attr_test(x, *ATTRS, ["a", "bc"])
    out.sum().backward()
    assert out.tolist() == [[2.0] * 3] * 2
    assert x.grad.tolist() == [[2.0] * 3] * 2
    try:
        ops.attr_test(x, *ATTRS, ["wrong"])
    except Exception as error:
        assert "texts" in str(error)
    else:
        raise AssertionError("a wrong attribute went through")


@check
def cast(ops):
    x = paddle.to_tensor([1.5, 2.5], "float32")
    assert ops.custom_cast(x, "float64").dtype == paddle.float64
    (out,) = run_static(
        lambda x: [ops.custom_cast(x, "float64")], {"x": np.ones([2], "float32")}, 1
    )
    assert out.dtype == "float64"


@check
def concat(ops):
    values = [np.arange(6, dtype="float64").reshape(2, 3), np.ones([1, 3])]
    weights = np.arange(9, dtype="float64").reshape(3, 3)
    inputs = with_gradient(values)
    out = ops.custom_concat(inputs)
    (out * paddle.to_tensor(weights)).sum().backward()
    np.testing.assert_array_equal(out.numpy(), np.concatenate(values))
    np.testing.assert_array_equal(inputs[0].grad.numpy(), weights[:2])
    np.testing.assert_array_equal(inputs[1].grad.numpy(), weights[2:])
    feed = dict(zip("xy", values))

    def build(x, y):
        out = ops.custom_concat([x, y])
        assert list(out.shape) == [-1, 3]
        return [out, *paddle.static.gradients(paddle.sum(out), [x, y])]

    found = run_static(build, feed, 3)
    np.testing.assert_array_equal(found[0], np.concatenate(values))
    np.testing.assert_array_equal(found[1], np.ones([2, 3]))


@check
def conj(ops):
    value = np.array([1 + 2j, -3j], "complex64")
    (x,) = with_gradient([value])
    out = ops.custom_conj(x)
    np.testing.assert_array_equal(out.numpy(), value.conj())
    out.real().sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.ones(2))


@check
def linear(ops):
    values = [np.random.rand(4, 3), np.random.rand(3, 2), np.random.rand(2)]
    ours, theirs = with_gradient(values), with_gradient(values)
    out = ops.custom_linear(*ours)
    expected = paddle.nn.functional.linear(*theirs)
    np.testing.assert_allclose(out.numpy(), expected.numpy(), rtol=1e-12)
    (out**2).sum().backward()
    (expected**2).sum().backward()
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-12)


@check
def simple_slice(ops):
    value = np.random.rand(5, 2).astype("float32")
    out = ops.custom_simple_slice(paddle.to_tensor(value), 1, 3)
    np.testing.assert_array_equal(out.numpy(), value[1:3])


@check
def tanh_double_grad(ops):
    value = np.random.rand(2, 3)
    found = []
    for function in (ops.custom_tanh, paddle.tanh):
        (x,) = with_gradient([value])
        out = function(x)
        (dx,) = paddle.grad(out, x, create_graph=True)
        (ddx,) = paddle.grad((dx**2).sum(), x)
        found.append([out.numpy(), dx.numpy(), ddx.numpy()])
    for ours, theirs in zip(*found):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


@check
def inplace(ops):
    x = paddle.ones([2, 2])
    (y,) = with_gradient([np.full([2, 2], 3.0, "float32")])
    out = ops.inplace_add(x, y)
    assert out.data_ptr() == x.data_ptr(), "the result is x"
    assert x.tolist() == [[4.0, 4.0]] * 2
    out.sum().backward()
    assert y.grad.tolist() == [[1.0, 1.0]] * 2
    several = [paddle.ones([2]), paddle.zeros([2])]
    ops.inplace_add_to_all(several, paddle.full([2], 5.0))
    assert [tensor.tolist() for tensor in several] == [[6.0, 6.0], [5.0, 5.0]]
    a, b = paddle.ones([1]), paddle.zeros([1])
    ops.inplace_twice(a, paddle.ones([1]), b, paddle.full([1], 4.0))
    assert (a.item(), b.item()) == (2.0, 4.0)
    (out,) = run_static(
        lambda x, y: [ops.inplace_add(x * 1.0, y)],
        {"x": np.ones([1, 2], "float32"), "y": np.ones([1, 2], "float32")},
        1,
    )
    assert out.tolist() == [[2.0, 2.0]]


@check
def optional(ops):
    for y, out_value, gradient in ((None, 2.0, 2.0), (paddle.full([2], 5.0), 6.0, 1.0)):
        (x,) = with_gradient([np.ones([2], "float32")])
        out = ops.optional_add(x, y)
        out.sum().backward()
        assert out.tolist() == [out_value] * 2
        assert x.grad.tolist() == [gradient] * 2
    x = paddle.ones([2])
    assert ops.optional_add_all(x, None).tolist() == [2.0, 2.0]
    assert ops.optional_add_all(x, [x, x]).tolist() == [4.0, 4.0]
    (out,) = run_static(lambda x: [ops.optional_add(x, None)], {"x": np.ones([1, 2], "float32")}, 1)
    assert out.tolist() == [[2.0, 2.0]]


@check
def contiguous(ops):
    value = np.random.rand(3, 4).astype("float32")
    for x in (paddle.to_tensor(value), paddle.to_tensor(value).transpose([1, 0])):
        np.testing.assert_array_equal(ops.custom_contiguous(x).numpy(), x.numpy())


@check
def tensor_operator(ops):
    value = np.array([[0.0, 1.0, 2.0]], "float32")
    expected = {
        "add": 1 + value,
        "subtract": value - 1,
        "multiply": value * 5,
        "divide": value / 2,
        "equal": value == 1,
        "less": value < 1,
        "greater_or_equal": value >= 1,
    }
    for op, out in expected.items():
        found = ops.tensor_operator(paddle.to_tensor(value), op)
        np.testing.assert_array_equal(found.numpy(), out)


if __name__ == "__main__":
    module = importlib.import_module(sys.argv[1])
    for name, function in CHECKS.items():
        try:
            function(module)
        except Exception:
            print(name, "failed:", traceback.format_exc().replace("\n", " | "), flush=True)
        else:
            print(name, "ok", flush=True)
