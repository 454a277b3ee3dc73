"""The cases of conv2d and conv2d_transpose."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import paddle
import torch
from case import Case

RANDOM = np.random.default_rng(0)

# name, image [n, channels, height, width], weight, arguments
CONVOLUTIONS = (
    ("[16,64,56,56] k3", (16, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    ("[8,256,28,28] k1", (8, 256, 28, 28), (64, 256, 1, 1), {}),
    ("[4,3,224,224] k7 stride 2", (4, 3, 224, 224), (64, 3, 7, 7), {"stride": 2, "padding": 3}),
    ("[8,512,7,7] k3", (8, 512, 7, 7), (512, 512, 3, 3), {"padding": 1}),
    ("[8,96,56,56] depthwise k3", (8, 96, 56, 56), (96, 1, 3, 3), {"padding": 1, "groups": 96}),
    ("[2,4,9,8] k3", (2, 4, 9, 8), (6, 4, 3, 3), {}),
)
TRANSPOSED = (
    ("[16,64,28,28] k3", (16, 64, 28, 28), (64, 64, 3, 3), {"padding": 1}),
    ("[4,128,32,32] k4 stride 2", (4, 128, 32, 32), (128, 64, 4, 4), {"stride": 2, "padding": 1}),
)


def convolution_cases() -> Iterator[Case]:
    """Every case, inputs made when its turn comes."""
    for name, image, weight, options in CONVOLUTIONS:
        yield forward(f"conv2d {name}", "conv2d", image, weight, options)
        yield backward(f"conv2d gradients {name}", "conv2d", image, weight, options)
    for name, image, weight, options in TRANSPOSED:
        yield forward(f"conv2d_transpose {name}", "conv2d_transpose", image, weight, options)
        yield backward(
            f"conv2d_transpose gradients {name}", "conv2d_transpose", image, weight, options
        )


def functions(operator: str):
    """The function of Paddle and that of Torch."""
    in_torch = {"conv2d": "conv2d", "conv2d_transpose": "conv_transpose2d"}[operator]
    return getattr(paddle.nn.functional, operator), getattr(torch.nn.functional, in_torch)


def pair(shape: tuple) -> tuple[paddle.Tensor, torch.Tensor]:
    """The same values for both frameworks."""
    array = RANDOM.standard_normal(shape, np.float32)
    return paddle.to_tensor(array), torch.from_numpy(array)


def forward(name: str, operator: str, image: tuple, weight: tuple, options: dict) -> Case:
    """Without gradients."""
    (x, y), (w, v) = pair(image), pair(weight)
    ours, theirs = functions(operator)
    return Case(name, lambda: ours(x, w, **options), lambda: theirs(y, v, **options))


def backward(name: str, operator: str, image: tuple, weight: tuple, options: dict) -> Case:
    """Both gradients."""
    (x, y), (w, v) = pair(image), pair(weight)
    for tensor in (x, w):
        tensor.stop_gradient = False
    for tensor in (y, v):
        tensor.requires_grad = True
    ours, theirs = functions(operator)
    out, torch_out = ours(x, w, **options), theirs(y, v, **options)
    seed, torch_seed = pair(tuple(torch_out.shape))
    return Case(
        name,
        lambda: paddle.grad(out, [x, w], seed, retain_graph=True),
        lambda: torch.autograd.grad(torch_out, [y, v], torch_seed, retain_graph=True),
    )
