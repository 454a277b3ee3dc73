"""setup(): a project with custom operators."""

from __future__ import annotations

import configparser
import functools
import os
import sys
import sysconfig
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import setuptools
from paddlemend.custom_op.build_extension import BuildExtension
from paddlemend.custom_op.commands import CleanCommand, EggCommand, InstallCommand, develop_command
from paddlemend.custom_op.distribution import with_names
from paddlemend.custom_op.layout import import_name
from paddlemend.custom_op.lock import build_lock
from paddlemend.custom_op.names import name_extensions
from setuptools.command.build_ext import build_ext

# While one of these runs, no other build of the project may. `develop` starts one by itself.
_LOCKED = {"bdist_wheel", "build", "build_ext", "editable_wheel", "install"}


def setup(**attr: Any) -> setuptools.Distribution:
    """setuptools.setup for projects with extensions of CppExtension and CUDAExtension.

    Args:
        attr: as for setuptools.setup. `name` is the distribution; it may stand in pyproject.toml or
            setup.cfg. A single extension is imported by that name, with `_` for what no import
            name may have, unless it has a usable name of its own where that is taken, dotted or
            not importable. Several extensions need a `name` each.

    Raises ValueError if a name is missing, taken or given twice; the commands end the program, as
    those of setuptools do, with the compiler's message last.
    """
    attr = dict(attr)
    extensions = _list_of(attr.get("ext_modules"))
    distribution = attr.get("name") or _configured_name(Path.cwd())
    if not distribution:
        raise ValueError("name is missing: expected setup(name=…), or name in pyproject.toml")
    for extension in extensions:
        extension.sources = [_inside(source) for source in extension.sources]
    attr["ext_modules"] = extensions
    attr["distclass"] = with_names(
        attr.get("distclass") or setuptools.Distribution,
        functools.partial(name_extensions, extensions, distribution),
    )
    attr["cmdclass"] = _commands(attr.get("cmdclass") or {})
    attr["zip_safe"] = False
    attr["options"] = _with_build_folders(attr.get("options") or {}, import_name(distribution))
    locked = _LOCKED & set(attr.get("script_args") or sys.argv[1:])
    if locked and not os.access(os.curdir, os.W_OK):
        sys.exit(
            f"error: the source folder {os.getcwd()} cannot be written to: a build makes a folder "
            "there; build in a copy of it"
        )
    with build_lock(os.getcwd()) if locked else nullcontext():
        return setuptools.setup(**attr)


def _list_of(extensions: Any) -> list[setuptools.Extension]:
    if extensions is None:
        return []
    return list(extensions) if isinstance(extensions, (list, tuple)) else [extensions]


def _inside(source: str) -> str:
    """A path in the project relative to it: an sdist has no absolute ones."""
    return os.path.relpath(source) if Path.cwd() in Path(source).parents else source


def _configured_name(root: Path) -> str:
    """The project's name in pyproject.toml or setup.cfg, or ""."""
    project = root / "pyproject.toml"
    if project.is_file():
        from setuptools.config.pyprojecttoml import load_file

        name = load_file(os.fspath(project)).get("project", {}).get("name", "")
        if name:
            return name
    config = configparser.ConfigParser()
    config.read(root / "setup.cfg", encoding="utf-8")
    return config.get("metadata", "name", fallback="")


def _commands(given: dict[str, type]) -> dict[str, type]:
    """The project's commands, and ours where it has none."""
    ours = {
        "bdist_egg": EggCommand,
        "clean": CleanCommand,
        "develop": develop_command(),
        "install": InstallCommand,
    }
    return {**ours, **given, "build_ext": _adopted(given.get("build_ext", BuildExtension))}


def _adopted(command: type[build_ext]) -> type[BuildExtension]:
    """A build_ext command that builds operators, whatever the project's own is."""
    from paddle.utils.cpp_extension import cpp_extension

    if issubclass(command, BuildExtension):
        return command
    if issubclass(command, cpp_extension.BuildExtension):  # taken before install() mended it
        closure = command.__init__.__closure__ or ()
        options = [cell.cell_contents for cell in closure if isinstance(cell.cell_contents, dict)]
        return BuildExtension.with_options(**(options[0] if options else {}))
    return type(command.__name__, (command, BuildExtension), {})


def _with_build_folders(options: dict[str, dict], name: str) -> dict[str, dict]:
    """Build folders of the project's own, as Paddle has them; what is installed lies in one that
    Paddle's own build, which leaves other files there, does not use."""
    base = os.path.join("build", name)
    built = os.path.join(base, f"lib-{sysconfig.get_platform()}-{sys.implementation.cache_tag}")
    build = {"build_base": base, "build_lib": built, **options.get("build", {})}
    return {**options, "build": build}
