"""The install, develop and bdist_egg commands."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from distutils.command.install import install as distutils_install
from pathlib import Path
from typing import ClassVar

import setuptools
from setuptools.command.develop import develop
from setuptools.command.install import install
from setuptools.errors import ExecError, PlatformError


class InstallCommand(install):
    """Installs flat, never as an egg, with the list of files by which pip uninstalls."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.force = True  # a library of another Paddle may be older, and is wanted all the same

    def run(self) -> None:
        distutils_install.run(self)  # setuptools' own makes an egg before version 80
        if not self.root:  # a wheel, or a distribution's package, lists its files by itself
            self._list_files()

    def _list_files(self) -> None:
        command = self.distribution.get_command_obj("install_egg_info", create=False)
        metadata = Path(getattr(command, "target", None) or "")
        if command is None or not metadata.is_dir():
            return
        listed = metadata / "installed-files.txt"
        files = [*map(Path, self.get_outputs()), *metadata.rglob("*"), listed]
        present = {os.path.relpath(file, metadata) for file in files if file.is_file()}
        self._remove_former(metadata, present)
        lines = sorted({*present, listed.name})
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogateescape")

    @staticmethod
    def _remove_former(metadata: Path, present: set[str]) -> None:
        """Removes what a former version, listed likewise, left: pip would uninstall one only."""
        project = metadata.name.split("-")[0]
        for former in metadata.parent.glob(f"{project}-*.egg-info"):
            listed = former / "installed-files.txt"
            if former == metadata or not listed.is_file():
                continue
            for line in listed.read_text(encoding="utf-8").splitlines():
                file = Path(os.path.normpath(former / line))
                inside = metadata.parent in file.parents
                if inside and os.path.relpath(file, metadata) not in present:
                    file.unlink(missing_ok=True)
            shutil.rmtree(former)


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
