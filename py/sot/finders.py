"""Whether a module would be found, asked without importing anything."""

from __future__ import annotations

import importlib
import itertools
import operator
import os
import sys
import sysconfig
import threading
from typing import Any

# What these packages, and others that are installed beside Python, put on sys.meta_path and
# sys.path_hooks looks, and changes nothing. Asking any other finder may be seen: it may count, log
# or create modules.
_QUIET_PACKAGES = frozenset(
    {
        "_distutils_hack",
        "_frozen_importlib",
        "_frozen_importlib_external",
        "_pytest",
        "_virtualenv",
        "importlib",
        "importlib_metadata",
        "importlib_resources",
        "paddlemend",
        "pkg_resources",
        "setuptools",
        "six",
        "zipimport",
    }
)

# The folders of the standard library and of installed packages.
INSTALLED = tuple(
    sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")
)

_state = threading.local()

HALTED = "halted"  # sys.modules[name] is None
ABSENT = "absent"  # no finder has it
NO_PACKAGE = "no package"  # its parent is a plain module


def are_quiet() -> bool:
    """Whether every finder of this process can be asked without being noticed."""
    global _judged
    finders, quiet = _judged
    if len(finders) != len(sys.meta_path) + len(sys.path_hooks) or not all(
        map(operator.is_, finders, itertools.chain(sys.meta_path, sys.path_hooks))
    ):
        finders = [*sys.meta_path, *sys.path_hooks]
        quiet = all(map(_is_quiet, finders))
        _judged = finders, quiet
    return quiet


_judged: tuple[list[Any], bool] = ([], True)  # the finders that were judged last


def _is_quiet(finder: Any) -> bool:
    owner = finder if hasattr(finder, "__module__") else type(finder)
    module = str(getattr(owner, "__module__", None))
    package = module.partition(".")[0]
    return package in _QUIET_PACKAGES or package.startswith("__editable__") or is_installed(module)


def is_installed(module: str) -> bool:
    """Whether a module is one of the standard library or of an installed package."""
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return file.startswith(INSTALLED)


def is_asking() -> bool:
    """Whether finders of this thread are asked by `missing`, and not by an import."""
    return getattr(_state, "is_asking", False)


def missing(name: str) -> tuple[str, str] | None:
    """Why importing the absolute `name` raises ModuleNotFoundError, as (reason, module name).

    None if it is loaded, if a finder has it, or if only an import could tell: that of a parent
    which is not loaded yet. Runs the finders and nothing else.
    """
    if name in sys.modules:
        return (HALTED, name) if sys.modules[name] is None else None
    parent = name.rpartition(".")[0]
    path = None
    if parent:
        if sys.modules.get(parent) is None:
            return missing(parent)
        try:
            path = vars(sys.modules[parent]).get("__path__")
        except TypeError:  # an object without a __dict__ in place of a module
            return None
        if path is None:
            return (NO_PACKAGE, name)
    _state.is_asking = True
    try:
        spec = importlib._bootstrap._find_spec(name, path)
    except Exception:  # a finder that fails: the import itself shall say how
        return None
    finally:
        _state.is_asking = False
    return (ABSENT, name) if spec is None else None


def quietly_missing(name: str) -> tuple[str, str] | None:
    """`missing`; None where a finder would notice that it is asked."""
    return missing(name) if are_quiet() else None
