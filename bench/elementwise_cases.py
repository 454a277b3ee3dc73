"""The cases of copysign."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import paddle
import torch
from case import Case

RANDOM = np.random.default_rng(0)

# (name, x, y)
SHAPES = [
    ("tiny [2,3]", (2, 3), (2, 3)),
    ("[2048,2048]", (2048, 2048), (2048, 2048)),
    ("[2048,2048] by a row", (2048, 2048), (2048,)),
    ("[2048,2048] by a column", (2048, 2048), (2048, 1)),
    ("[1398101,3] by a row", (1398101, 3), (3,)),
]


def elementwise_cases() -> Iterator[Case]:
    """Every case, inputs made when its turn comes."""
    for dtype in ["float32", "float16"]:
        for name, x_shape, y_shape in SHAPES:
            yield copysign(f"copysign {dtype} {name}", dtype, x_shape, y_shape)
        yield copysign_gradient(f"copysign_grad {dtype} [2048,2048]", dtype, (2048, 2048))
    yield copysign("copysign int32 [2048,2048]", "int32", (2048, 2048), (2048, 2048))


def pair(dtype: str, shape: tuple[int, ...]) -> tuple[paddle.Tensor, torch.Tensor]:
    """The same random values for both frameworks."""
    array = (8 * RANDOM.standard_normal(shape)).astype(dtype)
    return paddle.to_tensor(array), torch.from_numpy(array)


def copysign(name: str, dtype: str, x_shape: tuple, y_shape: tuple) -> Case:
    """copysign out of place."""
    (x, torch_x), (y, torch_y) = pair(dtype, x_shape), pair(dtype, y_shape)
    return Case(name, lambda: paddle.copysign(x, y), lambda: torch_x.copysign(torch_y))


def copysign_gradient(name: str, dtype: str, shape: tuple) -> Case:
    """Both gradients."""
    mine, torchs = zip(pair(dtype, shape), pair(dtype, shape))
    for tensor in mine:
        tensor.stop_gradient = False
    for tensor in torchs:
        tensor.requires_grad = True
    seed, torch_seed = pair(dtype, shape)
    out, torch_out = paddle.copysign(*mine), torchs[0].copysign(torchs[1])
    return Case(
        name,
        lambda: paddle.grad(out, mine, seed, retain_graph=True),
        lambda: torch.autograd.grad(torch_out, torchs, torch_seed, retain_graph=True),
    )
