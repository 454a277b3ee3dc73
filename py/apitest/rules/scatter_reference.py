"""What happens to the elements of a flat tensor that several values are meant for.

`rows` are the places, one for each value, in [0, len(x)), int64; values are in order.
"""

from __future__ import annotations

from typing import Any

import torch


def last_position(length: int, rows: torch.Tensor) -> torch.Tensor:
    """For each of `length` places the position of its last value; -1 for a place without one."""
    positions = torch.arange(len(rows), device=rows.device)
    none = torch.full((length,), -1, device=rows.device)
    return none.scatter_reduce(0, rows, positions, "amax")


def assign_last(x: torch.Tensor, rows: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """x with the last value at each place, which alone gets the gradient. x and values are 1-D."""
    last = last_position(len(x), rows)
    return torch.where(last >= 0, values[last.clamp(min=0)], x)


class AssignRows(torch.autograd.Function):
    """x, [n, k], with the last row of values, [m, k], at each place; all get the gradient."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, rows: torch.Tensor, values: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(rows)
        last = last_position(len(x), rows)
        out = x.clone()
        out[last >= 0] = values[last[last >= 0]]
        return out

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (rows,) = ctx.saved_tensors
        kept = grad.clone()
        kept[rows] = 0
        return kept, None, grad[rows]


def multiply(
    x: torch.Tensor, rows: torch.Tensor, values: torch.Tensor, include_self: bool
) -> torch.Tensor:
    """x with the product of the values at each place, times x itself if it is included. All 1-D."""
    order = torch.argsort(rows, stable=True)
    places, group, counts = torch.unique_consecutive(
        rows[order], return_inverse=True, return_counts=True
    )
    rank = torch.arange(len(rows)) - (counts.cumsum(0) - counts)[group]
    factors = torch.ones(len(places), int(counts.max()) + 1, dtype=x.dtype)
    factors = factors.index_put((group, rank + 1), values[order])
    if include_self:
        factors = factors.index_put((torch.arange(len(places)), torch.tensor(0)), x[places])
    return x.index_put((places,), _RowProducts.apply(factors))


class _RowProducts(torch.autograd.Function):
    """The products of the rows of a matrix; the gradient of a factor is the product of the others.

    Torch divides the product by the factor, which loses factors whose product overflows.
    """

    @staticmethod
    def forward(ctx: Any, factors: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(factors)
        return factors.prod(1).to(factors.dtype)  # products of narrow integers are int64

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> torch.Tensor:
        (factors,) = ctx.saved_tensors
        before = _products_before(factors)
        after = _products_before(factors.flip(1)).flip(1)
        return grad[:, None] * (before * after).conj()


def _products_before(factors: torch.Tensor) -> torch.Tensor:
    """For each factor of a row the product of those before it."""
    ones = torch.ones_like(factors[:, :1])
    return torch.cat([ones, factors[:, :-1]], 1).cumprod(1)


class Extreme(torch.autograd.Function):
    """x with the greatest ("amax") or least ("amin") value at each place; NaN wins. All 1-D.

    What equals the extreme shares the gradient evenly, x as well if it is included: Torch counts x
    even if it is not. Where the extreme is NaN, so are the gradients of all that was compared.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        rows: torch.Tensor,
        values: torch.Tensor,
        reduce: str,
        include_self: bool,
    ) -> torch.Tensor:
        out = x.scatter_reduce(0, rows, values, reduce, include_self=include_self)
        ctx.save_for_backward(x, rows, values, out)
        ctx.include_self = include_self
        return out

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, rows, values, out = ctx.saved_tensors
        touched = torch.zeros(len(x), dtype=torch.bool).index_fill(0, rows, True)
        x_shares = (x == out) & ctx.include_self
        value_shares = values == out[rows]
        count = x_shares.long().scatter_add(0, rows, value_shares.long())
        share = torch.where(out.isnan(), out, grad / count)
        x_part = torch.where(x_shares | (out.isnan() & ctx.include_self), share, 0)
        values_grad = torch.where(value_shares | out.isnan()[rows], share[rows], 0)
        return torch.where(touched, x_part, grad), None, values_grad, None, None
