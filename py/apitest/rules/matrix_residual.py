"""What the residuals of linear algebra share: their unit and the worst of a batch."""

from __future__ import annotations

import numpy as np
from paddlemend.apitest.host_tensor import HostTensor


def unit(output: HostTensor, size: int) -> float:
    """n·eps, for matrices of `size` rows and the precision of the output."""
    return max(size, 1) * float(np.finfo(output.data.dtype).eps)


def largest(distances: np.ndarray, norms: np.ndarray, unit: float) -> float:
    """The largest distance, relative to the norms of the inputs, in units of `unit`.

    Where the norm is 0 the distance must be 0 too. Anything that is not finite is infinitely far.
    """
    if not distances.size:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(distances == 0, 0.0, distances / norms)
    worst = float(relative.max())
    return worst / unit if np.isfinite(worst) else float("inf")
