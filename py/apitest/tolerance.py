"""The tolerance table: when a value is close enough to its reference, and which rule says so.

A result passes by the first of these rules that its operator allows:

* bitwise: every bit equals Torch's. For data movement, integers and bool.
* assert_close: |actual - reference| <= atol + rtol * |reference| for every element, against a
  reference computed in float64; the numbers are those of torch.testing.assert_close.
* residual: the normwise residual is at most 50·n·eps. For linear algebra, whose results depend on
  the conditioning of the input.
* twice_torch: the error norm against that reference is at most twice the error norm of Torch's
  own result in the same dtype. For operators that sum, where assert_close asks more of a long
  half-precision sum than rounding allows.
* shape: dtype and shape alone. For calls whose values are random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paddlemend import catalogue

if TYPE_CHECKING:  # the rules need Torch, the tests that only compare do not have it
    from paddlemend.apitest.rules.model import Rule

BITWISE = "bitwise"
ASSERT_CLOSE = "assert_close"
RESIDUAL = "residual"
TWICE_TORCH = "twice_torch"
SHAPE = "shape"

# From the strictest to the loosest.
RULES = (BITWISE, ASSERT_CLOSE, RESIDUAL, TWICE_TORCH, SHAPE)

# The factor by which an error norm may exceed Torch's.
TORCH_ERROR_FACTOR = 2.0

# The most that a normwise residual may be, in units of n·eps.
RESIDUAL_FACTOR = 50.0


@dataclass(frozen=True)
class Closeness:
    """Relative and absolute tolerance of one dtype, both without unit."""

    rtol: float
    atol: float


CLOSENESS = {
    "float16": Closeness(1e-3, 1e-5),
    "bfloat16": Closeness(1.6e-2, 1e-5),
    "float32": Closeness(1.3e-6, 1e-5),
    "float64": Closeness(1e-7, 1e-7),
    "complex64": Closeness(1.3e-6, 1e-5),
    "complex128": Closeness(1e-7, 1e-7),
}


def loosest(rules: list[str]) -> str:
    """The loosest rule of those that were needed; "" when none was."""
    return max(rules, key=RULES.index, default="")


def needs_wide_reference(rule: Rule) -> bool:
    """Whether any result is judged against a float64 reference."""
    return {rule.forward_tolerance, rule.gradient_tolerance} != {catalogue.BITWISE}
