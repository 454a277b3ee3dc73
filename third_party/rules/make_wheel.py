"""Builds a wheel with setuptools from a staged source tree: the tool behind py_wheel.

make_wheel.py --out WHEEL --file SOURCE=PATH …      (PATH is relative to the project's root)
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import setuptools
from setuptools import build_meta


def stage(files: list[str], root: Path) -> None:
    for pair in files:
        source, path = pair.split("=", 1)
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, fromfile_prefix_chars="@")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--file", action="append", required=True, metavar="SOURCE=PATH")
    options = parser.parse_args()
    out = options.out.absolute()
    os.environ["SOURCE_DATE_EPOCH"] = (
        "315532800"  # 1980, the first time a zip can hold: equal inputs, equal bytes
    )
    os.umask(0o022)  # permissions are part of a wheel, too
    # setuptools did not build the compiled modules; the wheel needs a platform tag all the same.
    setuptools.Distribution.has_ext_modules = lambda self: True
    logging.disable(logging.INFO)
    # pyproject.toml can not name it as a package: it is there in some wheels alone.
    warnings.filterwarnings("ignore", "Package 'paddlemend.lib' is absent")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        stage(options.file, root)
        os.chdir(root)
        platform = out.stem.split("-")[-1]
        built = build_meta.build_wheel(folder, {"--build-option": f"--plat-name={platform}"})
        if built != out.name:
            sys.exit(f"make_wheel.py: setuptools made {built}, the rule expects {out.name}")
        shutil.copyfile(Path(folder) / built, out)


if __name__ == "__main__":
    main()
