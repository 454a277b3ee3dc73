"""Equivalences: results whose order means nothing, put into the order of the reference."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from paddlemend.apitest.host_tensor import HostTensor


class Equivalence(Protocol):
    """Says where the elements of a result stand in the reference."""

    name: str

    def positions(self, result: HostTensor, reference: HostTensor) -> np.ndarray | None:
        """`result.flat[positions[i]]` is what `reference.flat[i]` should be compared with.

        None leaves the result as it is: it has another shape, or its order means something.
        """


class MultisetAlongLastAxis:
    """The entries along the last axis in any order, such as the eigenvalues of each matrix."""

    name = "multiset"

    def positions(self, result: HostTensor, reference: HostTensor) -> np.ndarray | None:
        """Pairs each entry of the reference with the nearest one of the result not taken yet."""
        if result.shape != reference.shape or not result.shape or not result.data.size:
            return None
        length = result.shape[-1]
        found = np.asarray(result.values()).reshape(-1, length)
        wanted = np.asarray(reference.values()).reshape(-1, length)
        rows = [_nearest(row, target) for row, target in zip(found, wanted)]
        starts = np.arange(len(rows))[:, None] * length
        return (np.stack(rows) + starts).reshape(-1)


def _nearest(found: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A permutation p with found[p] close to wanted; close pairs are made first."""
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(found[None, :] - wanted[:, None])
    distance[np.isnan(distance)] = np.inf
    pairing = np.full(len(wanted), -1)
    free = np.ones(len(found), bool)
    for flat in np.argsort(distance, axis=None, kind="stable"):
        target, candidate = divmod(int(flat), len(found))
        if pairing[target] < 0 and free[candidate]:
            pairing[target] = candidate
            free[candidate] = False
    return pairing


def in_reference_order(tensor: HostTensor, positions: np.ndarray | None) -> HostTensor:
    """A result rearranged as the reference has it."""
    if positions is None:
        return tensor
    flat = tensor.data.reshape(-1)[positions]
    return HostTensor(tensor.dtype, flat.reshape(tensor.shape))


def in_result_order(tensor: HostTensor, positions: np.ndarray | None) -> HostTensor:
    """A cotangent of the reference rearranged as the result has it."""
    if positions is None:
        return tensor
    flat = np.empty_like(tensor.data.reshape(-1))
    flat[positions] = tensor.data.reshape(-1)
    return HostTensor(tensor.dtype, flat.reshape(tensor.shape))
