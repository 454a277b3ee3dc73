"""The install, develop, clean and bdist_egg commands."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from distutils.command.clean import clean
from distutils.command.install import install as distutils_install
from pathlib import Path
from typing import ClassVar

import setuptools
from paddlemend.custom_op.build_extension import OBJECTS
from paddlemend.custom_op.former import find_former, remove_former
from paddlemend.custom_op.place import remove_empty
from setuptools.command.develop import develop
from setuptools.command.install import install
from setuptools.errors import ExecError, PlatformError


class InstallCommand(install):
    """Installs flat, never as an egg, with the list of files by which pip uninstalls."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.force = True  # a library of another Paddle may be older, and is wanted all the same

    def run(self) -> None:
        if self.root:  # a wheel, or a distribution's package, lists its files by itself
            distutils_install.run(self)
            return
        metadata = Path(self.get_finalized_command("install_egg_info").target)
        former = find_former(metadata)
        distutils_install.run(self)  # setuptools' own makes an egg before version 80
        if metadata.is_dir():
            scripts = Path(os.path.abspath(self.install_scripts))
            remove_former(former, metadata, scripts, self._list_files(metadata))

    def _list_files(self, metadata: Path) -> set[Path]:
        """Writes the list by which pip uninstalls; returns the files that are on it."""
        listed = metadata / "installed-files.txt"
        files = {*map(Path, self.get_outputs()), *metadata.rglob("*"), listed}
        files = {Path(os.path.abspath(file)) for file in files if file.is_file() or file == listed}
        lines = sorted(os.path.relpath(file, metadata) for file in files)
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")
        return files


class PipDevelopCommand(develop):
    """`pip install -e .` in the environment at hand, where Paddle is.

    From setuptools 80 on its own command does that in an isolated one, without Paddle; before, it
    leaves an easy-install.pth behind.
    """

    # setuptools 80 dropped the option.
    user_options: ClassVar[list] = [
        *(option for option in develop.user_options if option[0] != "uninstall"),
        ("uninstall", "u", "uninstall what this command installed"),
    ]
    boolean_options: ClassVar[list] = [*develop.boolean_options, "uninstall"]

    def initialize_options(self) -> None:
        super().initialize_options()
        self.uninstall = None

    def finalize_options(self) -> None:
        """Nothing to be found out: pip does it."""

    def run(self) -> None:
        pip = [sys.executable, "-m", "pip"]
        if self.uninstall:
            words = [*pip, "uninstall", "--yes", self.distribution.get_name()]
        else:
            words = [*pip, "install", "--no-build-isolation", "--use-pep517"]
            words += ["--no-deps"] if self.no_deps else []
            words += ["--user"] if self.user else []
            words += [f"--prefix={self.prefix}"] if self.prefix else []
            words += ["-e", "."]
        code = subprocess.run(words, check=False).returncode
        if code:
            raise ExecError(f"{' '.join(words)} failed with status {code}")


def develop_command() -> type[develop]:
    """The develop command for the setuptools at hand."""
    editable = importlib.util.find_spec("setuptools.command.editable_wheel")
    wheel = importlib.util.find_spec("setuptools.command.bdist_wheel") or importlib.util.find_spec(
        "wheel"
    )
    own = not hasattr(develop, "install_for_development")  # since 80 a call of pip
    if own or (editable and wheel and importlib.util.find_spec("pip")):
        return PipDevelopCommand
    return develop


class CleanCommand(clean):
    """clean, which with `--all` removes the objects and folders that are empty then, too."""

    def run(self) -> None:
        base = Path(self.build_base).absolute()
        if self.all:
            for folder in base.glob(f"{OBJECTS}*"):
                shutil.rmtree(folder)
        super().run()
        remove_empty(base.parent, Path.cwd())


class EggCommand(setuptools.Command):
    """bdist_egg: refused, since an egg needs pkg_resources, which setuptools 82 has no more."""

    description = "refused: build a wheel"
    user_options: ClassVar[list] = []

    def initialize_options(self) -> None:
        """There are no options."""

    def finalize_options(self) -> None:
        """There are no options."""

    def run(self) -> None:
        raise PlatformError(
            "no eggs of custom operators: build a wheel (pip wheel --no-build-isolation . or "
            "python -m build --no-isolation)"
        )
