"""The cases of the operator benchmark: tiny calls show the overhead, large ones the speed.

Those of other operators are in files of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import paddle
import torch
from attention_cases import attention_cases
from case import Case
from convolution_cases import convolution_cases
from elementwise_cases import elementwise_cases
from index_cases import index_cases
from linalg_cases import linalg_cases
from norm_cases import norm_cases
from unique_cases import unique_cases

RANDOM = np.random.default_rng(0)

# (name, x, target)
EXPANSIONS = [
    ("tiny [1,3]->[2,3]", (1, 3), (2, 3)),
    ("rows [1,1024]->[4096,1024]", (1, 1024), (4096, 1024)),
    ("columns [4096,1]->[4096,1024]", (4096, 1), (4096, 1024)),
    ("heads [8,8,1,128,64]->[8,8,4,128,64]", (8, 8, 1, 128, 64), (8, 8, 4, 128, 64)),
]

# (name, x, axis, indices)
ADDITIONS = [
    ("tiny [4,3] axis 0", (4, 3), 0, [1, 3]),
    ("rows [4096,1024] permuted", (4096, 1024), 0, RANDOM.permutation(4096)),
    ("rows [4096,1024] duplicates", (4096, 1024), 0, RANDOM.integers(0, 64, 4096)),
    ("columns [4096,1024] axis 1", (4096, 1024), 1, RANDOM.integers(0, 1024, 512)),
    ("middle [64,256,256] axis 1", (64, 256, 256), 1, RANDOM.permutation(256)),
]


def cases() -> Iterator[Case]:
    """Every case, inputs made when its turn comes."""
    for dtype in ["float32", "float16"]:
        for name, shape, target in EXPANSIONS:
            yield expand(f"expand {dtype} {name}", dtype, shape, target)
            yield expand_gradient(f"expand_grad {dtype} {name}", dtype, shape, target)
        for name, shape, axis, index in ADDITIONS:
            yield index_add(f"index_add {dtype} {name}", dtype, shape, axis, index)
            yield index_add_gradient(f"index_add_grad {dtype} {name}", dtype, shape, axis, index)
    yield from index_cases()
    yield from elementwise_cases()
    yield from unique_cases()
    yield from convolution_cases()
    yield from norm_cases()
    yield from linalg_cases()
    yield from attention_cases()


def pair(dtype: str, shape: tuple[int, ...]) -> tuple[paddle.Tensor, torch.Tensor]:
    """The same random values for both frameworks."""
    array = RANDOM.standard_normal(shape).astype(dtype)
    return paddle.to_tensor(array), torch.from_numpy(array)


def expand(name: str, dtype: str, shape: tuple, target: tuple) -> Case:
    """The copy, which Torch makes only when asked."""
    x, y = pair(dtype, shape)
    return Case(name, lambda: paddle.expand(x, target), lambda: y.expand(target).contiguous())


def expand_gradient(name: str, dtype: str, shape: tuple, target: tuple) -> Case:
    """The sum of the gradient over the broadcast dimensions."""
    x, y = pair(dtype, shape)
    x.stop_gradient = False
    y.requires_grad = True
    seed, torch_seed = pair(dtype, target)
    out, torch_out = paddle.expand(x, target), y.expand(target)
    return Case(
        name,
        lambda: paddle.grad(out, x, seed, retain_graph=True),
        lambda: torch.autograd.grad(torch_out, y, torch_seed, retain_graph=True),
    )


def index_add(name: str, dtype: str, shape: tuple, axis: int, index: np.ndarray) -> Case:
    """index_add out of place."""
    x, y = pair(dtype, shape)
    value, torch_value = pair(dtype, (*shape[:axis], len(index), *shape[axis + 1 :]))
    i, j = paddle.to_tensor(np.asarray(index)), torch.from_numpy(np.asarray(index))
    return Case(
        name,
        lambda: paddle.index_add(x, i, axis, value),
        lambda: torch.index_add(y, axis, j, torch_value),
    )


def index_add_gradient(name: str, dtype: str, shape: tuple, axis: int, index: np.ndarray) -> Case:
    """Both gradients of index_add."""
    x, y = pair(dtype, shape)
    value, torch_value = pair(dtype, (*shape[:axis], len(index), *shape[axis + 1 :]))
    for tensor in (x, value):
        tensor.stop_gradient = False
    for tensor in (y, torch_value):
        tensor.requires_grad = True
    seed, torch_seed = pair(dtype, shape)
    out = paddle.index_add(x, paddle.to_tensor(np.asarray(index)), axis, value)
    torch_out = torch.index_add(y, axis, torch.from_numpy(np.asarray(index)), torch_value)
    inputs, torch_inputs = [x, value], [y, torch_value]
    return Case(
        name,
        lambda: paddle.grad(out, inputs, seed, retain_graph=True),
        lambda: torch.autograd.grad(torch_out, torch_inputs, torch_seed, retain_graph=True),
    )
