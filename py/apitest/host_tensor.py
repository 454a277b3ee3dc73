"""Tensors on the host that belong to no framework: what is fed to all and read back from all.

bfloat16, which NumPy lacks, is held as its bits in uint16. Conversions to half precision are
done here, to nearest and ties to even, never by a framework: the cast of Paddle 3.0.0 does not
round to nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_NUMPY_DTYPES = {"bfloat16": "uint16"}

_WIDE = {
    "float16": "float64",
    "bfloat16": "float64",
    "float32": "float64",
    "float64": "float64",
    "complex64": "complex128",
    "complex128": "complex128",
}


@dataclass(frozen=True)
class HostTensor:
    """A dtype name and the data: an array of that dtype, or of uint16 bits for bfloat16."""

    dtype: str
    data: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    def values(self) -> np.ndarray:
        """The data as numbers: bfloat16 as float32, everything else as it is."""
        return bfloat16_to_float32(self.data) if self.dtype == "bfloat16" else self.data

    def widened(self) -> HostTensor:
        """The same values in float64 or complex128; integers and bool unchanged."""
        wide = _WIDE.get(self.dtype)
        return self if wide is None else HostTensor(wide, np.asarray(self.values(), wide))

    def flat_bits(self) -> np.ndarray:
        """The elements as unsigned words, one or two (complex128) a value, flat."""
        flat = np.ascontiguousarray(self.data).reshape(-1)
        width = min(flat.dtype.itemsize, 8)
        return flat.view(f"uint{8 * width}")


def memory_of(tensor: HostTensor, strides: Sequence[int], offset: int = 0) -> HostTensor:
    """The memory in which `tensor` is a view with `strides` from `offset` on, both in elements.

    What lies between its elements and before them is 0. ValueError for strides that do not fit.
    """
    if len(strides) != len(tensor.shape) or any(stride < 0 for stride in strides):
        raise ValueError(
            f"strides {list(strides)} must be one number of at least 0 for each of "
            f"{len(tensor.shape)} dimensions"
        )
    reach = sum((size - 1) * stride for size, stride in zip(tensor.shape, strides))
    memory = np.zeros(offset + (reach + 1 if tensor.data.size else 0), tensor.data.dtype)
    view = np.lib.stride_tricks.as_strided(
        memory[offset:], tensor.shape, [stride * memory.itemsize for stride in strides]
    )
    view[...] = tensor.data
    return HostTensor(tensor.dtype, memory)


def is_differentiable(dtype: str) -> bool:
    """Whether tensors of this dtype can require a gradient."""
    return dtype in _WIDE


def wide_dtype(dtype: str) -> str:
    """The dtype in which references to results of `dtype` are computed; itself for integers."""
    return _WIDE.get(dtype, dtype)


def numpy_dtype(dtype: str) -> np.dtype:
    """The NumPy dtype that holds `dtype`; TypeError for a name that no array can hold."""
    return np.dtype(_NUMPY_DTYPES.get(dtype, dtype))


def item_bytes(dtype: str) -> int:
    """Bytes of one element."""
    return numpy_dtype(dtype).itemsize


def round_to(dtype: str, values: np.ndarray) -> HostTensor:
    """`values` rounded to nearest, ties to even, in `dtype`."""
    if dtype == "bfloat16":
        return HostTensor(dtype, float32_to_bfloat16(values.astype(np.float32)))
    with np.errstate(over="ignore", invalid="ignore"):
        return HostTensor(dtype, values.astype(dtype))


def float32_to_bfloat16(values: np.ndarray) -> np.ndarray:
    """The bfloat16 bits of float32 values, rounded to nearest even; NaN stays NaN."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))) >> 16
    quiet_nan = (bits >> 16) | np.uint32(0x40)
    return np.asarray(np.where(np.isnan(values), quiet_nan, rounded), np.uint16).reshape(
        values.shape
    )


def bfloat16_to_float32(bits: np.ndarray) -> np.ndarray:
    """The float32 values of bfloat16 bits, exact."""
    # NumPy turns a 0-dimensional array into a scalar on the way.
    return np.asarray((bits.astype(np.uint32) << 16).view(np.float32)).reshape(bits.shape)
