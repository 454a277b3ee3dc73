"""A pytest plugin that runs the tests of paddlemend.native on a GPU.

    python -m pytest -p on_gpu tests/kernels

Every tensor of the CPU that a test hands to an operator goes to the GPU as it lies in memory, with
its strides and with what overlaps it, and what the operator wrote comes back. So the tests, which
know nothing of GPUs, compare the kernels there with the same references.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from paddlemend import native

_NOT_OPERATORS = {"Tensor", "set_num_threads", "build_id", "set_stream", "set_asynchronous", "wait"}

# What exists on the CPU alone.
_CPU_FUNCTIONS = ("conv2d", "eig", "variable_length", "fused_multi_head")


class Moved:
    """Copies on the GPU of the storages of one call's arguments."""

    def __init__(self) -> None:
        self._storages: dict[int, tuple[torch.UntypedStorage, torch.Tensor]] = {}

    def to_gpu(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(self.to_gpu(item) for item in value)
        if isinstance(value, np.ndarray):
            value = torch.from_numpy(
                np.ascontiguousarray(value) if min((0, *value.strides)) < 0 else value
            )
        elif hasattr(value, "__dlpack__") and not isinstance(value, torch.Tensor):
            value = torch.from_dlpack(value)
        if not isinstance(value, torch.Tensor):
            return value
        storage = value.untyped_storage()
        key = storage.data_ptr()
        if key not in self._storages:
            host = torch.empty(0, dtype=torch.uint8).set_(storage)
            self._storages[key] = (storage, host.cuda())
        copy = torch.empty(0, dtype=value.dtype, device="cuda")
        return copy.set_(
            self._storages[key][1].untyped_storage(),
            value.storage_offset(),
            value.shape,
            value.stride(),
        )

    def bring_back(self) -> None:
        for storage, copy in self._storages.values():
            torch.empty(0, dtype=torch.uint8).set_(storage).copy_(copy)


def _to_cpu(result: Any, given: dict[int, Any]) -> Any:
    """Outputs that the test gave are its own objects again."""
    if isinstance(result, tuple):
        return tuple(_to_cpu(item, given) for item in result)
    if id(result) in given:
        return given[id(result)]
    return torch.from_dlpack(result).cpu() if hasattr(result, "__dlpack__") else result


def _on_gpu(function):
    @functools.wraps(function)
    def call(*arguments, **keywords):
        moved = Moved()
        try:
            on_gpu = {name: moved.to_gpu(value) for name, value in keywords.items()}
            result = function(*[moved.to_gpu(value) for value in arguments], **on_gpu)
            given = {id(on_gpu[name]): value for name, value in keywords.items()}
            result = _to_cpu(result, given)
        finally:
            torch.cuda.synchronize()
            moved.bring_back()
        return result

    return call


for _name in [name for name in dir(native) if not name.startswith("_")]:
    _function = getattr(native, _name)
    if _name in _NOT_OPERATORS or not callable(_function) or _name.startswith(_CPU_FUNCTIONS):
        continue
    if _name.endswith("_shape"):
        continue
    setattr(native, _name, _on_gpu(_function))
