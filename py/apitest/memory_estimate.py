"""Estimates a case's peak memory before any of it is allocated."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from paddlemend.apitest.binding import BoundCall
from paddlemend.apitest.host_tensor import is_differentiable, item_bytes, wide_dtype
from paddlemend.apitest.inputs import concrete_sizes
from paddlemend.apitest.reference_call import output_specs

# Copies of one tensor that are alive at the peak, in its own dtype: for an input the host's,
# Torch's, Paddle's, both gradients and the gradient read back; for an output Torch's, Paddle's,
# the value read back and the cotangent of the host, of Torch and of Paddle.
_COPIES = 6
_COPIES_WITHOUT_GRADIENT = 4

# Copies in the wide dtype: the value and its gradient or cotangent.
_WIDE_COPIES = 2


def estimate_peak_bytes(call: BoundCall, seed: int, limit: int, *, wide_reference: bool) -> int:
    """Bytes at the peak of a case: inputs, outputs, gradients, references and their scratch.

    The outputs are counted only while the inputs are within `limit`, since finding their shapes
    may need the values of a shape tensor.
    """
    inputs = [(prod(spec.shape), spec.dtype) for spec in call.case.tensors()]
    peak = peak_bytes(inputs, wide_reference=wide_reference)
    if peak > limit:
        return peak
    outputs = output_specs(call, concrete_sizes(call, seed))
    return peak + peak_bytes(outputs, wide_reference=wide_reference) + _scratch_bytes(call)


def peak_bytes(tensors: Iterable[tuple[int, str]], *, wide_reference: bool) -> int:
    """Bytes at the peak, from element count and dtype of every input or output."""
    return sum(_tensor_bytes(count, dtype, wide_reference) for count, dtype in tensors)


def _tensor_bytes(count: int, dtype: str, wide_reference: bool) -> int:
    if not is_differentiable(dtype):
        return count * item_bytes(dtype) * _COPIES_WITHOUT_GRADIENT
    wide = item_bytes(wide_dtype(dtype)) * _WIDE_COPIES if wide_reference else 0
    return count * (item_bytes(dtype) * _COPIES + wide)


def _scratch_bytes(call: BoundCall) -> int:
    if call.rule.scratch is None:
        return 0
    return call.rule.scratch({label: spec.shape for label, spec in call.tensors().items()})
