"""One model in one process: its outputs, and how often the translator gave up."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import trial

CALLS = 3
# Paddle's words for the callees that a break comes out of, the innermost last.
_CALLEE = re.compile('File "(.*)", line [0-9]+, in (.*) encountered breakgraph error')
_RESUMED = re.compile("(_[0-9a-f]{5})+$")  # of the names "$resume_0@f_1a2b3"


@dataclass
class Counts:
    """Of all calls together: graphs that ran, graph breaks, frames that were left to dygraph.

    `stops` are the functions, by file and name, that the translator could not go on in. A function
    that does so breaks its callers as well, each of which counts; but none that is left to dygraph
    as a whole, as stock Paddle leaves one with an import.
    """

    graphs: int = 0
    breaks: int = 0
    fallbacks: int = 0
    stops: set[tuple[str, str]] = field(default_factory=set)


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
    from paddlemend.sot import frames

    def counted(function: Any) -> Any:
        def count(executor: Any, *args: Any, **kwargs: Any) -> Any:
            counts.breaks += 1
            callees = _CALLEE.findall(str(sys.exc_info()[1]))
            counts.stops.add(callees[-1] if callees else _place(frames.code_of(executor)))
            return function(executor, *args, **kwargs)

        return count

    for each in ("_break_graph_when_call", "_break_graph_when_if", "_break_graph_when_for_loop"):
        if hasattr(OpcodeExecutor, each):
            setattr(OpcodeExecutor, each, counted(getattr(OpcodeExecutor, each)))
    translate = executor_cache.start_translate

    def start_translate(frame: Any, *args: Any, **kwargs: Any) -> Any:
        result = translate(frame, *args, **kwargs)
        if result[0].code is None:
            counts.fallbacks += 1
            counts.stops.add(_place(frame.f_code))
        return result

    executor_cache.start_translate = start_translate


def _place(code: CodeType) -> tuple[str, str]:
    """The file and the name of a function, or of the one that a code object is the rest of."""
    name = code.co_name
    if name.startswith("$"):
        name = _RESUMED.sub("", name.rpartition("@")[2])
    return code.co_filename, name


def _flat(output: Any) -> list[float]:
    if isinstance(output, (list, tuple)):
        return [number for each in output for number in _flat(each)]
    return output.astype("float64").flatten().tolist()
