"""Runs a call on Paddle as a static PIR program, or translated by SOT."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import paddle
from paddlemend.apitest.binding import BoundCall
from paddlemend.apitest.case_line import CaseLine, DtypeName, TensorSpec
from paddlemend.apitest.execution import Rejected, flat_outputs, is_differentiated
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.paddle_call import PaddleExecution

_TENSOR = "paddle.Tensor."
_numbers = itertools.count()


def call_source(case: CaseLine, name: str) -> str:
    """The case line as the source of a function of its tensors, in their order of appearance."""
    parameters = ", ".join(_variable(spec) for spec in case.tensors())
    arguments = [_expression(value) for value in case.args]
    keywords = dict(case.kwargs)
    callee = case.api
    if callee.startswith(_TENSOR):  # a program's values have methods, but no class of that name
        receiver = arguments.pop(0) if arguments else _expression(keywords.pop("x", None))
        callee = f"{receiver}.{callee[len(_TENSOR) :]}"
    arguments += [f"{keyword}={_expression(value)}" for keyword, value in keywords.items()]
    return f"def {name}({parameters}):\n    return {callee}({', '.join(arguments)})\n"


def call_function(case: CaseLine) -> Callable[..., Any]:
    """That function, each time a new one: translators cache by code."""
    name = f"case_{next(_numbers)}"
    source = call_source(case, name)
    file = f"<{name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    namespace: dict[str, Any] = {"paddle": paddle}
    exec(compile(source, file, "exec"), namespace)
    return namespace[name]


class ProgramExecution:
    """One call as a static program, which is built and run anew for outputs and gradients."""

    def __init__(
        self,
        call: BoundCall,
        inputs: Mapping[int, HostTensor],
    ):
        self._call = call
        self._inputs = inputs
        self._wanted = {
            label: spec.key
            for label, spec in call.tensors().items()
            if is_differentiated(call.rule, label, spec.dtype)
        }

    def forward(self) -> list[HostTensor]:
        return self._run([])

    def backward(self, cotangents: Sequence[HostTensor | None]) -> dict[str, HostTensor | None]:
        outputs = self._run(cotangents)
        gradients = iter(outputs)
        return {label: next(gradients) for label in self._wanted}

    def changed_inputs(self) -> list[str]:
        return []

    def _run(self, cotangents: Sequence[HostTensor | None]) -> list[HostTensor]:
        """The outputs, or, if there are cotangents, the gradients."""
        paddle.enable_static()
        try:
            return self._run_program(cotangents)
        except Exception as error:
            raise Rejected(error) from error
        finally:
            paddle.disable_static()

    def _run_program(self, cotangents: Sequence[HostTensor | None]) -> list[HostTensor]:
        program = paddle.static.Program()
        feed: dict[str, Any] = {}
        with paddle.static.program_guard(program):
            values = {}
            for spec in self._call.case.tensors():
                values[spec.key] = _data(f"tensor{spec.key}", self._inputs[spec.key], feed)
                values[spec.key].stop_gradient = spec.key not in self._wanted.values()
            copies = {
                spec.key: paddle.assign(values[spec.key])
                for spec in self._call.overwritten().values()
            }
            passed = {**values, **copies}
            fetch = flat_outputs(call_function(self._call.case)(*passed.values()), paddle.pir.Value)
            if cotangents:
                fetch = self._gradients(fetch, values, cotangents, feed)
        executor = paddle.static.Executor()
        results = executor.run(program, feed=feed, fetch_list=[v for v in fetch if v is not None])
        found = iter(results)
        return [
            None if value is None else _fetched(next(found), value)  # type: ignore[misc]
            for value in fetch
        ]

    def _gradients(
        self,
        outputs: Sequence[Any],
        values: Mapping[int, Any],
        cotangents: Sequence[HostTensor | None],
        feed: dict[str, Any],
    ) -> list[Any]:
        pairs = [
            (output, _data(f"cotangent{position}", cotangent, feed))
            for position, (output, cotangent) in enumerate(zip(outputs, cotangents))
            if cotangent is not None and not output.stop_gradient
        ]
        wanted = [values[key] for key in self._wanted.values()]
        if not pairs:
            return [None] * len(wanted)
        targets, seeds = zip(*pairs)
        return paddle.static.gradients(list(targets), wanted, list(seeds))


class SotExecution(PaddleExecution):
    """One call translated by SOT. `graphs` is the number of graphs that it compiled."""

    graphs = 0

    def forward(self) -> list[HostTensor]:
        before = _compiled_graphs()
        outputs = super().forward()
        self.graphs = _compiled_graphs() - before
        return outputs

    def _invoke(self) -> Any:
        translated = paddle.jit.to_static(call_function(self._call.case), full_graph=False)
        return translated(*(self._passed[spec.key] for spec in self._call.case.tensors()))


def _compiled_graphs() -> int:
    from paddle.jit.sot.symbolic.compile_cache import CompileSIRCache

    return len(CompileSIRCache().cache)


def _variable(spec: TensorSpec) -> str:
    return f"tensor{spec.key}"


def _expression(value: Any) -> str:
    """Python source for an argument; what has none is passed as its text, for Paddle to refuse."""
    if isinstance(value, TensorSpec):
        return _variable(value)
    if isinstance(value, DtypeName):
        return f"paddle.{value.name}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_expression, value)) + "]"
    if isinstance(value, tuple):
        return "(" + "".join(_expression(item) + ", " for item in value) + ")"
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        return f"slice({', '.join(map(_expression, parts))})"
    if isinstance(value, float):
        return f"float({str(value)!r})"
    return repr(value)


def _data(name: str, tensor: HostTensor, feed: dict[str, Any]) -> Any:
    feed[name] = tensor.data
    return paddle.static.data(name, list(tensor.shape), tensor.dtype)


def _fetched(array: Any, value: Any) -> HostTensor:
    return HostTensor(str(value.dtype).rpartition(".")[2].lower(), array)
