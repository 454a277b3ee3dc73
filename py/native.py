"""The kernels on tensors of any library that speaks DLPack: NumPy, Torch, Paddle. No Paddle needed.

    out = paddlemend.native.expand(array, [2, 3])
    numpy.from_dlpack(out)

Functions take anything with `__dlpack__`, or a DLPack capsule, and return `Tensor`, which has
`__dlpack__`. Each function's text, which comes from the headers in cc/kernels, gives its shapes,
dtypes and errors.
"""

from __future__ import annotations

from paddlemend.lib.native import *  # noqa: F403
