"""One model in one process: its outputs, and how often the translator gave up."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

import trial

CALLS = 3
_PASSED_ON = "encountered breakgraph error caused by"  # Paddle's words for a break in a callee


@dataclass
class Counts:
    """Of all calls together: graphs that ran, graph breaks, frames that were left to dygraph.

    `passed_on` are breaks at a call whose callee breaks, or is left to dygraph, and is counted for
    that itself. A caller that is left to dygraph as a whole, as one with an import is by stock
    Paddle, has none of them, though its callees break as often.
    """

    graphs: int = 0
    breaks: int = 0
    passed_on: int = 0
    fallbacks: int = 0


def run(name: str, mode: str) -> tuple[list[Any], Counts]:
    """The outputs of CALLS calls of a model, flat lists of numbers, and the counts."""
    os.environ["MIN_GRAPH_SIZE"] = "0"
    import downstream_models
    import numpy as np
    import paddle

    if mode == trial.MENDED:
        from paddlemend.sot import installation

        installation.install()
    from paddle.jit.sot import symbolic_translate

    paddle.seed(7)
    np.random.seed(7)
    model = next(each for each in downstream_models.MODELS if each.name == name)
    layer, arguments = model.build()
    layer.eval()
    counts = Counts()
    _count(counts)
    graphs = trial.Counter()

    def call(*given: Any) -> Any:
        return layer(*given)

    translated = call if mode == trial.NATIVE else symbolic_translate(call)
    with paddle.no_grad():
        outputs = [_flat(translated(*arguments)) for _ in range(CALLS)]
    counts.graphs = graphs.count
    return outputs, counts


def _count(counts: Counts) -> None:
    """Has the translator count its breaks and the frames that it gives up."""
    from paddle.jit.sot.opcode_translator.executor import executor_cache
    from paddle.jit.sot.opcode_translator.executor.opcode_executor import OpcodeExecutor

    def counted(function: Any) -> Any:
        def count(*args: Any, **kwargs: Any) -> Any:
            if _PASSED_ON in str(sys.exc_info()[1]):
                counts.passed_on += 1
            else:
                counts.breaks += 1
            return function(*args, **kwargs)

        return count

    for each in ("_break_graph_when_call", "_break_graph_when_if", "_break_graph_when_for_loop"):
        if hasattr(OpcodeExecutor, each):
            setattr(OpcodeExecutor, each, counted(getattr(OpcodeExecutor, each)))
    translate = executor_cache.start_translate

    def start_translate(*args: Any, **kwargs: Any) -> Any:
        result = translate(*args, **kwargs)
        counts.fallbacks += result[0].code is None
        return result

    executor_cache.start_translate = start_translate


def _flat(output: Any) -> list[float]:
    if isinstance(output, (list, tuple)):
        return [number for each in output for number in _flat(each)]
    return output.astype("float64").flatten().tolist()
