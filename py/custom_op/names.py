"""The import names of operators, and which are taken."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import sysconfig
from collections.abc import Sequence

import setuptools
from paddlemend.custom_op.extensions import OperatorExtension
from paddlemend.custom_op.layout import import_name, is_importable

# Top-level names that an operator would hide, or be hidden by.
_TAKEN = {"numpy", "paddle", "paddlemend", "pip", "pkg_resources", "setuptools", "wheel"}


def name_extensions(
    extensions: Sequence[setuptools.Extension], distribution: str, modules: set[str]
) -> None:
    """Gives every operator its import name; `modules` are the other modules of the project."""
    operators = [ext for ext in extensions if isinstance(ext, OperatorExtension)]
    name = import_name(distribution)
    if len(operators) == 1:
        (only,) = operators
        own = only.named and is_importable(only.name)
        usable = name == distribution and is_importable(name) and name not in modules
        if not own or (usable and "." not in only.name):
            only.name = name
    for ext in operators:
        if len(operators) > 1 and not ext.named:
            raise ValueError(
                f"name of the extension of {ext.sources} is missing: one of several extensions "
                'needs the name that it is imported by, as in CppExtension(name="pkg.ops", …)'
            )
        check_name(ext.name, modules)
    names = [ext.name for ext in extensions]
    for given in names:
        if names.count(given) > 1:
            raise ValueError(f"name {given!r} is that of two extensions, expected different ones")


def check_name(name: str, modules: set[str]) -> None:
    """Raises ValueError if an extension may not be imported by that name."""
    if not is_importable(name):
        raise ValueError(f"name is {name!r}, expected one that Python can import")
    if name in modules:
        raise ValueError(
            f"name {name!r} is both an extension and a module of the project, which it would "
            f'replace; name the extension differently, as in CppExtension(name="{_free(name)}", …)'
        )
    top = name.split(".")[0]
    if top in _TAKEN or _is_standard(top):
        raise ValueError(f"name {name!r} would hide the module {top!r}: choose another")


def _is_standard(module: str) -> bool:
    """Whether Python has a module of that name."""
    if hasattr(sys, "stdlib_module_names"):  # since Python 3.10
        return module in sys.stdlib_module_names
    library = sysconfig.get_path("stdlib")
    # In a virtual environment "platstdlib" lies in that, the modules written in C do not.
    folders = [library, os.path.join(library, "lib-dynload")]
    found = importlib.machinery.PathFinder.find_spec(module, folders)
    return module in sys.builtin_module_names or found is not None


def _free(name: str) -> str:
    """A usual name for the operators of the package `name`, or beside the module `name`."""
    return f"{name}._ops" if "." not in name else f"{name.rpartition('.')[0]}._ops"
