"""Generators of index tensors and masks for APIs that write at given places.

Places are distinct wherever a call assigns, because of several values for one place the last one
would win; cases about that give their values explicitly.
"""

from __future__ import annotations

from math import gcd, prod
from typing import TYPE_CHECKING, Any

import numpy as np
from paddlemend.apitest.case_line import TensorSpec
from paddlemend.apitest.generators import indices_below, random_values
from paddlemend.apitest.host_tensor import HostTensor, numpy_dtype, round_to

if TYPE_CHECKING:
    from paddlemend.apitest.binding import BoundCall

# Share of the calls whose legal index also holds negative values.
_NEGATIVE_INDEX_SHARE = 0.5


def sample_columns(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Columns of the matrix `x`, [B, N]: values in [0, N), never negative; zeros if N is 0."""
    shape = _shape_of(call.arguments.get("x"))
    return indices_below(shape[1] if len(shape) == 2 else 0, spec, rng, negative=False)


def index_along_axis(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """Entries along `axis` of `arr`; distinct along the axis where `reduce` is "assign".

    Repeated only if there are more of them than the axis is long.
    """
    shape = _shape_of(call.arguments.get("arr")) or (1,)
    axis = call.arguments.get("axis")
    if not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return indices_below(0, spec, rng)
    length = shape[axis]
    if length == 0 or len(spec.shape) != len(shape) or not _assigns(call):
        return indices_below(length, spec, rng)
    lanes = list(spec.shape)
    lanes[axis] = 1
    count = np.arange(spec.shape[axis]).reshape([-1] + [1] * (len(shape) - axis % len(shape) - 1))
    start = rng.integers(0, length, lanes)
    return _some_negative((start + count * _step(length, rng)) % length, length, spec, rng)


def index_put_tensor(call: BoundCall, spec: TensorSpec, rng: np.random.Generator) -> HostTensor:
    """One of `indices`: integers, or a mask with as many true places as the other arguments ask.

    The places of all indices together are distinct unless the call accumulates; repeated only if
    there are more of them than places. Of a call whose shapes do not fit any values are given.
    """
    selection = _Selection(call)
    if spec.dtype == "bool":
        return _mask(spec, selection.true_count(), rng)
    length = selection.length_for(spec)
    if length == 0 or call.arguments.get("accumulate", False):
        return indices_below(length, spec, rng)
    position = np.arange(prod(spec.shape)).reshape(spec.shape)
    before = selection.full_lengths_before(spec)
    if before is None:  # broadcast: distinct in itself
        values = (position * _step(length, rng) + rng.integers(length)) % length
    else:
        values = _digit(position, selection.mask_columns(), before, length, rng)
    return _some_negative(values, length, spec, rng)


class _Selection:
    """How the indices of a call of index_put go with its x and its value, by their shapes."""

    def __init__(self, call: BoundCall):
        indices = call.arguments.get("indices")
        self._indices: list[Any] = list(indices) if isinstance(indices, (list, tuple)) else []
        self._x = _shape_of(call.arguments.get("x"))
        self._value: Any = call.arguments.get("value")

    def length_for(self, spec: TensorSpec) -> int:
        """The length of the dimension that an integer index stands for; 0 if there is none."""
        start = self._dimensions(self._indices[: self._place(spec)])
        return self._x[start] if start < len(self._x) else 0

    def true_count(self) -> int:
        """How many places of every mask are true: as the index shapes or the value's ask for."""
        of_indices = self._broadcast([spec for spec in self._integers() if spec.shape])[-1:]
        if of_indices and of_indices[0] != 1:
            return of_indices[0]
        if isinstance(self._value, TensorSpec):
            indexed = min(self._dimensions(self._indices), len(self._x))
            place = len(self._value.shape) - 1 - (len(self._x) - indexed)
            if place >= 0 and self._value.shape[place] != 1:
                return self._value.shape[place]
        masks = [prod(spec.shape) for spec in self._indices if _is_mask(spec)]
        return (min(masks, default=0) + 1) // 2

    def full_lengths_before(self, spec: TensorSpec) -> list[int] | None:
        """The lengths for the indices before this one that, as it, have an entry for every place.

        None if it has not: an index that is broadcast does not say alone where a place is.
        """
        shapes = [*self._integers(), *([(self.true_count(),)] if self._has_mask() else [])]
        places = prod(self._broadcast(shapes))
        if prod(spec.shape) != places:
            return None
        before = self._indices[: self._place(spec)]
        return [
            self.length_for(entry)
            for entry in before
            if not _is_mask(entry) and prod(_shape_of(entry)) == places
        ]

    def mask_columns(self) -> int:
        """How many places next to each other the masks tell apart already."""
        return max(self.true_count(), 1) if self._has_mask() else 1

    def _place(self, spec: TensorSpec) -> int:
        found = [position for position, entry in enumerate(self._indices) if entry is spec]
        return found[0] if found else len(self._indices)

    def _integers(self) -> list[Any]:
        return [
            entry
            for entry in self._indices
            if isinstance(entry, TensorSpec) and not _is_mask(entry)
        ]

    def _has_mask(self) -> bool:
        return any(_is_mask(entry) for entry in self._indices)

    @staticmethod
    def _dimensions(indices: list[Any]) -> int:
        """How many dimensions of x these indices stand for."""
        return sum(len(entry.shape) if _is_mask(entry) else 1 for entry in indices)

    @staticmethod
    def _broadcast(shapes: list[Any]) -> tuple[int, ...]:
        try:
            return np.broadcast_shapes(*(getattr(entry, "shape", entry) for entry in shapes))
        except ValueError:
            return ()


def _digit(
    position: np.ndarray, columns: int, before: list[int], length: int, rng: np.random.Generator
) -> np.ndarray:
    """One coordinate of each position, such that all coordinates together tell positions apart.

    Positions differ in their column already, or else in their row. Rows are counted in a number
    system with the digits of `before` first; the digit that comes next is shifted by a random
    amount that depends on the column and on the digits before it.
    """
    row, column = np.divmod(position, columns)
    places = prod(before)
    known = row % places * columns + column
    shift = rng.integers(0, length, int(known.max(initial=0)) + 1)
    return (row // places * _step(length, rng) + shift[known]) % length


def _mask(spec: TensorSpec, true_count: int, rng: np.random.Generator) -> HostTensor:
    mask = np.zeros(prod(spec.shape), bool)
    mask[rng.permutation(mask.size)[:true_count]] = True
    return HostTensor(spec.dtype, mask.reshape(spec.shape))


def _some_negative(
    values: np.ndarray, length: int, spec: TensorSpec, rng: np.random.Generator
) -> HostTensor:
    """Values in [0, length), in half of the calls some of them counted from the end."""
    if numpy_dtype(spec.dtype).kind not in "iu":
        return random_values(spec.shape, spec.dtype, rng)
    if numpy_dtype(spec.dtype).kind == "i" and rng.random() < _NEGATIVE_INDEX_SHARE:
        values = values - length * rng.integers(0, 2, values.shape)
    return round_to(spec.dtype, np.asarray(values))


def _step(length: int, rng: np.random.Generator) -> int:
    """A random number without a common divisor with `length`, so that its multiples differ."""
    step = int(rng.integers(1, length, endpoint=True))
    while gcd(step, length) != 1:
        step = step % length + 1
    return step


def _assigns(call: BoundCall) -> bool:
    return call.arguments.get("reduce", "assign") == "assign"


def _is_mask(entry: Any) -> bool:
    return isinstance(entry, TensorSpec) and entry.dtype == "bool"


def _shape_of(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, TensorSpec) else ()
