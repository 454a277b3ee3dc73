"""The cases of batch_norm and fused_layer_norm, in float32."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import paddle
import torch
from case import Case

RANDOM = np.random.default_rng(2)

# (data format, shape)
BATCHES = [
    ("NCHW", (4, 3, 5, 5)),
    ("NCHW", (32, 64, 56, 56)),
    ("NHWC", (32, 56, 56, 64)),
    ("NCHW", (32, 512, 7, 7)),
    ("NC", (256, 1024)),
]

ROWS, COLUMNS = 4096, 1024


def norm_cases() -> Iterator[Case]:
    """Every case, inputs made when its turn comes."""
    for data_format, shape in BATCHES:
        for training in (True, False):
            yield from batch_norm(data_format, shape, training)
    yield fused_layer_norm("fused_layer_norm tiny [4,8]", 4, 8)
    yield fused_layer_norm("fused_layer_norm [4096,1024]", ROWS, COLUMNS)
    yield fused_layer_norm("fused_layer_norm [4096,1024] bias", ROWS, COLUMNS, has_bias=True)
    yield fused_layer_norm(
        "fused_layer_norm [4096,1024] bias residual",
        ROWS,
        COLUMNS,
        has_bias=True,
        has_residual=True,
    )


def floats(*shape: int) -> tuple[paddle.Tensor, torch.Tensor]:
    """The same values for both frameworks."""
    array = RANDOM.standard_normal(shape, np.float32)
    return paddle.to_tensor(array), torch.from_numpy(array.copy())


def batch_norm(data_format: str, shape: tuple[int, ...], training: bool) -> Iterator[Case]:
    """Forward and backward; Torch gets the channels in the same places of the memory."""
    last = data_format == "NHWC"
    (x, y), (seed, torch_seed) = floats(*shape), floats(*shape)
    if last:
        y, torch_seed = (tensor.permute(0, 3, 1, 2) for tensor in (y, torch_seed))
    channels = shape[-1 if last else 1]
    mine, torchs = zip(*(floats(channels) for _ in range(4)))
    mine[1].fill_(1.0), torchs[1].fill_(1.0)
    for tensor in (x, *mine[2:]):
        tensor.stop_gradient = False
    for tensor in (y, *torchs[2:]):
        tensor.requires_grad = True

    def in_paddle() -> paddle.Tensor:
        return paddle.nn.functional.batch_norm(x, *mine, training=training, data_format=data_format)

    def in_torch() -> torch.Tensor:
        return torch.nn.functional.batch_norm(y, *torchs, training=training)

    size = f"{data_format} {list(shape)} {'training' if training else 'evaluation'}"
    yield Case(f"batch_norm {size}", in_paddle, in_torch)
    out, torch_out = in_paddle(), in_torch()
    inputs, torch_inputs = [x, *mine[2:]], [y, *torchs[2:]]
    yield Case(
        f"batch_norm_grad {size}",
        lambda: paddle.grad(out, inputs, seed, retain_graph=True),
        lambda: torch.autograd.grad(torch_out, torch_inputs, torch_seed, retain_graph=True),
    )


def fused_layer_norm(
    name: str, rows: int, columns: int, has_bias: bool = False, has_residual: bool = False
) -> Case:
    """Torch adds the terms one after the other."""
    (x, y), (weight, torch_weight), (shift, torch_shift) = (
        floats(rows, columns),
        floats(columns),
        floats(columns),
    )
    bias, torch_bias = floats(columns) if has_bias else (None, None)
    residual, torch_residual = floats(rows, columns) if has_residual else (None, None)

    def in_torch() -> torch.Tensor:
        total = y
        if torch_bias is not None:
            total = total + torch_bias
        if torch_residual is not None:
            total = total + torch_residual
        return torch.nn.functional.layer_norm(total, [columns], torch_weight, torch_shift)

    return Case(
        name,
        lambda: paddle.incubate.nn.functional.fused_layer_norm(
            x, weight, shift, 1e-5, bias=bias, residual=residual
        ),
        in_torch,
    )
