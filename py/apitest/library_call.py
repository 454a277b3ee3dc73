"""Runs a call on the kernel library itself, through paddlemend.native, without Paddle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from paddlemend import native
from paddlemend.apitest.binding import BoundCall, map_labelled
from paddlemend.apitest.compare import equal_bits
from paddlemend.apitest.device import CPU
from paddlemend.apitest.execution import Rejected, Unsupported, is_differentiated
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.rules.model import LibraryCall, ShapeOf
from paddlemend.apitest.torch_tensors import from_torch, to_torch

# Parameters of Paddle's APIs that mean nothing to a kernel.
_IGNORED_PARAMETERS = frozenset({"name"})


class LibraryExecution:
    """One call of a native function; `arguments` are concrete, by Paddle parameter name."""

    def __init__(self, call: BoundCall, arguments: Mapping[str, Any], device: str = CPU):
        self._rule = call.rule
        self._library = _library_call(call)
        self._arguments = arguments
        self._device = device
        self._values = {
            name: map_labelled(name, value, self._to_torch)
            for name, value in {**self._library.defaults, **arguments}.items()
        }
        self._out: HostTensor | None = None
        self._refuse_inexpressible()

    def forward(self) -> list[HostTensor]:
        arguments = [self._argument(argument) for argument in self._library.arguments]
        keywords = {}
        if self._library.in_place is not None:
            keywords["out"] = self._values[self._library.in_place]
        outputs = self._invoke(self._library.function, arguments, keywords)
        self._out = outputs[0]
        if self._library.in_place is None:
            return outputs
        return [*outputs, from_torch(self._values[self._library.in_place])]

    def backward(self, cotangents: Sequence[HostTensor | None]) -> dict[str, HostTensor | None]:
        gradients: dict[str, HostTensor | None] = {
            name: None
            for name, value in self._arguments.items()
            if isinstance(value, HostTensor) and is_differentiated(self._rule, name, value.dtype)
        }
        if self._library.gradient_function and cotangents and cotangents[0] is not None:
            of_call = {"out_grad": cotangents[0], "out": self._out}
            arguments = [
                to_torch(of_call[argument], self._device)
                if argument in of_call
                else self._argument(argument)
                for argument in self._library.gradient_arguments
            ]
            results = self._invoke(self._library.gradient_function, arguments, {})
            gradients.update(zip(self._library.gradients, results))
        return gradients

    def changed_inputs(self) -> list[str]:
        return [
            name
            for name, value in self._arguments.items()
            if isinstance(value, HostTensor)
            and name != self._library.in_place
            and not equal_bits(from_torch(self._values[name]), value)
        ]

    def _argument(self, argument: str | ShapeOf) -> Any:
        if isinstance(argument, ShapeOf):
            return list(self._values[argument.parameter].shape)
        return self._values[argument]

    def _invoke(
        self, function: str, arguments: list[Any], keywords: dict[str, Any]
    ) -> list[HostTensor]:
        try:
            result = getattr(native, function)(*arguments, **keywords)
        except Exception as error:
            raise Rejected(error) from error
        results = result if isinstance(result, tuple) else (result,)
        return [from_torch(torch.from_dlpack(item)) for item in results]

    def _to_torch(self, label: str, value: Any) -> Any:
        return to_torch(value, self._device) if isinstance(value, HostTensor) else value

    def _refuse_inexpressible(self) -> None:
        named = {
            argument.parameter if isinstance(argument, ShapeOf) else argument
            for argument in self._library.arguments
        }
        unknown = set(self._arguments) - named - set(self._library.defaults) - _IGNORED_PARAMETERS
        if unknown:
            message = f"{self._library.function} of the library has no {', '.join(sorted(unknown))}"
            raise Unsupported("argument", message)
        missing = named - set(self._values)
        if missing:
            raise Unsupported("argument", f"the case gives no {', '.join(sorted(missing))}")
        lacks = self._library.lacks(self._values) if self._library.lacks else ""
        if lacks:
            raise Unsupported("argument", f"{self._library.function} of the library lacks {lacks}")


def _library_call(call: BoundCall) -> LibraryCall:
    if call.rule.library is None:
        raise Unsupported("api", f"the kernel library has no {call.rule.path}")
    return call.rule.library
