"""The error of the norms against float64, in units in the last place, as the mean moves from zero.

    bazelw run //bench:norm_precision

The largest error of the outputs of stock Paddle, the mended one and Torch, for standard normal
values around a mean of 0 to 1e6 deviations, in units of the last place of the reference; those
of a result below 1 count as of 1, since near zero every norm has cancelled.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import paddle
import paddlemend
import torch

RATIOS = (0.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6)
EPSILON = 1e-5


def batch_norm_in_paddle(x: np.ndarray) -> np.ndarray:
    mean, var = (paddle.to_tensor(np.full(x.shape[1], value, x.dtype)) for value in (0, 1))
    tensor = paddle.to_tensor(x)
    return paddle.nn.functional.batch_norm(
        tensor, mean, var, training=True, epsilon=EPSILON
    ).numpy()


def batch_norm_in_torch(x: np.ndarray) -> np.ndarray:
    tensor = torch.from_numpy(x)
    return torch.nn.functional.batch_norm(tensor, None, None, training=True, eps=EPSILON).numpy()


def layer_norm_in_paddle(x: np.ndarray) -> np.ndarray:
    weight, bias = (paddle.to_tensor(np.full(x.shape[1], value, x.dtype)) for value in (1, 0))
    tensor = paddle.to_tensor(x)
    return paddle.incubate.nn.functional.fused_layer_norm(tensor, weight, bias, EPSILON)[0].numpy()


def layer_norm_in_torch(x: np.ndarray) -> np.ndarray:
    return torch.nn.functional.layer_norm(torch.from_numpy(x), [x.shape[1]], eps=EPSILON).numpy()


def reference(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """In the widest format of the machine."""
    wide = x.astype(np.longdouble)
    wide -= wide.mean(axes, keepdims=True)
    return wide / np.sqrt((wide * wide).mean(axes, keepdims=True) + EPSILON)


def largest_error(result: np.ndarray, expected: np.ndarray) -> float:
    """In units in the last place; NaN if there is one."""
    unit = np.spacing(np.maximum(np.abs(expected), 1).astype(result.dtype))
    return float(np.max(np.abs(result - expected) / unit))


def row(x: np.ndarray, axes: tuple[int, ...], mended: Callable, in_torch: Callable) -> list[float]:
    """The errors of stock, mended and Torch; NaN where stock has no such kernel."""
    expected = reference(x, axes)
    with paddlemend.stock():
        try:
            stock = largest_error(mended(x), expected)
        except RuntimeError:
            stock = float("nan")
    return [stock, largest_error(mended(x), expected), largest_error(in_torch(x), expected)]


def main() -> None:
    """Prints a table for each norm and dtype."""
    paddlemend.install()
    random = np.random.default_rng(0)
    norms = {
        "batch_norm [64,8,28,28]": (
            (64, 8, 28, 28), (0, 2, 3), batch_norm_in_paddle, batch_norm_in_torch
        ),
        "batch_norm [50000,8]": ((50000, 8), (0,), batch_norm_in_paddle, batch_norm_in_torch),
        "fused_layer_norm [256,1024]": (
            (256, 1024), (1,), layer_norm_in_paddle, layer_norm_in_torch
        ),
    }  # fmt: skip
    print(f"Paddle {paddle.__version__}, Torch {torch.__version__}; largest error in ULP")
    for name, (shape, axes, mended, in_torch) in norms.items():
        for dtype in ("float32", "float64"):
            print(f"\n{name} {dtype}\n{'mean/std':>10} {'stock':>12} {'mended':>12} {'torch':>12}")
            normal = random.standard_normal(shape)
            for ratio in RATIOS:
                errors = row((normal + ratio).astype(dtype), axes, mended, in_torch)
                print(f"{ratio:10.0e} " + " ".join(f"{error:12.4g}" for error in errors))


if __name__ == "__main__":
    main()
