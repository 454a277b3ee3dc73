"""Where the shared libraries of this package are."""

from __future__ import annotations

import re
from pathlib import Path

# Not resolved: a build may link the sources into a tree that has the libraries.
FOLDER = Path(__file__).absolute().parent.parent / "lib"
KERNELS = FOLDER / "libpaddlemend.so"


def adapter_versions() -> list[str]:
    """The Paddle minor versions that this package has an adapter for, oldest first."""
    pattern = r"paddlemend_phi_(\d+)_(\d+)\.so"
    found = (re.fullmatch(pattern, path.name) for path in FOLDER.glob("*"))
    return [f"{a}.{b}" for a, b in sorted((int(m[1]), int(m[2])) for m in found if m)]


def adapter(version: str) -> Path:
    """The adapter for the Paddle minor version `version`, such as "3.3"."""
    return FOLDER / f"paddlemend_phi_{version.replace('.', '_')}.so"
