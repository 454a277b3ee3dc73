"""Host tensors to Torch and back."""

from __future__ import annotations

import numpy as np
import torch
from paddlemend.apitest.case_line import TensorSpec
from paddlemend.apitest.host_tensor import HostTensor, memory_of


def dtype_name(tensor: torch.Tensor) -> str:
    """The dtype's name, such as "bfloat16"."""
    return str(tensor.dtype).rpartition(".")[2]


def to_torch(tensor: HostTensor, device: str = "cpu") -> torch.Tensor:
    """A Torch tensor over its own copy of the data."""
    data = np.array(tensor.data, order="C")
    if tensor.dtype == "bfloat16":
        return torch.from_numpy(data.view(np.int16)).view(torch.bfloat16).to(device)
    return torch.from_numpy(data).to(device)


def laid_out(tensor: HostTensor, spec: TensorSpec | None, device: str = "cpu") -> torch.Tensor:
    """A Torch tensor with the strides and the offset of `spec`, where that is of its shape."""
    strides = None if spec is None or spec.shape != tensor.shape else spec.layout
    if spec is None or strides is None:
        return to_torch(tensor, device)
    memory = to_torch(memory_of(tensor, strides, spec.offset), device)
    return memory.as_strided(tensor.shape, strides, spec.offset)


def from_torch(tensor: torch.Tensor) -> HostTensor:
    """The value of a Torch tensor, detached and without gaps."""
    tensor = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous()
    if tensor.dtype == torch.bfloat16:
        return HostTensor("bfloat16", tensor.view(torch.int16).numpy().view(np.uint16))
    return HostTensor(dtype_name(tensor), tensor.numpy())
