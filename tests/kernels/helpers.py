"""Inputs and comparisons shared by the tests of paddlemend.native."""

from __future__ import annotations

import torch

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


def random_tensor(dtype: torch.dtype, shape: list[int], seed: int = 0) -> torch.Tensor:
    """Multiples of 1/8 up to 8, or integers: sums of them are exact in float32 in any order."""
    generator = torch.Generator().manual_seed(seed)
    if dtype == torch.bool:
        return torch.rand(shape, generator=generator) < 0.3
    low = 0 if dtype == torch.uint8 else -64
    integers = torch.randint(low, 65, [*shape, 2], generator=generator)
    if dtype.is_complex:
        return torch.view_as_complex(integers / 8.0).to(dtype)
    reals = integers[..., 0] / 8.0 if dtype.is_floating_point else integers[..., 0]
    return reals.to(dtype)


def wide(tensor: torch.Tensor) -> torch.Tensor:
    """The same numbers where sums of them are exact: float64, complex128 or int64."""
    if tensor.dtype.is_complex:
        return tensor.to(torch.complex128)
    return tensor.to(torch.float64 if tensor.dtype.is_floating_point else torch.int64)


def narrow(sums: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """What an operator makes of sums: rounded, wrapped around, or for bool whether any is true."""
    return sums != 0 if dtype == torch.bool else sums.to(dtype)


def assert_same(actual, expected: torch.Tensor) -> None:
    """A tensor of any library has the shape, dtype and bits of `expected`."""
    actual = torch.from_dlpack(actual)
    assert actual.shape == expected.shape
    assert actual.dtype == expected.dtype
    assert bits(actual) == bits(expected)


def bits(tensor: torch.Tensor) -> bytes:
    """The bytes of the elements in row-major order."""
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def poisoned(dtype: torch.dtype, shape: list[int]) -> torch.Tensor:
    """A tensor for results, full of what no result is."""
    return torch.full(shape, 77).to(dtype)


def transposed(tensor: torch.Tensor) -> torch.Tensor:
    """The same values, column by column in memory."""
    return tensor.mT.contiguous().mT


def with_gaps(tensor: torch.Tensor) -> torch.Tensor:
    """The same values at every third place of their memory."""
    return torch.stack([tensor] * 3, dim=-1)[..., 1]


LAYOUTS = [torch.clone, transposed, with_gaps]
