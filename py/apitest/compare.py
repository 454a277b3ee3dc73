"""Compares one tensor of Paddle's with its references and says what, if anything, is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from paddlemend import catalogue
from paddlemend.apitest import tolerance
from paddlemend.apitest.heap import POISON_BYTE
from paddlemend.apitest.host_tensor import HostTensor, is_differentiable, round_to

# Elements looked at together: bounds the temporaries, whatever the size of the tensors.
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Expectation:
    """What a tensor is judged against.

    `same` is the reference's result in the same dtype. `wide` is its result in float64 or
    complex128, None where the rule is bitwise. `residual` is the normwise residual of a result,
    divided by n·eps, where the rule asks for it.
    """

    same: HostTensor
    wide: HostTensor | None
    residual: Callable[[HostTensor], float] | None = None


@dataclass
class Comparison:
    """The outcome: the rule that passed it, or else the reason and a message; error measures.

    `max_ulp` counts representable values of the dtype between the result and the reference.
    """

    rule: str = ""
    reason: str = ""
    message: str = ""
    max_abs: float = 0.0
    max_rel: float = 0.0
    max_ulp: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.reason


def compare_tensor(actual: HostTensor, expected: Expectation, rule: str) -> Comparison:
    """Judges dtype, then shape, then values by a catalogue tolerance rule."""
    same = expected.same
    if actual.dtype != same.dtype:
        return Comparison(reason="dtype", message=f"dtype {actual.dtype}, expected {same.dtype}")
    if actual.shape != same.shape:
        return Comparison(
            reason="shape", message=f"shape {list(actual.shape)}, expected {list(same.shape)}"
        )
    if rule == catalogue.SHAPE:
        return Comparison(rule=tolerance.SHAPE)
    if rule == catalogue.BITWISE or expected.wide is None or not is_differentiable(same.dtype):
        return _compare_bits(actual, same)
    result = _compare_values(actual, same, expected.wide, rule)
    if not result.passed and rule == catalogue.RESIDUAL and expected.residual is not None:
        _judge_residual(result, expected.residual(actual))
    return result


def equal_bits(first: HostTensor, second: HostTensor) -> bool:
    """Whether two tensors are the same, to the bit."""
    return (
        first.dtype == second.dtype
        and first.shape == second.shape
        and np.array_equal(first.flat_bits(), second.flat_bits())
    )


def _compare_bits(actual: HostTensor, expected: HostTensor) -> Comparison:
    result = Comparison(rule=tolerance.BITWISE)
    if equal_bits(actual, expected):
        return result
    wrong = _Mismatches()
    for piece, reference in zip(_chunks(actual), _chunks(expected)):
        differs = _rows_differ(piece, reference)
        _measure(result, piece, reference, reference.widened().data, differs)
        wrong.add(piece, reference, differs)
    return wrong.fail(result)


def _compare_values(
    actual: HostTensor, same: HostTensor, wide: HostTensor, rule: str
) -> Comparison:
    close = tolerance.CLOSENESS[actual.dtype]
    result = Comparison(rule=tolerance.ASSERT_CLOSE)
    wrong = _Mismatches()
    norms = _ErrorNorms()
    for piece, torch_piece, wide_piece in zip(_chunks(actual), _chunks(same), _chunks(wide)):
        reference = wide_piece.data
        got = piece.widened().data
        with np.errstate(invalid="ignore", over="ignore"):
            outside = ~np.isclose(got, reference, close.rtol, close.atol, equal_nan=True)
        _measure(
            result, piece, round_to(piece.dtype, reference), reference, outside | (got != reference)
        )
        wrong.add(piece, wide_piece, outside)
        norms.add(got, torch_piece.widened().data, reference)
    if not wrong.count:
        return result
    if rule == catalogue.SUM and norms.within_twice_torch():
        result.rule = tolerance.TWICE_TORCH
        return result
    return wrong.fail(result)


def _judge_residual(result: Comparison, residual: float) -> None:
    if residual <= tolerance.RESIDUAL_FACTOR:
        result.rule, result.reason, result.message = tolerance.RESIDUAL, "", ""
    else:
        result.message += f"; the residual is {residual:.3g}·n·eps"


class _ErrorNorms:
    """Squared error norms of a result and of Torch's, against the float64 reference.

    Where either result is not finite no norm exists: there the result must equal Torch's or the
    reference.
    """

    def __init__(self) -> None:
        self._result = 0.0
        self._torch = 0.0
        self._comparable = True

    def add(self, result: np.ndarray, torch: np.ndarray, reference: np.ndarray) -> None:
        finite = np.isfinite(result) & np.isfinite(torch) & np.isfinite(reference)
        agrees = _equal_or_both_nan(result, torch) | _equal_or_both_nan(result, reference)
        self._comparable &= bool(np.all(finite | agrees))
        self._result += float(np.sum(np.abs(result[finite] - reference[finite]) ** 2))
        self._torch += float(np.sum(np.abs(torch[finite] - reference[finite]) ** 2))

    def within_twice_torch(self) -> bool:
        limit = tolerance.TORCH_ERROR_FACTOR**2 * self._torch
        return self._comparable and self._result <= limit


class _Mismatches:
    """Collects the elements that are wrong: how many, the first one, whether all are poison."""

    def __init__(self) -> None:
        self.count = 0
        self._seen = 0
        self._first = ""
        self._all_poison = True

    def add(self, actual: HostTensor, expected: HostTensor, wrong: np.ndarray) -> None:
        where = np.flatnonzero(wrong)
        if where.size:
            if not self.count:
                first = where[0]
                self._first = (
                    f"element {self._seen + first} is {actual.values()[first]}, "
                    f"expected {expected.values()[first]}"
                )
            self.count += where.size
            self._all_poison &= _is_poison(actual, where)
        self._seen += wrong.size

    def fail(self, result: Comparison) -> Comparison:
        result.rule = ""
        result.reason = "uninitialised" if self._all_poison else "value"
        result.message = (
            f"{self.count} of {self._seen} elements are wrong, "
            f"max abs error {result.max_abs:.3g}: {self._first}"
        )
        return result


def _is_poison(tensor: HostTensor, where: np.ndarray) -> bool:
    """Whether these elements are memory that nobody wrote; never said of one-byte dtypes."""
    elements = tensor.data[where]
    if elements.dtype.itemsize == 1:
        return False
    return bool((elements.view(np.uint8) == POISON_BYTE).all())


def _measure(
    result: Comparison,
    actual: HostTensor,
    nearest: HostTensor,
    reference: np.ndarray,
    where: np.ndarray,
) -> None:
    """Raises the error measures of `result` by the finite elements at `where`."""
    got = actual.widened().data[where]
    want = reference[where]
    if got.dtype == bool:
        got, want = got.astype(np.int64), want.astype(np.int64)
    if got.dtype.kind in "iu":
        # float64 rather than wrapping integers: a measure, not a verdict.
        got, want = got.astype(np.float64), want.astype(np.float64)
    finite = np.isfinite(got) & np.isfinite(want)
    if not finite.any():
        return
    error = np.abs(got[finite] - want[finite])
    size = np.abs(want[finite])
    relative = np.divide(error, size, out=np.zeros_like(error), where=size > 0)
    result.max_abs = max(result.max_abs, float(error.max()))
    result.max_rel = max(result.max_rel, float(relative.max()))
    if is_differentiable(actual.dtype):
        result.max_ulp = max(result.max_ulp, _ulp_distance(actual, nearest, where, finite))


def _ulp_distance(
    actual: HostTensor, expected: HostTensor, where: np.ndarray, finite: np.ndarray
) -> float:
    first = _ordered_bits(HostTensor(actual.dtype, actual.data[where][finite]))
    second = _ordered_bits(HostTensor(expected.dtype, expected.data[where][finite]))
    # Unsigned: the distance between numbers of opposite sign overflows int64.
    larger, smaller = np.maximum(first, second), np.minimum(first, second)
    return float((larger.astype(np.uint64) - smaller.astype(np.uint64)).max())


def _ordered_bits(tensor: HostTensor) -> np.ndarray:
    """The bits of real parts as signed integers in the order of the values they stand for."""
    data = tensor.data
    if data.dtype.kind == "c":
        data = data.view(data.real.dtype)
    width = data.dtype.itemsize
    signed = data.view(f"int{8 * width}").astype(np.int64)
    sign_bit = np.int64(-(2 ** (8 * width - 1)))
    return np.where(signed < 0, sign_bit - signed, signed)


def _rows_differ(first: HostTensor, second: HostTensor) -> np.ndarray:
    """Per element, whether any bit differs."""
    differs = first.flat_bits() != second.flat_bits()
    return differs.reshape(first.data.size, -1).any(axis=1)


def _equal_or_both_nan(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (first == second) | (np.isnan(first) & np.isnan(second))


def _chunks(tensor: HostTensor) -> Iterator[HostTensor]:
    flat = np.ascontiguousarray(tensor.data).reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        yield HostTensor(tensor.dtype, flat[start : start + _CHUNK])
