"""The error of conv2d and its gradients against float64, beside stock Paddle and Torch.

    bazelw run //bench:convolution_precision

Norms of the error over the norm of the float64 result, for standard normal values: of the output,
and of the gradients of x and weight.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import paddle
import paddlemend
import torch

# name, x, weight, options
CONVOLUTIONS = (
    ("[4,64,56,56] k3", (4, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
    ("[8,512,7,7] k3", (8, 512, 7, 7), (512, 512, 3, 3), {"padding": 1}),
    ("[2,3,224,224] k7 stride 2", (2, 3, 224, 224), (64, 3, 7, 7), {"stride": 2, "padding": 3}),
    ("[4,256,28,28] k1", (4, 256, 28, 28), (64, 256, 1, 1), {}),
    ("[8,96,56,56] depthwise k3", (8, 96, 56, 56), (96, 1, 3, 3), {"padding": 1, "groups": 96}),
)
DTYPES = ("float32", "float16", "bfloat16")
Results = list[np.ndarray]


def in_torch(x: np.ndarray, weight: np.ndarray, dtype: str, options: dict) -> Results:
    leaves = [torch.from_numpy(a).to(getattr(torch, dtype)).requires_grad_() for a in (x, weight)]
    out = torch.nn.functional.conv2d(*leaves, **options)
    seed = torch.ones_like(out)
    return [t.detach().double().numpy() for t in (out, *torch.autograd.grad(out, leaves, seed))]


def in_paddle(x: np.ndarray, weight: np.ndarray, dtype: str, options: dict) -> Results:
    leaves = [paddle.to_tensor(a).astype(dtype).detach() for a in (x, weight)]
    for leaf in leaves:
        leaf.stop_gradient = False
    out = paddle.nn.functional.conv2d(*leaves, **options)
    results = (out, *paddle.grad(out, leaves, paddle.ones_like(out)))
    return [t.astype("float64").numpy() for t in results]


def in_stock(*arguments) -> Results:
    """NaN where the wheel has no such kernel."""
    with paddlemend.stock():
        try:
            return in_paddle(*arguments)
        except RuntimeError:
            return [np.full((), np.nan)] * 3


def errors(results: Results, expected: Results) -> list[float]:
    return [
        float(np.linalg.norm((found - right).ravel()) / np.linalg.norm(right.ravel()))
        for found, right in zip(results, expected)
    ]


def rounded(array: np.ndarray, dtype: str) -> np.ndarray:
    """As float64, with what `dtype` holds: the inputs of all are the same."""
    return torch.from_numpy(array).to(getattr(torch, dtype)).double().numpy()


def main() -> None:
    """Prints a table."""
    paddlemend.install()
    random = np.random.default_rng(0)
    contestants: dict[str, Callable] = {"stock": in_stock, "mended": in_paddle, "torch": in_torch}
    print(f"Paddle {paddle.__version__}, Torch {torch.__version__}; norm of the error, relative")
    print(f"{'case':44} {'':8} {'out':>10} {'x grad':>10} {'weight grad':>12}")
    for name, shape, weight_shape, options in CONVOLUTIONS:
        values = [random.standard_normal(size).astype("float32") for size in (shape, weight_shape)]
        for dtype in DTYPES:
            x, weight = (rounded(value, dtype) for value in values)
            expected = in_torch(x, weight, "float64", options)
            for contestant, function in contestants.items():
                row = errors(
                    function(x.astype("float32"), weight.astype("float32"), dtype, options),
                    expected,
                )
                figures = f"{row[0]:10.2e} {row[1]:10.2e} {row[2]:12.2e}"
                print(f"{name + ' ' + dtype:44} {contestant:8} {figures}", flush=True)


if __name__ == "__main__":
    main()
