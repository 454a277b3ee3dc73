"""Runs a call's reference on Torch, in the dtypes of the case or widened to float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from paddlemend.apitest.binding import BoundCall, map_labelled
from paddlemend.apitest.case_line import DtypeName, TensorSpec
from paddlemend.apitest.execution import (
    Rejected,
    Unsupported,
    flat_outputs,
    is_differentiated,
    one_line,
    resolve,
)
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.rules.model import Rule, TorchCall
from paddlemend.apitest.rules.same_name import is_mapping_failure, positional_name, torch_keyword
from paddlemend.apitest.torch_tensors import dtype_name, from_torch, laid_out, to_torch

# Parameters of Paddle's APIs that mean nothing to a counterpart.
_IGNORED_PARAMETERS = frozenset({"name"})


class ReferenceExecution:
    """One call of a rule's reference.

    `arguments` are the concrete arguments by Paddle parameter name. With `wide`, floating and
    complex tensors are widened first: that result is the reference of the tolerance rules.
    """

    def __init__(
        self,
        call: BoundCall,
        arguments: Mapping[str, Any],
        *,
        wide: bool = False,
        device: str = "cpu",
    ):
        self._rule = call.rule
        self._specs = call.tensors()
        self._wide = wide
        self._device = device
        self._leaves: dict[str, torch.Tensor] = {}
        self._outputs: list[torch.Tensor] = []
        self._values = {
            name: map_labelled(name, value, self._value) for name, value in arguments.items()
        }

    def forward(self) -> list[HostTensor]:
        # A call may not overwrite a leaf that requires a gradient, nor what the next call gets.
        copies = {
            name: self._values[name].clone()
            for name in self._rule.overwrites
            if isinstance(self._values.get(name), torch.Tensor)
        }
        try:
            result = call_reference(self._rule, {**self._values, **copies})
        except Exception as error:
            if not self._rule.parameters and is_mapping_failure(error):
                message = f"Torch takes other arguments: {one_line(error)}"
                raise Unsupported("mapping", message) from error
            raise Rejected(error) from error
        self._outputs = flat_outputs(result, torch.Tensor)
        return [from_torch(tensor) for tensor in (*self._outputs, *copies.values())]

    def backward(self, cotangents: Sequence[HostTensor | None]) -> dict[str, HostTensor | None]:
        pairs = [
            (output, self._to_torch(cotangent))
            for output, cotangent in zip(self._outputs, cotangents)
            if cotangent is not None and output.requires_grad
        ]
        if pairs:
            outputs, gradients = zip(*pairs)
            try:
                torch.autograd.backward(outputs, gradients)
            except Exception as error:
                raise Rejected(error) from error
        return {label: self._gradient(label, leaf) for label, leaf in self._leaves.items()}

    def changed_inputs(self) -> list[str]:
        return []

    def _gradient(self, label: str, leaf: torch.Tensor) -> HostTensor | None:
        """What the argument of the case gets, which may be real where the leaf is complex."""
        gradient, spec = leaf.grad, self._specs.get(label)
        if gradient is None:
            return None
        if spec is not None and gradient.is_complex() and not spec.dtype.startswith("complex"):
            real = gradient.real
            gradient = real if self._wide else real.to(getattr(torch, spec.dtype))
        return from_torch(gradient)

    def _value(self, label: str, value: Any) -> Any:
        if isinstance(value, DtypeName):
            return getattr(torch, value.name)
        if not isinstance(value, HostTensor):
            return value
        host = value.widened() if self._wide else value
        tensor = laid_out(host, self._specs.get(label), self._device)
        if is_differentiated(self._rule, label, value.dtype):
            self._leaves[label] = tensor.requires_grad_()
        return tensor

    def _to_torch(self, tensor: HostTensor) -> torch.Tensor:
        return to_torch(tensor.widened() if self._wide else tensor, self._device)


def call_reference(rule: Rule, values: Mapping[str, Any]) -> Any:
    """The reference's result; what the line omits is omitted. Raises what the reference raises."""
    reference = rule.reference
    if not isinstance(reference, TorchCall):
        return reference(**{k: v for k, v in values.items() if k not in _IGNORED_PARAMETERS})
    function = resolve(torch, reference.path)
    if rule.parameters:
        positional = [values[name] for name in reference.positional if name in values]
        keywords = {
            keyword: values[name] for keyword, name in reference.keywords.items() if name in values
        }
        return function(*positional, **keywords)
    positional, keywords = _same_arguments(values)
    return function(*positional, **keywords)


def _same_arguments(values: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of an API without a rule, in Torch's spelling."""
    positional = []
    while positional_name(len(positional)) in values:
        positional.append(values[positional_name(len(positional))])
    keywords = {
        torch_keyword(name): value
        for name, value in list(values.items())[len(positional) :]
        if name not in _IGNORED_PARAMETERS
    }
    # The methods of a Torch tensor know their first argument by no keyword.
    if "input" in keywords and not positional:
        positional = [keywords.pop("input")]
    return positional, keywords


def output_specs(call: BoundCall, sizes: Mapping[str, Any]) -> list[tuple[tuple[int, ...], str]]:
    """Shape and dtype of every output, found without allocating any of them.

    `sizes` are the concrete values of the parameters that are shapes. Empty when the reference
    refuses the call, or when the sizes depend on values.
    """

    def meta(label: str, value: Any) -> Any:
        if isinstance(value, DtypeName):
            return getattr(torch, value.name)
        if not isinstance(value, TensorSpec):
            return value
        return torch.empty(value.shape, dtype=getattr(torch, value.dtype), device="meta")

    values = {name: map_labelled(name, value, meta) for name, value in call.arguments.items()}
    try:
        result = call_reference(call.rule, {**values, **sizes})
    except Exception:
        return []
    outputs = flat_outputs(result, torch.Tensor)
    return [(tuple(output.shape), dtype_name(output)) for output in outputs]
