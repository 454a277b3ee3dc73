"""The operators of which some is wrong in Paddle's Python, where no kernel can mend it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from types import ModuleType

from paddlemend.catalogue import Operator

# Operators whose module has REDIRECTS: what is switched with the kernels. Each imports Paddle.
_MODULES = {
    "conv2d": "paddlemend.kernels.convolution_api",
    "conv2d_transpose": "paddlemend.kernels.convolution_api",
    "copysign": "paddlemend.kernels.copysign_api",
    "eigvals": "paddlemend.kernels.eigvals_api",
    "expand": "paddlemend.kernels.expand_api",
    "fused_multi_head_attention": "paddlemend.kernels.fused_multi_head_attention_api",
    "put_along_axis": "paddlemend.kernels.put_along_axis_api",
    "unique": "paddlemend.kernels.unique_api",
}


def install(operators: Iterable[Operator]) -> None:
    """Redirects the functions of these operators."""
    for operator in operators:
        if operator.name in _MODULES:
            _set_on(importlib.import_module(_MODULES[operator.name]), True)


def uninstall() -> None:
    """Gives every function its own code back."""
    for name in _MODULES.values():
        if name in sys.modules:
            _set_on(sys.modules[name], False)


def _set_on(module: ModuleType, on: bool) -> None:
    for redirect in module.REDIRECTS:
        redirect.set_on(on)
