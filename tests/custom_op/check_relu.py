"""custom_relu of the module that is named on the command line: dygraph and static, with gradients.

python check_relu.py MODULE
"""

from __future__ import annotations

import importlib
import sys

import numpy as np
import paddle

X = np.array([[-1.5, 0.0, 2.5], [3.0, -4.0, 5.0]], "float32")
RELU, GRADIENT = np.maximum(X, 0), (X > 0).astype("float32")


def dygraph(relu) -> None:
    for dtype in ("float32", "float64"):
        x = paddle.to_tensor(X.astype(dtype), stop_gradient=False)
        out = relu(x)
        assert out.dtype == x.dtype, out.dtype
        out.sum().backward()
        np.testing.assert_array_equal(out.numpy(), RELU)
        np.testing.assert_array_equal(x.grad.numpy(), GRADIENT)


def translated(relu, full_graph: bool) -> None:
    def twice(x):
        return relu(x) * 2.0

    function = paddle.jit.to_static(twice, full_graph=full_graph)
    x = paddle.to_tensor(X, stop_gradient=False)
    out = function(x)
    out.sum().backward()
    np.testing.assert_array_equal(out.numpy(), RELU * 2)
    np.testing.assert_array_equal(x.grad.numpy(), GRADIENT * 2)


def static(relu) -> None:
    paddle.enable_static()
    main, startup = paddle.static.Program(), paddle.static.Program()
    with paddle.static.program_guard(main, startup):
        x = paddle.static.data("x", [None, 3], "float32")
        x.stop_gradient = False
        out = relu(x)
        gradient = paddle.static.gradients(paddle.sum(out), x)
        executor = paddle.static.Executor(paddle.CPUPlace())
        executor.run(startup)
        values = executor.run(main, feed={"x": X}, fetch_list=[out, gradient[0]])
    np.testing.assert_array_equal(values[0], RELU)
    np.testing.assert_array_equal(values[1], GRADIENT)


if __name__ == "__main__":
    module = importlib.import_module(sys.argv[1])
    dygraph(module.custom_relu)
    translated(module.custom_relu, full_graph=True)
    translated(module.custom_relu, full_graph=False)
    static(module.custom_relu)
    print("right", module.__file__)
