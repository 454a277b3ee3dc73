"""Legal random inputs for a call, the same for every framework, version and process.

The generator of a tensor is seeded by the line, the user's seed and the tensor's place in the
line, so that a value depends neither on the order of generation nor on what else is generated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from paddlemend.apitest.binding import BoundCall, labelled, map_labelled
from paddlemend.apitest.case_line import CaseLine, TensorSpec
from paddlemend.apitest.generators import small_integers, unconstrained
from paddlemend.apitest.host_tensor import HostTensor, round_to
from paddlemend.apitest.rules.model import SIZES


def generate_inputs(call: BoundCall, seed: int) -> dict[int, HostTensor]:
    """A value for every tensor of the line, by `TensorSpec.key`."""
    return {spec.key: generate_tensor(call, spec, seed) for spec in call.case.tensors()}


def generate_tensor(call: BoundCall, spec: TensorSpec, seed: int) -> HostTensor:
    """A legal value for one tensor; ValueError if its explicit values do not fill its shape."""
    tensor = _explicit_values(spec) if spec.values is not None else _generated(call, spec, seed)
    return _shared_along_zero_strides(tensor, spec)


def _generated(call: BoundCall, spec: TensorSpec, seed: int) -> HostTensor:
    rng = random_generator(call, spec.key, seed)
    for parameter in call.rule.parameters:
        value = call.arguments.get(parameter.name)
        if any(item is spec for _, item in labelled(parameter.name, value)):
            return (parameter.values or unconstrained)(call, spec, rng)
    without_rule = not call.rule.parameters
    return (small_integers if without_rule else unconstrained)(call, spec, rng)


def random_generator(call: BoundCall, stream: object, seed: int) -> np.random.Generator:
    """A generator that is a function of the line, the seed and the stream's name alone."""
    text = f"{seed}/{stream}/{call.case!r}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))


def concrete_arguments(call: BoundCall, inputs: Mapping[int, HostTensor]) -> dict[str, Any]:
    """The bound arguments with values: tensors as HostTensor, sizes as a list of integers.

    A size that is no one-element tensor stays a HostTensor, for the callee to refuse.
    """

    def value_of(label: str, value: Any) -> Any:
        return inputs[value.key] if isinstance(value, TensorSpec) else value

    sizes = _sizes_parameters(call)
    return {
        name: _concrete_sizes(value, inputs)
        if name in sizes
        else map_labelled(name, value, value_of)
        for name, value in call.arguments.items()
    }


def concrete_sizes(call: BoundCall, seed: int) -> dict[str, Any]:
    """The concrete values of the parameters that are shapes, without generating anything else."""
    sizes = {}
    for name in _sizes_parameters(call):
        if name in call.arguments:
            value = call.arguments[name]
            tensors = CaseLine(call.case.api, (value,)).tensors()
            inputs = {spec.key: generate_tensor(call, spec, seed) for spec in tensors}
            sizes[name] = _concrete_sizes(value, inputs)
    return sizes


def _sizes_parameters(call: BoundCall) -> set[str]:
    return {parameter.name for parameter in call.rule.parameters if parameter.kind == SIZES}


def _explicit_values(spec: TensorSpec) -> HostTensor:
    values = np.array(spec.values)
    if values.size != prod(spec.shape):
        raise ValueError(
            f"a tensor of shape {list(spec.shape)} has {prod(spec.shape)} values, "
            f"its case line gives {values.size}"
        )
    return round_to(spec.dtype, values.reshape(spec.shape))


def _shared_along_zero_strides(tensor: HostTensor, spec: TensorSpec) -> HostTensor:
    """The same value all along a dimension of stride 0, whose elements are one in memory."""
    data = tensor.data
    for axis, stride in enumerate(spec.strides or ()):
        if stride == 0 and data.size:
            data = np.repeat(data.take([0], axis), data.shape[axis], axis)
    return HostTensor(tensor.dtype, data)


def _concrete_sizes(value: Any, inputs: Mapping[int, HostTensor]) -> Any:
    if isinstance(value, TensorSpec):
        return inputs[value.key].data.tolist()
    if not isinstance(value, (list, tuple)):
        return value
    return [_concrete_size(size, inputs) for size in value]


def _concrete_size(size: Any, inputs: Mapping[int, HostTensor]) -> Any:
    if not isinstance(size, TensorSpec):
        return size
    tensor = inputs[size.key]
    return tensor.data.item() if tensor.data.size == 1 else tensor
