"""What a former installation of a project, by pip or by setup.py, left in site-packages."""

from __future__ import annotations

import csv
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from paddlemend.custom_op.place import remove_empty

_PATHS = "easy-install.pth"  # names the eggs


@dataclass(frozen=True)
class Former:
    """The installations before another one: of folders `name-version….{dist,egg}-info` the files
    that they list, and the eggs, which setup.py installed before setuptools 80."""

    metadata: dict[Path, list[Path]]
    eggs: list[Path]


def find_former(metadata: Path) -> Former:
    """The former installations of the project that is about to be installed with `metadata`."""
    name = _project(metadata)
    site = metadata.parent
    return Former(
        {path: _listed_files(path) for path in site.glob("*-info") if _project(path) == name},
        [path for path in site.glob("*.egg") if _project(path) == name],
    )


def remove_former(former: Former, metadata: Path, scripts: Path, present: set[Path]) -> None:
    """Removes from site-packages and the folder `scripts` what the new installation does not have:
    `pip uninstall` would take one of the two for the whole, and the rest would be used again."""
    site = metadata.parent
    for folder, files in former.metadata.items():
        for file in files:
            if file not in present and (site in file.parents or file.parent == scripts):
                file.unlink(missing_ok=True)
                remove_empty(file.parent, site)
        if files and folder != metadata:
            shutil.rmtree(folder, ignore_errors=True)
    for egg in former.eggs:
        if egg.is_dir() and not egg.is_symlink():
            shutil.rmtree(egg)
        else:
            egg.unlink()
    if former.eggs:
        _forget(site / _PATHS, former.eggs)


def _forget(paths: Path, eggs: list[Path]) -> None:
    """Takes the lines of eggs out of a .pth file, and the file away if no other is left."""
    if not paths.is_file():
        return
    lines = paths.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    gone = {os.path.abspath(egg) for egg in eggs}
    left = [line for line in lines if os.path.abspath(paths.parent / line) not in gone]
    if left:
        text = "\n".join(left) + "\n"
        paths.write_text(text, encoding="utf-8", errors="surrogateescape")
    else:
        paths.unlink()


def _project(path: Path) -> str:
    """The normalized name of the project of `name-version…`."""
    return re.sub(r"[-_.]+", "-", path.name.split("-")[0]).lower()


def _listed_files(metadata: Path) -> list[Path]:
    """The files of an installed project, by the list of pip or the one of setup.py; or none."""
    record, listed = metadata / "RECORD", metadata / "installed-files.txt"
    if record.is_file():
        with open(record, encoding="utf-8", newline="") as file:
            names = [os.path.join(os.pardir, row[0]) for row in csv.reader(file) if row]
    elif listed.is_file():
        names = listed.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    else:
        names = []
    return [Path(os.path.abspath(metadata / name)) for name in names]
