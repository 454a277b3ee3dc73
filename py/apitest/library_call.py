"""Runs a call on the kernel library itself, through paddlemend.native, without Paddle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from paddlemend import native
from paddlemend.apitest.binding import BoundCall, map_labelled
from paddlemend.apitest.case_line import DtypeName
from paddlemend.apitest.compare import equal_bits
from paddlemend.apitest.device import CPU
from paddlemend.apitest.execution import Rejected, Unsupported, is_differentiated
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.rules.model import LibraryCall, Output, ShapeOf
from paddlemend.apitest.torch_tensors import from_torch, laid_out, to_torch

# Parameters of Paddle's APIs that mean nothing to a kernel.
_IGNORED_PARAMETERS = frozenset({"name"})


class LibraryExecution:
    """One call of a native function; `arguments` are concrete, by Paddle parameter name."""

    def __init__(self, call: BoundCall, arguments: Mapping[str, Any], device: str = CPU):
        self._rule = call.rule
        self._library = _library_call(call)
        self._arguments = arguments
        self._specs = call.tensors()
        self._device = device
        self._values = {
            name: map_labelled(name, value, self._to_torch)
            for name, value in {**self._library.defaults, **arguments}.items()
        }
        self._before: dict[str, torch.Tensor] = {}
        self._outputs: list[HostTensor] = []
        self._refuse_inexpressible()

    def forward(self) -> list[HostTensor]:
        arguments = [self._argument(argument) for argument in self._library.arguments]
        written = {name: self._values[of] for name, of in self._library.written.items()}
        self._before = {of: self._values[of].clone() for of in self._library.written.values()}
        self._outputs = self._invoke(self._library.function, arguments, written)
        return [*self._outputs[: self._library.outputs], *map(from_torch, written.values())]

    def backward(self, cotangents: Sequence[HostTensor | None]) -> dict[str, HostTensor | None]:
        gradients: dict[str, HostTensor | None] = {
            name: None
            for name, value in self._arguments.items()
            if isinstance(value, HostTensor) and is_differentiated(self._rule, name, value.dtype)
        }
        if self._library.gradient_function and cotangents and cotangents[0] is not None:
            values = {**self._values, **self._before}
            values["out_grad"] = to_torch(cotangents[0], self._device)
            arguments = [
                self._argument(argument, values) for argument in self._library.gradient_arguments
            ]
            results = self._invoke(self._library.gradient_function, arguments, {})
            gradients.update(zip(self._library.gradients, results))
        return gradients

    def changed_inputs(self) -> list[str]:
        return [
            name
            for name, value in self._arguments.items()
            if isinstance(value, HostTensor)
            and name not in self._library.written.values()
            and not equal_bits(from_torch(self._values[name]), value)
        ]

    def _argument(self, argument: Any, values: Mapping[str, Any] | None = None) -> Any:
        values = self._values if values is None else values
        if isinstance(argument, Output):
            return to_torch(self._outputs[argument.number], self._device)
        if isinstance(argument, ShapeOf):
            return list(values[argument.parameter].shape)
        return argument(values) if callable(argument) else values[argument]

    def _invoke(
        self, function: Any, arguments: list[Any], keywords: dict[str, Any]
    ) -> list[HostTensor]:
        try:
            if callable(function):
                result = function(native, *arguments, **keywords)
            else:
                result = getattr(native, function)(*arguments, **keywords)
        except Exception as error:
            raise Rejected(error) from error
        results = result if isinstance(result, (tuple, list)) else (result,)
        return [from_torch(torch.from_dlpack(item)) for item in results]

    def _to_torch(self, label: str, value: Any) -> Any:
        if isinstance(value, DtypeName):
            return value.name
        if not isinstance(value, HostTensor):
            return value
        return laid_out(value, self._specs.get(label), self._device)

    def _refuse_inexpressible(self) -> None:
        named = {
            argument.parameter if isinstance(argument, ShapeOf) else argument
            for argument in self._library.arguments
            if isinstance(argument, (str, ShapeOf))
        } | self._library.derived
        function = self._library.function
        name = function.__name__ if callable(function) else function
        unknown = set(self._arguments) - named - set(self._library.defaults) - _IGNORED_PARAMETERS
        if unknown:
            message = f"{name} of the library has no {', '.join(sorted(unknown))}"
            raise Unsupported("argument", message)
        missing = named - set(self._values)
        if missing:
            raise Unsupported("argument", f"the case gives no {', '.join(sorted(missing))}")
        lacks = self._library.lacks(self._values) if self._library.lacks else ""
        if any(_may_overlap(self._values[of]) for of in self._library.written.values()):
            lacks = "the copy of a tensor that is written and whose elements share memory"
        if lacks:
            raise Unsupported("argument", f"{name} of the library lacks {lacks}")


def _library_call(call: BoundCall) -> LibraryCall:
    if call.rule.library is None:
        raise Unsupported("api", f"the kernel library has no {call.rule.path}")
    return call.rule.library


def _may_overlap(tensor: Any) -> bool:
    """Whether a dimension repeats elements, which is how case lines make them share memory."""
    if not isinstance(tensor, torch.Tensor) or not tensor.numel():
        return False
    return any(size > 1 and not step for size, step in zip(tensor.shape, tensor.stride()))
