"""Import names of operators, and where their files lie below site-packages.

The layout is Paddle 3.3's: an extension `X` is the package `X/__init__.py` + `X/X_pd_.so`, an
extension `pkg.X` the module `pkg/X.py` + `pkg/X_pd_.so`. The Python file, the stub, registers what
the library has and cannot be shadowed by it, as their names differ.
"""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True)
class Layout:
    """The two files of an extension, relative to the folder that is on `sys.path`."""

    library: PurePath
    stub: PurePath

    @property
    def files(self) -> tuple[PurePath, PurePath]:
        return self.library, self.stub


def layout(import_name: str) -> Layout:
    """The layout of an extension that is imported as `import_name`."""
    *parents, name = import_name.split(".")
    folder = PurePath(*parents) if parents else PurePath(name)
    stub = folder / (f"{name}.py" if parents else "__init__.py")
    return Layout(folder / f"{name}_pd_.so", stub)


def import_name(distribution: str) -> str:
    """What a distribution is imported as: dashes, and what else no name may have, become `_`."""
    return re.sub(r"[^0-9A-Za-z_.]", "_", distribution)


def is_importable(name: str) -> bool:
    """Whether `import name` is Python."""
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))
