"""paddlemend's kernels on NumPy arrays and Torch tensors, without a copy and with no Paddle."""

from __future__ import annotations

import sys

import numpy
import torch
from paddlemend import native


def main() -> None:
    rows = numpy.from_dlpack(native.expand(numpy.array([1.0, 2.0]), [2, 2]))
    print("NumPy:", rows.tolist())

    # Any strides: a transposed view goes in as it is.
    matrix = torch.arange(6.0).reshape(2, 3).t()
    picked = torch.from_dlpack(native.index_sample(matrix, torch.tensor([[1], [0], [1]])))
    print("Torch:", picked.tolist())

    # From one library to the other.
    mixed = native.copysign(numpy.array([1.0, 2.0]), torch.tensor([-1.0, 1.0], dtype=torch.float64))
    print("both:", torch.from_dlpack(mixed).tolist())

    print("Paddle is imported:", "paddle" in sys.modules)


if __name__ == "__main__":
    main()
