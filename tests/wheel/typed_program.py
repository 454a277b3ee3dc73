"""A program that uses the public interface, for mypy --strict: it is never run."""

from __future__ import annotations

import numpy as np
import paddlemend
from paddlemend import native


def mend() -> dict[str, str]:
    paddlemend.install(kernels=["expand"], keep=["copysign.integer_dtype"], sot=False)
    with paddlemend.stock():
        report: paddlemend.Status = paddlemend.status()
    paddlemend.uninstall()
    return {operator.name: operator.state for operator in report.operators}


def compute() -> tuple[int, ...]:
    ones = np.ones([1, 2])
    shape: tuple[int, ...] = native.expand_shape(ones, [3, 2])
    return np.from_dlpack(native.expand(ones, list(shape))).shape
