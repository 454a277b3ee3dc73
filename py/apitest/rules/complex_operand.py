"""A real operand beside a complex one: Paddle makes it complex before a kernel is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
from paddlemend import catalogue
from paddlemend.apitest.host_tensor import bfloat16_to_float32
from paddlemend.apitest.rules.model import Arguments, Difference

# What Paddle converts; bfloat16 comes as its bits.
_REAL = ("uint8", "float16", "uint16", "float32", "float64")


def real_operand(operator: str, *pairs: tuple[str, str]) -> Difference:
    """The difference of an operator that takes a real tensor where Torch asks for a complex one.

    Each pair names the parameter that may be real and the one that is complex then. A tensor
    without elements is not converted, and refused.
    """

    def complex_arguments(arguments: Arguments) -> Arguments:
        changed = dict(arguments)
        for real, beside in pairs:
            if _one_is_real(arguments, real, beside):
                changed[real] = _as(arguments[real], _dtype(arguments[beside]))
        return changed

    return Difference(
        f"{operator}.real_operand",
        applies=lambda arguments: any(_one_is_real(arguments, *pair) for pair in pairs),
        reference=complex_arguments,
        may_refuse=True,
    )


def _one_is_real(arguments: Arguments, real: str, beside: str) -> bool:
    dtype, complex_dtype = _dtype(arguments.get(real)), _dtype(arguments.get(beside))
    return dtype in _REAL and complex_dtype in catalogue.COMPLEX_DTYPES


def _as(array: np.ndarray, dtype: str) -> np.ndarray:
    numbers = bfloat16_to_float32(array) if _dtype(array) == "uint16" else array
    return numbers.astype(dtype)


def _dtype(value: Any) -> str:
    return str(getattr(value, "dtype", ""))
