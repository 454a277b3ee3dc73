"""Putting a built file in its place, and taking away what is left of one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def place(built: Path, target: Path) -> None:
    """Puts a copy of a file in place at once, so that nobody sees half of it or runs into a library
    that changes while it is loaded. An equal file is left untouched."""
    if target.is_file() and _is_same(built, target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(f".{target.name}.*.partial"):  # by a build that was killed
        left.unlink(missing_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        shutil.copy2(built, temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _is_same(first: Path, second: Path) -> bool:
    a, b = first.stat(), second.stat()
    return (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def remove_empty(folder: Path, root: Path) -> None:
    """Removes a folder and those above it, below `root`, that have no files."""
    while root in folder.parents and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
