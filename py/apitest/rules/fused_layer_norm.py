"""fused_layer_norm."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from paddlemend import catalogue
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import LibraryCall, Parameter, Rule

_HALF_DTYPES = (torch.float16, torch.bfloat16)

# The largest quantized value that makes the output int8.
_INT8_BOUND = 127.0


def fused_layer_norm(
    x: torch.Tensor,
    norm_weight: torch.Tensor | None,
    norm_bias: torch.Tensor | None,
    epsilon: float,
    residual_alpha: float = 1.0,
    begin_norm_axis: int = 1,
    bias: torch.Tensor | None = None,
    residual: torch.Tensor | None = None,
    quant_scale: float = -1,
    quant_round_type: int = 0,
    quant_max_bound: float = 0,
    quant_min_bound: float = 0,
) -> list[torch.Tensor]:
    """[out, residual_out, mean, inverse deviation], of s = x + bias + residual_alpha * residual.

    From begin_norm_axis on the dimensions of x count as columns, those before as rows. Without
    norm_weight and norm_bias, out is s. Else out is s with every row normalized, times the one
    plus the other, [columns] both; the means and inverse deviations are [rows]. residual_out is s
    if there is a residual, else empty. Outputs that a call gives no meaning to are zeros.
    """
    require(x.is_floating_point(), f"x must be floating, got {x.dtype}")
    require(0 <= begin_norm_axis < x.ndim, f"begin_norm_axis must be in [0, {x.ndim})")
    rows, columns = prod(x.shape[:begin_norm_axis]), prod(x.shape[begin_norm_axis:])
    wide = torch.float32 if x.dtype in _HALF_DTYPES else x.dtype
    _require_norm({"norm_weight": norm_weight, "norm_bias": norm_bias}, columns, wide)
    total = _sum(x.to(wide), x.dtype, bias, residual, residual_alpha, begin_norm_axis)
    sums = total.to(x.dtype)
    nothing = torch.zeros(rows, dtype=wide, device=x.device)
    residual_out = x.new_zeros(0) if residual is None else sums
    if norm_weight is None and norm_bias is None:
        return [sums, residual_out, nothing, nothing]
    if not total.numel():
        dtype = torch.int8 if quant_scale > 0 else x.dtype
        return [sums.to(dtype), residual_out, nothing, nothing]
    out, mean, inverse = torch.native_layer_norm(
        total.reshape(rows, columns), [columns], norm_weight, norm_bias, epsilon
    )
    out = out.reshape(x.shape)
    if quant_scale > 0:
        require(norm_weight is not None and norm_bias is not None, "quantization needs both norms")
        out = _quantized(out, quant_scale, quant_round_type, quant_max_bound, quant_min_bound)
    else:
        out = out.to(x.dtype)
    return [out, residual_out, mean.reshape(rows), inverse.reshape(rows)]


def _require_norm(norms: dict[str, torch.Tensor | None], columns: int, dtype: torch.dtype) -> None:
    for name, tensor in norms.items():
        if tensor is not None:
            shape = list(tensor.shape)
            require(shape == [columns], f"{name} must be [{columns}], got {shape}")
            require(tensor.dtype == dtype, f"{name} must be {dtype}, got {tensor.dtype}")


def _sum(
    x: torch.Tensor,
    dtype: torch.dtype,
    bias: torch.Tensor | None,
    residual: torch.Tensor | None,
    residual_alpha: float,
    begin_norm_axis: int,
) -> torch.Tensor:
    """The sum in the dtype of x; `dtype` is that of the other terms.

    The bias has the columns of x as their dimensions or flat.
    """
    if bias is not None:
        columns = x.shape[begin_norm_axis:]
        require(bias.dtype == dtype, f"bias must be {dtype}, got {bias.dtype}")
        require(
            bias.shape in (columns, (prod(columns),)),
            f"bias must be {list(columns)}, got {list(bias.shape)}",
        )
        x = x + bias.reshape(columns)
    if residual is not None:
        require(residual.dtype == dtype, f"residual must be {dtype}, got {residual.dtype}")
        require(
            residual.shape == x.shape,
            f"residual must be {list(x.shape)}, got {list(residual.shape)}",
        )
        x = x + residual_alpha * residual
    return x


def _quantized(
    values: torch.Tensor, scale: float, round_type: int, max_bound: float, min_bound: float
) -> torch.Tensor:
    """int8 values, rounded to even (round_type 0) or away from zero (1) at a half."""
    require(abs(max_bound - _INT8_BOUND) < 1e-6, f"quant_max_bound must be 127, got {max_bound}")
    require(
        min_bound != 0 and -_INT8_BOUND - 1 <= min_bound < _INT8_BOUND,
        f"quant_min_bound must be in [-128, 127) and not 0, got {min_bound}",
    )
    require(round_type in (0, 1), f"quant_round_type must be 0 or 1, got {round_type}")
    scaled = max_bound * scale * values
    if round_type == 0:
        rounded = torch.round(scaled)
    else:
        rounded = torch.sign(scaled) * torch.floor(scaled.abs() + 0.5)
    return rounded.clamp(min_bound, max_bound).to(torch.int8)


_NORM_ARGUMENTS = ("x", "norm_weight", "norm_bias", "bias", "residual")
_QUANT_ARGUMENTS = ("quant_scale", "quant_round_type", "quant_max_bound", "quant_min_bound")


def _fused_layer_norm(
    native: Any,
    x: torch.Tensor,
    norm_weight: torch.Tensor | None,
    norm_bias: torch.Tensor | None,
    bias: torch.Tensor | None,
    residual: torch.Tensor | None,
    epsilon: float,
    residual_alpha: float,
    begin_norm_axis: int,
    scale: float,
    *rounding: float,
) -> list[Any]:
    """The outputs; quantized for a positive scale, if anything is normalized."""
    rows = prod(x.shape[:begin_norm_axis])
    wide = torch.float32 if x.dtype in _HALF_DTYPES else x.dtype
    # Filled, so that what the library leaves alone is seen.
    residual_out = torch.full_like(x if residual is not None else x.new_empty(0), -1)
    mean, inverse = (torch.full((rows,), -1, dtype=wide, device=x.device) for _ in range(2))
    call: list[Any] = [x, norm_weight, norm_bias, bias, residual]
    call += [epsilon, residual_alpha, begin_norm_axis]
    is_quantized = scale > 0 and (norm_weight is not None or norm_bias is not None)
    function = native.fused_layer_norm_quantized if is_quantized else native.fused_layer_norm
    if is_quantized:
        call += [scale, *rounding]
    out, *_ = function(
        *call,
        residual_out=residual_out if residual is not None else None,
        mean=mean,
        inverse_deviation=inverse,
    )
    return [out, residual_out, mean, inverse]


RULES = (
    Rule(
        path="paddle.incubate.nn.functional.fused_layer_norm",
        operator=catalogue.operator("fused_layer_norm"),
        parameters=(
            Parameter("x"),
            Parameter("norm_weight"),
            Parameter("norm_bias"),
            Parameter("epsilon"),
            Parameter("residual_alpha"),
            Parameter("begin_norm_axis"),
            Parameter("bias"),
            Parameter("residual"),
            Parameter("quant_scale"),
            Parameter("quant_round_type"),
            Parameter("quant_max_bound"),
            Parameter("quant_min_bound"),
        ),
        reference=fused_layer_norm,
        library=LibraryCall(
            function=_fused_layer_norm,
            arguments=(
                *_NORM_ARGUMENTS,
                *("epsilon", "residual_alpha", "begin_norm_axis"),
                *_QUANT_ARGUMENTS,
            ),
            defaults={
                "residual_alpha": 1.0,
                "begin_norm_axis": 1,
                "bias": None,
                "residual": None,
                "quant_scale": -1,
                "quant_round_type": 0,
                "quant_max_bound": 0,
                "quant_min_bound": 0,
            },
        ),
        differentiable=(),
        may_lack_outputs=True,
    ),
)
