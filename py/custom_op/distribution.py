"""The Distribution of a project with operators: names them once its packages are known."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import setuptools
from paddlemend.custom_op.stub import is_stub
from setuptools.discovery import ConfigDiscovery, find_package_path


def with_names(
    base: type[setuptools.Distribution], name_extensions: Callable[[set[str]], None]
) -> type[setuptools.Distribution]:
    """A Distribution derived from `base` that calls `name_extensions` with the project's modules.

    They may stand in setup.py, in setup.cfg or in pyproject.toml, or be found by setuptools: only
    after it has read all of them is it known which names are taken.
    """

    class OperatorDistribution(base):
        def __init__(self, attrs=None):
            super().__init__(attrs)
            self.set_defaults = _Discovery(self)

        def parse_config_files(self, *args, **kwargs):
            super().parse_config_files(*args, **kwargs)
            if self.ext_modules:
                self.set_defaults(name=False)
                self.packages = self.packages and list(_without_stubs(self))
                name_extensions(set(modules(self)))

    return OperatorDistribution


class _Discovery(ConfigDiscovery):
    """setuptools' search for packages, to which stubs of in-place builds are none."""

    def _ensure_no_accidental_inclusion(self, detected, kind):
        own = [name for name in detected if not is_stub(Path(self._root_dir, name, "__init__.py"))]
        super()._ensure_no_accidental_inclusion(own, kind)


def _folder(distribution: setuptools.Distribution, package: str) -> Path:
    return Path(find_package_path(package, distribution.package_dir or {}, os.curdir))


def _without_stubs(distribution: setuptools.Distribution) -> Iterator[str]:
    """The packages, less what in-place builds of operators put beside them."""
    for package in distribution.packages or ():
        if not is_stub(_folder(distribution, package) / "__init__.py"):
            yield package


def modules(distribution: setuptools.Distribution) -> Iterator[str]:
    """Every module of the project that is written in Python."""
    yield from distribution.py_modules or ()
    for package in _without_stubs(distribution):
        yield package
        for file in _folder(distribution, package).glob("*.py"):
            if file.name != "__init__.py" and not is_stub(file):
                yield f"{package}.{file.stem}"
