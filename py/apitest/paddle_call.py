"""Runs a call on Paddle exactly as the case line spells it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import paddle
from paddlemend.apitest.binding import BoundCall
from paddlemend.apitest.case_line import DtypeName, TensorSpec
from paddlemend.apitest.compare import equal_bits
from paddlemend.apitest.execution import Rejected, flat_outputs, is_differentiated, resolve
from paddlemend.apitest.host_tensor import HostTensor, memory_of


class PaddleExecution:
    """One call on Paddle.

    `inputs` are the values of the line's tensors by key. `differentiable` limits the labels of the
    tensors that require a gradient; None means all that the rule differentiates.
    """

    def __init__(
        self,
        call: BoundCall,
        inputs: Mapping[int, HostTensor],
        differentiable: Collection[str] | None = None,
    ):
        self._call = call
        self._inputs = inputs
        self._leaves: dict[str, paddle.Tensor] = {}
        self._outputs: list[paddle.Tensor] = []
        self._tensors = {spec.key: self._input(spec) for spec in call.case.tensors()}
        self._passed: dict[int, paddle.Tensor] = {}
        self._cotangents: dict[int, tuple[HostTensor, paddle.Tensor]] = {}
        for label, spec in call.tensors().items():
            wanted = differentiable is None or label in differentiable
            if wanted and is_differentiated(call.rule, label, spec.dtype):
                self._tensors[spec.key].stop_gradient = False
                self._leaves[label] = self._tensors[spec.key]

    def forward(self) -> list[HostTensor]:
        # A call may not overwrite a leaf that requires a gradient.
        copies = {
            spec.key: paddle.assign(self._tensors[spec.key])
            for spec in self._call.overwritten().values()
        }
        self._passed = {**self._tensors, **copies}
        try:
            self._outputs = flat_outputs(self._invoke(), paddle.Tensor)
            outputs = [self._read(output) for output in self._outputs]
        except Exception as error:
            raise Rejected(error) from error
        return [*outputs, *(from_paddle(copy) for copy in copies.values())]

    def _read(self, output: paddle.Tensor) -> HostTensor:
        if self._call.rule.may_lack_outputs and not output._is_initialized():
            return from_paddle(paddle.zeros(output.shape, output.dtype))
        return from_paddle(output)

    def _invoke(self) -> Any:
        case = self._call.case
        positional = [self._argument(value) for value in case.args]
        keywords = {name: self._argument(value) for name, value in case.kwargs.items()}
        return resolve(paddle, case.api)(*positional, **keywords)

    def backward(self, cotangents: Sequence[HostTensor | None]) -> dict[str, HostTensor | None]:
        pairs = [
            (output, self._cotangent(cotangent))
            for output, cotangent in zip(self._outputs, cotangents)
            if cotangent is not None and not output.stop_gradient
        ]
        try:
            if pairs:
                outputs, gradients = zip(*pairs)
                paddle.autograd.backward(list(outputs), list(gradients))
            return {
                label: None if leaf.grad is None else from_paddle(leaf.grad)
                for label, leaf in self._leaves.items()
            }
        except Exception as error:
            raise Rejected(error) from error

    def changed_inputs(self) -> list[str]:
        """Looks at the tensors that were passed, except those that the call may overwrite."""
        overwritten = self._call.overwritten()
        return [
            label
            for label, spec in self._call.tensors().items()
            if label not in overwritten
            and not equal_bits(from_paddle(self._tensors[spec.key]), self._inputs[spec.key])
        ]

    def _cotangent(self, cotangent: HostTensor) -> paddle.Tensor:
        """Converted once: Paddle loses a little memory whenever it takes over a NumPy array."""
        if id(cotangent) not in self._cotangents:
            self._cotangents[id(cotangent)] = (cotangent, to_paddle(cotangent))
        return self._cotangents[id(cotangent)][1]

    def _input(self, spec: TensorSpec) -> paddle.Tensor:
        tensor = self._inputs[spec.key]
        strides = spec.layout
        return to_paddle(tensor) if strides is None else to_view(tensor, strides, spec.offset)

    def _argument(self, value: Any) -> Any:
        if isinstance(value, TensorSpec):
            return self._passed[value.key]
        if isinstance(value, DtypeName):
            return getattr(paddle, value.name)
        if isinstance(value, (list, tuple)):
            return type(value)(self._argument(item) for item in value)
        return value


def to_paddle(tensor: HostTensor) -> paddle.Tensor:
    """A Paddle tensor with the same bits; Paddle reads a uint16 array as bfloat16."""
    return paddle.to_tensor(tensor.data)


def to_view(tensor: HostTensor, strides: Sequence[int], offset: int) -> paddle.Tensor:
    """A Paddle tensor with the same values, a view of larger memory; see `memory_of`."""
    memory = memory_of(tensor, strides, offset)
    offset_bytes = offset * memory.data.itemsize
    return paddle.as_strided(to_paddle(memory), list(tensor.shape), list(strides), offset_bytes)


def from_paddle(tensor: paddle.Tensor) -> HostTensor:
    """The value of a Paddle tensor."""
    dtype = str(tensor.dtype).rpartition(".")[2]
    return HostTensor(dtype, np.asarray(tensor.detach().numpy()))
