"""Random tensors of every dtype, layouts, and the bits of a tensor, for the tests of the module."""

from __future__ import annotations

import numpy as np
import torch
from paddlemend import native

DTYPES = [
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
]

# An accumulated half precision sum is rounded once: half a unit in the last place.
HALF_ULP = {torch.float16: 2.0**-11, torch.bfloat16: 2.0**-8}


def random_tensor(rng: np.random.Generator, shape: tuple[int, ...], dtype: torch.dtype):
    """Fresh values; integers over their whole range, so that sums wrap around."""
    if dtype == torch.bool:
        return torch.from_numpy(np.asarray(rng.random(shape) < 0.3))
    if dtype.is_complex:
        real, imaginary = (rng.standard_normal(shape) for _ in range(2))
        return torch.from_numpy(np.asarray(real + 1j * imaginary)).to(dtype)
    if dtype.is_floating_point:
        return torch.from_numpy(np.asarray(rng.standard_normal(shape))).to(dtype)
    info = torch.iinfo(dtype)
    values = rng.integers(info.min, info.max, shape, dtype=np.int64, endpoint=True)
    return torch.from_numpy(np.asarray(values)).to(dtype)


def with_layout(tensor: torch.Tensor, layout: str) -> torch.Tensor:
    """The same values, contiguous, with gaps in every dimension, or in reversed order."""
    if layout == "gaps":
        memory = torch.zeros([2 * size for size in tensor.shape], dtype=tensor.dtype)
        view = memory[tuple(slice(None, None, 2) for _ in tensor.shape)]
    elif layout == "transposed":
        view = torch.zeros(tensor.shape[::-1], dtype=tensor.dtype).permute(
            *reversed(range(tensor.dim()))
        )
    else:
        return tensor.clone()
    view.copy_(tensor)
    return view


LAYOUTS = ["contiguous", "gaps", "transposed"]


def poisoned(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """A tensor whose bytes are all 0x5a, which a kernel must not leave anywhere."""
    numel = int(np.prod(shape, dtype=np.int64))
    size = torch.empty(0, dtype=dtype).element_size()
    memory = torch.full((numel * size,), 0x5A, dtype=torch.uint8)
    return memory.view(dtype).reshape(shape)


def bits(tensor) -> bytes:
    """The bytes of the elements in row-major order."""
    if isinstance(tensor, native.Tensor):
        tensor = torch.from_dlpack(tensor)
    contiguous = torch.empty(tensor.shape, dtype=tensor.dtype).copy_(tensor)
    return contiguous.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
