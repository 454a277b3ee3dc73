"""Custom operators: a drop-in for `paddle.utils.cpp_extension`.

    from paddlemend.custom_op import CppExtension, setup      # in a setup.py
    from paddlemend.custom_op import load, load_inline        # at run time

`paddlemend.install()`, and the wheel's .pth file in every process that imports Paddle, put these
functions into `paddle.utils.cpp_extension` itself.
"""

from __future__ import annotations

import importlib
from typing import Any

from paddlemend.custom_op.errors import BuildError

_HOMES = {
    "BuildExtension": "build_extension",
    "CUDAExtension": "extensions",
    "CppExtension": "extensions",
    "get_build_directory": "jit",
    "load": "jit",
    "load_inline": "jit",
    "setup": "project",
}

__all__ = [
    "BuildError",
    "BuildExtension",
    "CUDAExtension",
    "CppExtension",
    "get_build_directory",
    "load",
    "load_inline",
    "setup",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:  # load() does without
        if (error.name or "").split(".")[0] in ("setuptools", "distutils"):
            raise ImportError(f"{name} needs setuptools: pip install setuptools") from error
        raise
