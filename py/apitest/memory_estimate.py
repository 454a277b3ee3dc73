"""Estimates a case's peak memory and its work before any of it is allocated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

from paddlemend.apitest.binding import BoundCall
from paddlemend.apitest.execution import is_differentiated
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
    peak = sum(
        _tensor_bytes(
            prod(spec.shape),
            spec.dtype,
            wide_reference,
            is_differentiated(call.rule, label, spec.dtype),
        )
        for label, spec in call.tensors().items()
    )
    if peak > limit:
        return peak
    outputs = output_specs(call, concrete_sizes(call, seed))
    sizes = [(prod(shape), dtype) for shape, dtype in outputs]
    scratch = call.rule.scratch(_shapes(call, outputs)) if call.rule.scratch else 0
    return peak + peak_bytes(sizes, wide_reference=wide_reference) + scratch


def estimate_operations(call: BoundCall, seed: int) -> int:
    """Multiply-adds of one forward call; 0 where the rule does not count them."""
    if call.rule.operations is None:
        return 0
    return call.rule.operations(_shapes(call, output_specs(call, concrete_sizes(call, seed))))


def peak_bytes(tensors: Iterable[tuple[int, str]], *, wide_reference: bool) -> int:
    """Bytes at the peak, from element count and dtype of every output."""
    return sum(
        _tensor_bytes(count, dtype, wide_reference, is_differentiable(dtype))
        for count, dtype in tensors
    )


def _tensor_bytes(count: int, dtype: str, wide_reference: bool, gradient: bool) -> int:
    copies = _COPIES if gradient else _COPIES_WITHOUT_GRADIENT
    widened = wide_reference and is_differentiable(dtype)
    wide = item_bytes(wide_dtype(dtype)) * (_WIDE_COPIES if gradient else 1) if widened else 0
    return count * (item_bytes(dtype) * copies + wide)


def _shapes(
    call: BoundCall, outputs: Sequence[tuple[tuple[int, ...], str]]
) -> dict[str, tuple[int, ...]]:
    """The shapes by which a rule counts: tensor arguments by label and outputs by position.

    No output is there when the reference refuses the call.
    """
    arguments = {label: spec.shape for label, spec in call.tensors().items()}
    return {**arguments, **{f"output {i}": shape for i, (shape, _) in enumerate(outputs)}}
