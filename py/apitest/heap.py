"""The C heap of this process: poison for fresh memory, and how much is in use.

Paddle's CPU allocator and the C++ library take their memory from malloc. FLAGS_alloc_fill_value of
Paddle acts on GPUs only.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

# Every byte of memory that malloc hands out holds this until something is written there.
POISON_BYTE = 0x7F

# The poison of a second run: a result that depends on it is memory that nobody wrote.
OTHER_POISON_BYTE = 0x3B

_M_PERTURB = -6  # mallopt's parameter: fill allocated memory with the complement of a byte


class _Mallinfo2(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    ]


_LIBC = ctypes.CDLL(None)
_LIBC.mallinfo2.restype = _Mallinfo2


def poison_fresh_memory(byte: int = POISON_BYTE) -> None:
    """Makes malloc fill what it hands out with `byte`."""
    _LIBC.mallopt(_M_PERTURB, 0xFF ^ byte)


@contextmanager
def other_poison() -> Iterator[None]:
    """Fresh memory holds OTHER_POISON_BYTE while the block runs."""
    poison_fresh_memory(OTHER_POISON_BYTE)
    try:
        yield
    finally:
        poison_fresh_memory()


@dataclass(frozen=True)
class Usage:
    """What this process has allocated and not freed.

    `bytes` counts the C heap. `blocks` counts the objects of Python's own allocator, which serves
    sizes up to 512 bytes.
    """

    bytes: int
    blocks: int


def usage() -> Usage:
    """The usage after a garbage collection."""
    gc.collect()
    info = _LIBC.mallinfo2()
    return Usage(info.uordblks + info.hblkhd, sys.getallocatedblocks())


def settle() -> None:
    """Lets later garbage collections pass over the million objects that exist already."""
    gc.collect()
    gc.freeze()
