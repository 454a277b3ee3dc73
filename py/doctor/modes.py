"""One call in the four ways Paddle executes: dygraph, static PIR, full graph, SOT."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

os.environ["MIN_GRAPH_SIZE"] = "0"  # SOT runs smaller graphs eagerly, which would prove nothing

import numpy as np
import paddle

DYGRAPH, STATIC, FULL_GRAPH, SOT = "dygraph", "static", "full_graph", "sot"
MODES = (DYGRAPH, STATIC, FULL_GRAPH, SOT)


@dataclass
class Result:
    """Output and, per input, the gradient of sum(output * cotangent); None for an integer input."""

    output: np.ndarray
    gradients: list[np.ndarray | None]


def run(
    mode: str,
    function: Callable,
    arrays: Sequence[np.ndarray],
    cotangent: np.ndarray | None = None,
    one_graph: bool = True,
) -> Result:
    """Calls `function` with the arrays as tensors.

    A cotangent asks for the gradients of the floating-point and complex inputs. A uint16 array
    holds bfloat16 bits, as Paddle has it. In a static program every size of every input is unknown
    (-1). `function` must be a `def`: full graph reads its source. SOT must translate it as one
    graph, unless `one_graph` is false.
    """
    if mode == STATIC:
        return _run_static(function, arrays, cotangent)
    graphs_before = count_sot_graphs()
    if mode == FULL_GRAPH:
        function = paddle.jit.to_static(function, full_graph=True)
    elif mode == SOT:
        function = paddle.jit.to_static(function, full_graph=False)
    inputs = [
        paddle.to_tensor(array, stop_gradient=not _wants_gradient(array, cotangent))
        for array in arrays
    ]
    output = function(*inputs)
    # Paddle runs 0-size inputs eagerly.
    if mode == SOT and one_graph and all(array.size for array in arrays):
        assert count_sot_graphs() == graphs_before + 1, "SOT broke the graph or fell back"
    if cotangent is not None:
        output.backward(paddle.to_tensor(cotangent))
    gradients = [None if tensor.grad is None else tensor.grad.numpy() for tensor in inputs]
    return Result(output.numpy(), gradients)


def count_sot_graphs() -> int:
    from paddle.jit.sot.symbolic.compile_cache import CompileSIRCache

    return len(CompileSIRCache().cache)


def _run_static(
    function: Callable, arrays: Sequence[np.ndarray], cotangent: np.ndarray | None
) -> Result:
    paddle.enable_static()
    feed = {f"input{position}": array for position, array in enumerate(arrays)}
    program = paddle.static.Program()
    with paddle.static.program_guard(program):
        inputs = [_unknown_sizes(name, array) for name, array in feed.items()]
        for tensor, array in zip(inputs, arrays):
            tensor.stop_gradient = not _wants_gradient(array, cotangent)
        output = function(*inputs)
        fetches = [output]
        if cotangent is not None:
            feed["cotangent"] = cotangent
            seed = paddle.static.data("cotangent", output.shape, _dtype(cotangent))
            wanted = [tensor for tensor in inputs if not tensor.stop_gradient]
            fetches += paddle.static.gradients([output], wanted, [seed])
    executor = paddle.static.Executor(paddle.CPUPlace())
    output, *found = executor.run(program, feed=feed, fetch_list=fetches)
    paddle.disable_static()
    by_input = iter(found)
    gradients = [next(by_input) if _wants_gradient(array, cotangent) else None for array in arrays]
    return Result(output, gradients)


def _unknown_sizes(name: str, array: np.ndarray) -> paddle.Tensor:
    return paddle.static.data(name, [-1] * array.ndim, _dtype(array))


def _dtype(array: np.ndarray) -> str:
    return "bfloat16" if array.dtype == np.uint16 else array.dtype.name


def _wants_gradient(array: np.ndarray, cotangent: np.ndarray | None) -> bool:
    return cotangent is not None and (array.dtype.kind in "fc" or array.dtype == np.uint16)
