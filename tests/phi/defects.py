"""The defects of released wheels: the call that shows each, and its right answer."""

from __future__ import annotations

import defects_as_strided
import defects_cholesky_solve
import defects_eigvals
import defects_eigvalsh
import defects_expand
import defects_index_add
import defects_index_put
import defects_index_sample
import defects_put_along_axis
from defect import Defect

DEFECTS: list[Defect] = [
    *defects_expand.DEFECTS,
    *defects_index_add.DEFECTS,
    *defects_index_put.DEFECTS,
    *defects_as_strided.DEFECTS,
    *defects_index_sample.DEFECTS,
    *defects_put_along_axis.DEFECTS,
    *defects_cholesky_solve.DEFECTS,
    *defects_eigvals.DEFECTS,
    *defects_eigvalsh.DEFECTS,
]
