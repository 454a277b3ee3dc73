"""The defects of released wheels: the call that shows each, and its right answer."""

from __future__ import annotations

import defects_as_strided
import defects_batch_norm
import defects_expand
import defects_fused_layer_norm
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
    *defects_batch_norm.DEFECTS,
    *defects_fused_layer_norm.DEFECTS,
]
