"""batch_norm."""

from __future__ import annotations

from typing import Any

import torch
from paddlemend import catalogue
from paddlemend.apitest.generators import positive
from paddlemend.apitest.rules.legality import require
from paddlemend.apitest.rules.model import (
    Arguments,
    Difference,
    LibraryCall,
    Output,
    Parameter,
    Rule,
)

_DATA_FORMATS = ("NC", "NCL", "NCHW", "NCDHW", "NLC", "NHWC", "NDHWC")
_HALF_DTYPES = (torch.float16, torch.bfloat16)


def batch_norm(
    x: torch.Tensor,
    running_mean: torch.Tensor,
    running_var: torch.Tensor,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    training: bool = False,
    momentum: float = 0.9,
    epsilon: float = 1e-5,
    data_format: str = "NCHW",
    use_global_stats: bool | None = None,
) -> torch.Tensor:
    """Normalizes every channel of x, [N, C, *] or [N, *, C], and updates the running statistics.

    The other tensors are [C], of the dtype of x, of float32 if that is half as wide. With
    statistics of the batch, running = momentum * running + (1 - momentum) * batch, the variance
    biased. A batch without elements leaves them alone; one value a channel passes unchanged, and
    the statistics stay.
    """
    _require_legal(x, running_mean, running_var, weight, bias, data_format)
    channel = _channel_axis(data_format, x.ndim)
    count = x.numel() // max(x.shape[channel], 1)
    of_batch = _uses_batch(training, use_global_stats)
    if of_batch and count == 1:
        return x.clone()
    rows = x.movedim(channel, 1)
    if not count:
        return _affine(rows, weight, bias).movedim(1, channel)
    rows = rows.to(running_mean.dtype)
    # Torch's gradient reads freed memory where these are not contiguous.
    weight, bias = (None if tensor is None else tensor.contiguous() for tensor in (weight, bias))
    # Torch's momentum is left out: its running variance is another one.
    statistics = (None, None) if of_batch else (running_mean.clone(), running_var.clone())
    normalized = torch.batch_norm(
        rows, weight, bias, *statistics, of_batch, 0.0, epsilon, cudnn_enabled=False
    )
    if of_batch:
        _update(running_mean, running_var, rows.detach(), momentum)
    return normalized.to(x.dtype).movedim(1, channel)


def _uses_batch(training: bool, use_global_stats: bool | None) -> bool:
    """Whether the statistics are those of the batch, not the running ones."""
    return training if use_global_stats is None else not use_global_stats


def _channel_axis(data_format: str, rank: int) -> int:
    return 1 if data_format[1] == "C" else rank - 1


def _require_legal(
    x: torch.Tensor,
    running_mean: torch.Tensor,
    running_var: torch.Tensor,
    weight: torch.Tensor | None,
    bias: torch.Tensor | None,
    data_format: str,
) -> None:
    require(x.is_floating_point(), f"x must be floating, got {x.dtype}")
    require(2 <= x.ndim <= 5, f"x must have 2 to 5 dimensions, got {list(x.shape)}")
    require(data_format in _DATA_FORMATS, f"data_format must be one of {_DATA_FORMATS}")
    channels = x.shape[_channel_axis(data_format, x.ndim)]
    dtype = torch.float32 if x.dtype in _HALF_DTYPES else x.dtype
    tensors = {"running_mean": running_mean, "running_var": running_var}
    tensors |= {k: v for k, v in (("weight", weight), ("bias", bias)) if v is not None}
    for name, tensor in tensors.items():
        require(isinstance(tensor, torch.Tensor), f"{name} must be a tensor, got {tensor!r}")
        shape = list(tensor.shape)
        require(shape == [channels], f"{name} must be [{channels}], got {shape}")
        require(tensor.dtype == dtype, f"{name} must be {dtype}, got {tensor.dtype}")


def _affine(
    rows: torch.Tensor, weight: torch.Tensor | None, bias: torch.Tensor | None
) -> torch.Tensor:
    """Weight and bias on rows without elements: nothing, but their gradients are zeros."""
    shape = [1, -1] + [1] * (rows.ndim - 2)
    result = rows.clone()
    if weight is not None:
        result = result * weight.reshape(shape)
    if bias is not None:
        result = result + bias.reshape(shape)
    return result.to(rows.dtype)


def _update(
    running_mean: torch.Tensor, running_var: torch.Tensor, rows: torch.Tensor, momentum: float
) -> None:
    """Moves the running statistics in place towards those of rows, [N, C, *]."""
    axes = [axis for axis in range(rows.ndim) if axis != 1]
    running_mean.mul_(momentum).add_(rows.mean(axes), alpha=1 - momentum)
    running_var.mul_(momentum).add_(rows.var(axes, correction=0), alpha=1 - momentum)


def _batch_count(arguments: Arguments) -> int:
    """Elements a channel where the call uses statistics of the batch, else 0."""
    x: Any = arguments.get("x")
    data_format = arguments.get("data_format", "NCHW")
    of_batch = _uses_batch(
        bool(arguments.get("training", False)), arguments.get("use_global_stats")
    )
    if not of_batch or data_format not in _DATA_FORMATS or getattr(x, "ndim", 0) < 2:
        return 0
    return x.size // max(x.shape[_channel_axis(data_format, x.ndim)], 1)


def _uses_batch_here(values: Arguments) -> bool:
    return _uses_batch(bool(values["training"]), values["use_global_stats"])


def _axis(values: Arguments) -> int:
    return _channel_axis(values["data_format"], values["x"].ndim)


def _left_to_python(values: Arguments) -> str:
    if values["data_format"] not in _DATA_FORMATS:
        return "the check of data_format"
    if not 2 <= values["x"].ndim <= 5:
        return "the check of the dimensions of x"
    return ""


_LIBRARY = LibraryCall(
    function="batch_norm",
    arguments=(
        *("x", "running_mean", "running_var", "weight", "bias"),
        *(_uses_batch_here, "momentum", "epsilon", _axis),
    ),
    gradient_function="batch_norm_grad",
    gradient_arguments=(
        *("x", "out_grad", "weight", "running_mean", "running_var", Output(3), Output(4)),
        *(_uses_batch_here, "epsilon", _axis),
    ),
    gradients=("x", "weight", "bias"),
    outputs=1,
    written={"running_mean_out": "running_mean", "running_var_out": "running_var"},
    defaults={
        "weight": None,
        "bias": None,
        "training": False,
        "momentum": 0.9,
        "epsilon": 1e-5,
        "data_format": "NCHW",
        "use_global_stats": None,
    },
    derived=frozenset({"training", "data_format", "use_global_stats"}),
    lacks=_left_to_python,
)

RULES = (
    Rule(
        path="paddle.nn.functional.batch_norm",
        operator=catalogue.operator("batch_norm"),
        parameters=(
            Parameter("x"),
            Parameter("running_mean"),
            Parameter("running_var", positive),
            Parameter("weight"),
            Parameter("bias"),
            Parameter("training"),
            Parameter("momentum"),
            Parameter("epsilon"),
            Parameter("data_format"),
            Parameter("use_global_stats"),
            Parameter("name"),
        ),
        reference=batch_norm,
        library=_LIBRARY,
        overwrites=("running_mean", "running_var"),
        differentiable=("x", "weight", "bias"),
        differences=(
            Difference("batch_norm.single_value", lambda call: _batch_count(call) == 1),
            Difference("batch_norm.biased_variance", lambda call: _batch_count(call) > 1),
        ),
    ),
)
