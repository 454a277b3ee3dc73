"""The defects of released wheels: the call that shows each, and its right answer."""

from __future__ import annotations

import defects_as_strided
import defects_expand
import defects_index_add
import defects_index_put
from defect import Defect

DEFECTS: list[Defect] = [
    *defects_expand.DEFECTS,
    *defects_index_add.DEFECTS,
    *defects_index_put.DEFECTS,
    *defects_as_strided.DEFECTS,
]
