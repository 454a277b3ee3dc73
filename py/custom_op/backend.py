"""A PEP 517 backend for `pip install .` and `python -m build` with build isolation.

    [build-system]
    requires = ["paddlemend", "setuptools"]
    build-backend = "paddlemend.custom_op.backend"

An isolated build does not see the Paddle that the operators are for, and a second one of 200 MB
would be downloaded, perhaps of another version. This backend builds against the Paddle of the
environment that the build was started from; where there is none, it requires `paddlepaddle`. It
requires ninja, too, unless it is on PATH. Otherwise it is setuptools' backend, and says what it
does. $PADDLEMEND_PADDLE names another site-packages folder to take Paddle from.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import site
import sys
import sysconfig
from collections.abc import Iterator
from typing import Any

_PADDLE_FOLDER = "PADDLEMEND_PADDLE"


def _folders() -> Iterator[str]:
    """Folders of packages that the build may have been started from, the likeliest first."""
    if chosen := os.environ.get(_PADDLE_FOLDER):
        yield chosen
    yield sysconfig.get_path("platlib")
    yield sysconfig.get_path("purelib")
    for prefix in (os.environ.get("VIRTUAL_ENV"), sys.base_prefix):
        if prefix:
            yield sysconfig.get_path("purelib", vars={"base": prefix, "platbase": prefix})
    yield site.getusersitepackages()


def _find_paddle() -> bool:
    """Makes Paddle importable, behind all that is already; False if there is none."""
    if importlib.util.find_spec("paddle"):
        return True
    for folder in dict.fromkeys(_folders()):
        before = list(sys.path)
        if os.path.isdir(folder):
            site.addsitedir(folder)
            importlib.invalidate_caches()
            if importlib.util.find_spec("paddle"):
                _say(f"builds against the Paddle of {folder}")
                return True
        sys.path[:] = before
    return False


def _setuptools() -> Any:
    """setuptools' backend that runs setup.py, once Paddle is there and mended."""
    if not _find_paddle():
        raise ImportError(
            "no Paddle to build against: install paddlepaddle, or set "
            f"{_PADDLE_FOLDER} to the folder that has it (it is {os.environ.get(_PADDLE_FOLDER)!r})"
        )
    if os.environ.get("PADDLEMEND_CUSTOM_OP") != "0":
        importlib.import_module("paddlemend.custom_op.installation").install()
    return importlib.import_module("setuptools.build_meta").__legacy__


def _requirements(hook: str, config_settings: dict | None) -> list[str]:
    """What the build needs beside what pyproject.toml requires."""
    if not importlib.util.find_spec("setuptools"):
        needed = ["setuptools"]
    elif not _find_paddle():
        needed = ["paddlepaddle"]
    else:
        needed = list(getattr(_setuptools(), hook)(config_settings))
    if not shutil.which("ninja"):
        needed.append("ninja")
    if needed:
        _say(f"requires {', '.join(needed)} for this build")
    return needed


def _say(text: str) -> None:
    print(f"paddlemend: {text}", flush=True)


def get_requires_for_build_wheel(config_settings=None):
    return _requirements("get_requires_for_build_wheel", config_settings)


def get_requires_for_build_editable(config_settings=None):
    return _requirements("get_requires_for_build_editable", config_settings)


def get_requires_for_build_sdist(config_settings=None):
    return _requirements("get_requires_for_build_sdist", config_settings)


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    return _setuptools().prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def prepare_metadata_for_build_editable(metadata_directory, config_settings=None):
    return _setuptools().prepare_metadata_for_build_editable(metadata_directory, config_settings)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _setuptools().build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _setuptools().build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory, config_settings=None):
    return _setuptools().build_sdist(sdist_directory, config_settings)
