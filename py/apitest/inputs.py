"""Legal random inputs for a call, the same for every framework, version and process.

The generator of a tensor is seeded by the line, the user's seed and the tensor's place in the
line, so that a value depends neither on the order of generation nor on what else is generated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from paddlemend import catalogue
from paddlemend.apitest.binding import BoundCall
from paddlemend.apitest.case_line import CaseLine, TensorSpec
from paddlemend.apitest.host_tensor import HostTensor, numpy_dtype, round_to

# Sizes given to a dimension that a shape in tensors leaves free.
_FREE_SIZES = (1, 2, 3)

# Share of the calls whose legal index also holds negative values.
_NEGATIVE_INDEX_SHARE = 0.5


def generate_inputs(call: BoundCall, seed: int) -> dict[int, HostTensor]:
    """A value for every tensor of the line, by `TensorSpec.key`."""
    return {spec.key: generate_tensor(call, spec, seed) for spec in call.case.tensors()}


def generate_tensor(call: BoundCall, spec: TensorSpec, seed: int) -> HostTensor:
    """A legal value for one tensor; ValueError if its explicit values do not fill its shape."""
    tensor = _explicit_values(spec) if spec.values is not None else _generated(call, spec, seed)
    return _shared_along_zero_strides(tensor, spec)


def _generated(call: BoundCall, spec: TensorSpec, seed: int) -> HostTensor:
    rng = random_generator(call, spec.key, seed)
    for parameter in call.api.parameters:
        value = call.arguments.get(parameter.name)
        if parameter.kind == catalogue.SIZES and _holds(value, spec):
            return SIZE_GENERATORS[parameter.values](call, value, spec, rng)
        if value is spec:
            return GENERATORS[parameter.values](call, spec, rng)
    return unconstrained(call, spec, rng)


def random_generator(call: BoundCall, stream: object, seed: int) -> np.random.Generator:
    """A generator that is a function of the line, the seed and the stream's name alone."""
    text = f"{seed}/{stream}/{call.case!r}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest(), "big"))


def random_values(shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> HostTensor:
    """Fresh values: normal for floating and complex dtypes, the full range for integers."""
    if dtype == "bool":
        return HostTensor(dtype, np.asarray(rng.integers(0, 2, shape, bool)))
    numpy_type = numpy_dtype(dtype)
    if numpy_type.kind in "iu" and dtype != "bfloat16":
        limits = np.iinfo(numpy_type)
        return HostTensor(
            dtype,
            np.asarray(rng.integers(limits.min, limits.max, shape, numpy_type, endpoint=True)),
        )
    if numpy_type.kind == "c":
        data = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        return HostTensor(dtype, np.asarray(data, numpy_type))
    wide = np.float64 if dtype == "float64" else np.float32
    return round_to(dtype, np.asarray(rng.standard_normal(shape, wide)))


def concrete_arguments(call: BoundCall, inputs: Mapping[int, HostTensor]) -> dict[str, Any]:
    """The bound arguments with values: tensors as HostTensor, sizes as a list of integers.

    A size that is no one-element tensor stays a HostTensor, for the callee to refuse.
    """
    concrete: dict[str, Any] = {}
    for parameter in call.api.parameters:
        if parameter.name not in call.arguments:
            continue
        value = call.arguments[parameter.name]
        if parameter.kind == catalogue.SIZES:
            value = _concrete_sizes(value, inputs)
        elif isinstance(value, TensorSpec):
            value = inputs[value.key]
        concrete[parameter.name] = value
    return concrete


def concrete_sizes(call: BoundCall, seed: int) -> dict[str, Any]:
    """The concrete values of the parameters that are shapes, without generating anything else."""
    sizes = {}
    for parameter in call.api.parameters:
        if parameter.kind == catalogue.SIZES and parameter.name in call.arguments:
            value = call.arguments[parameter.name]
            tensors = CaseLine(call.case.api, (value,)).tensors()
            inputs = {spec.key: generate_tensor(call, spec, seed) for spec in tensors}
            sizes[parameter.name] = _concrete_sizes(value, inputs)
    return sizes


def unconstrained(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Values without any condition."""
    return random_values(spec.shape, spec.dtype, rng)


def axis_index(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Indices into the axis `axis` of `x`; zeros where no legal index exists."""
    shape = call.arguments["x"].shape or (1,)
    axis = call.arguments.get("axis", 0)
    in_range = isinstance(axis, int) and -len(shape) <= axis < len(shape)
    length = shape[axis] if in_range else 0
    if length == 0:
        return HostTensor(spec.dtype, np.zeros(spec.shape, numpy_dtype(spec.dtype)))
    signed = numpy_dtype(spec.dtype).kind != "u"
    low = -length if signed and rng.random() < _NEGATIVE_INDEX_SHARE else 0
    return round_to(spec.dtype, np.asarray(rng.integers(low, length, spec.shape)))


def broadcast_sizes(
    call: BoundCall, sizes: Any, spec: TensorSpec, rng: np.random.Generator
) -> HostTensor:
    """Legal target sizes of a broadcast of `x`, for a shape tensor or one element of a shape."""
    if isinstance(sizes, TensorSpec):
        positions, count = range(_element_count(spec)), _element_count(spec)
    else:
        position = next(i for i, size in enumerate(sizes) if size is spec)
        positions, count = range(position, position + _element_count(spec)), len(sizes)
    x_shape = call.arguments["x"].shape
    legal = []
    for position in positions:
        axis = position - (count - len(x_shape))
        size = x_shape[axis] if 0 <= axis < len(x_shape) else 1
        legal.append(int(rng.choice(_FREE_SIZES)) if size == 1 else size)
    return round_to(spec.dtype, np.array(legal, np.int64).reshape(spec.shape))


# Generators by the name that a catalogue parameter gives in `values`.
GENERATORS = {"random": unconstrained, "index": axis_index}
SIZE_GENERATORS = {"broadcast_sizes": broadcast_sizes}


def _explicit_values(spec: TensorSpec) -> HostTensor:
    values = np.array(spec.values)
    if values.size != _element_count(spec):
        raise ValueError(
            f"a tensor of shape {list(spec.shape)} has {_element_count(spec)} values, "
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


def _holds(value: Any, spec: TensorSpec) -> bool:
    if isinstance(value, (list, tuple)):
        return any(item is spec for item in value)
    return value is spec


def _element_count(spec: TensorSpec) -> int:
    count = 1
    for size in spec.shape:
        count *= size
    return count
