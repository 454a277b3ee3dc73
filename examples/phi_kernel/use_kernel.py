"""Paddle with the kernel of index_sample_kernel.so: bfloat16, which the wheel lacks."""

from __future__ import annotations

import ctypes
from pathlib import Path

import paddle


def main() -> None:
    x = paddle.to_tensor([[1.5, 2.5, 3.5]], "bfloat16")
    try:
        paddle.index_sample(x, paddle.to_tensor([[2, 0]]))
    except RuntimeError as error:
        print("before:", "not registered" if "not registered" in str(error) else error)

    ctypes.CDLL(str(Path(__file__).with_name("index_sample_kernel.so").resolve()))
    out = paddle.index_sample(x, paddle.to_tensor([[2, 0]]))
    print("after:", out.astype("float32").tolist())
    try:
        paddle.index_sample(x, paddle.to_tensor([[3]]))
    except ValueError:
        print("out of range: refused")


if __name__ == "__main__":
    main()
