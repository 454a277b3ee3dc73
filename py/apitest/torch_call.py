"""Runs a call's counterpart on Torch, in the dtypes of the case or widened to float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from paddlemend.apitest.binding import BoundCall
from paddlemend.apitest.case_line import DtypeName, TensorSpec
from paddlemend.apitest.execution import Rejected, flat_outputs, resolve
from paddlemend.apitest.host_tensor import HostTensor, is_differentiable


class TorchExecution:
    """One call on Torch.

    `arguments` are the concrete arguments by Paddle parameter name. With `wide`, floating and
    complex tensors are widened first: that result is the reference of the tolerance rules.
    """

    def __init__(self, call: BoundCall, arguments: Mapping[str, Any], *, wide: bool = False):
        self._api = call.api
        self._wide = wide
        self._leaves: dict[str, torch.Tensor] = {}
        self._outputs: list[torch.Tensor] = []
        self._values = {name: self._value(name, value) for name, value in arguments.items()}

    def forward(self) -> list[HostTensor]:
        positional, keywords = torch_arguments(self._api, self._values)
        function = resolve(torch, self._api.torch.path)
        try:
            result = function(*positional, **keywords)
        except Exception as error:
            raise Rejected(error) from error
        self._outputs = flat_outputs(result, torch.Tensor)
        outputs = [from_torch(output) for output in self._outputs]
        if self._api.in_place is not None:
            outputs.append(from_torch(self._values[self._api.in_place]))
        return outputs

    def backward(self, cotangents: Sequence[HostTensor | None]) -> dict[str, HostTensor | None]:
        pairs = [
            (output, to_torch(cotangent.widened() if self._wide else cotangent))
            for output, cotangent in zip(self._outputs, cotangents)
            if cotangent is not None and output.requires_grad
        ]
        if pairs:
            outputs, gradients = zip(*pairs)
            try:
                torch.autograd.backward(outputs, gradients)
            except Exception as error:
                raise Rejected(error) from error
        return {
            name: None if leaf.grad is None else from_torch(leaf.grad)
            for name, leaf in self._leaves.items()
        }

    def changed_inputs(self) -> list[str]:
        return []

    def _value(self, name: str, value: Any) -> Any:
        if isinstance(value, DtypeName):
            return getattr(torch, value.name)
        if isinstance(value, list):
            return [self._value("", item) for item in value]
        if not isinstance(value, HostTensor):
            return value
        tensor = to_torch(value.widened() if self._wide else value)
        if name and is_differentiable(value.dtype):
            self._leaves[name] = tensor.requires_grad_()
        # An in-place call may not overwrite a leaf that requires a gradient, nor our array.
        return tensor.clone() if name and name == self._api.in_place else tensor


def torch_arguments(api: Any, values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments of the counterpart; what the line omits is omitted."""
    positional = [values[name] for name in api.torch.positional if name in values]
    keywords = {
        keyword: values[name] for keyword, name in api.torch.keywords.items() if name in values
    }
    return positional, keywords


def output_specs(call: BoundCall, sizes: Mapping[str, Any]) -> list[tuple[int, str]]:
    """Element count and dtype of every output, found without allocating any of them.

    `sizes` are the concrete values of the parameters that are shapes. Empty when Torch refuses
    the call.
    """
    values: dict[str, Any] = {}
    for name, value in call.arguments.items():
        if isinstance(value, TensorSpec) and name not in sizes:
            dtype = getattr(torch, value.dtype)
            value = torch.empty(value.shape, dtype=dtype, device="meta")
        values[name] = sizes.get(name, value)
    positional, keywords = torch_arguments(call.api, values)
    try:
        result = resolve(torch, call.api.torch.path)(*positional, **keywords)
    except Exception:
        return []
    return [(output.numel(), dtype_name(output)) for output in flat_outputs(result, torch.Tensor)]


def dtype_name(tensor: torch.Tensor) -> str:
    """The dtype's name, such as "bfloat16"."""
    return str(tensor.dtype).rpartition(".")[2]


def to_torch(tensor: HostTensor) -> torch.Tensor:
    """A Torch tensor over its own copy of the data."""
    data = np.array(tensor.data, order="C")
    if tensor.dtype == "bfloat16":
        return torch.from_numpy(data.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(data)


def from_torch(tensor: torch.Tensor) -> HostTensor:
    """The value of a Torch tensor, detached and without gaps."""
    tensor = tensor.detach().resolve_conj().resolve_neg().contiguous()
    if tensor.dtype == torch.bfloat16:
        return HostTensor("bfloat16", tensor.view(torch.int16).numpy().view(np.uint16))
    return HostTensor(dtype_name(tensor), tensor.numpy())
