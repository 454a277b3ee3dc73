"""The defects of released wheels, from the modules `defects_<operator>` beside this one."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from defect import Defect

_MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules([str(Path(__file__).parent)])
    if module.name.startswith("defects_")
)

DEFECTS: list[Defect] = [
    defect for name in _MODULES for defect in importlib.import_module(name).DEFECTS
]
