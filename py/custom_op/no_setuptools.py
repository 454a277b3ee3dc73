"""`import paddle` where setuptools is not installed.

Paddle imports it for its build commands alone, which are classes derived from setuptools'. While
Paddle is imported, empty modules and classes stand in; afterwards `import setuptools` fails again.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import ClassVar

_NAMES = ("setuptools", "distutils", "pkg_resources")


@contextmanager
def placeholders() -> Iterator[None]:
    """A block in which modules that are not there can be imported: they have any attribute."""
    before = set(sys.modules)
    finder = _Finder()
    sys.meta_path.append(finder)  # after all others: what exists is imported as it is
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in set(sys.modules) - before:
            if isinstance(sys.modules[name], _Placeholder):
                del sys.modules[name]


class _Placeholder(ModuleType):
    __path__: ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        base = Exception if name.endswith("Error") else object
        made = type(name, (base,), {})
        setattr(self, name, made)
        return made


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in _NAMES:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return _Placeholder(spec.name)

    def exec_module(self, module):
        """There is nothing to run."""
