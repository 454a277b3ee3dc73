"""The defects of released wheels: each module is named after its operator and has DEFECTS."""

from __future__ import annotations

import importlib
import pkgutil

from paddlemend.doctor.defect import Defect

DEFECTS_BY_OPERATOR: dict[str, list[Defect]] = {
    name: importlib.import_module(f"{__name__}.{name}").DEFECTS
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__))
}

DEFECTS: list[Defect] = [defect for group in DEFECTS_BY_OPERATOR.values() for defect in group]
