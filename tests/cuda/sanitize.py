"""Small calls of every kernel, to be run under compute-sanitizer.

    compute-sanitizer --tool memcheck python tests/cuda/sanitize.py
    compute-sanitizer --tool memcheck python tests/cuda/sanitize.py --fault   # must report an error

Memory comes from cudaMalloc, one allocation a tensor, so that what lies beside one is noticed:
run it with PYTORCH_NO_CUDA_MEMORY_CACHING=1.
"""

from __future__ import annotations

import sys

import torch
from paddlemend import native
from test_on_gpu import calls, integers, normal


def fault() -> None:
    """Reads beyond a tensor: what the tool has to find."""
    x = torch.ones(1000, device="cuda")
    beyond = torch.as_strided(x, (1000,), (1,), 0)
    torch.cuda.synchronize()
    address = beyond.data_ptr() + (1 << 32)
    kernel = torch.cuda._compile_kernel(
        'extern "C" __global__ void peek(float* out, unsigned long long at)'
        "{ out[threadIdx.x] = *(float*)at; }",
        "peek",
    )
    kernel(grid=(1, 1, 1), block=(1, 1, 1), args=[x, address])
    torch.cuda.synchronize()


def branches():
    """Calls that take the ways through the kernels which calls() does not."""
    rows, half_rows = normal(130, 1024), normal(131, 1024, dtype=torch.float16)
    weight = normal(1024, seed=1)
    long_runs = torch.where(torch.arange(700, device="cuda") % 2 == 0, 5, integers(1000, 700))
    wide, value = normal(1000, 256), normal(700, 256, seed=2)
    yield "expand long rows", lambda: native.expand(rows[:, :1].contiguous(), [130, 4100])
    for dtype in (torch.int8, torch.float16, torch.float32, torch.float64):
        x = torch.ones(70, 130, device="cuda").to(dtype)
        yield (
            f"transposed copy {dtype}",
            lambda x=x: native.as_strided_copy(x.view(-1), [130, 70], [1, 130], 0),
        )
        yield f"expand_grad {dtype}", lambda x=x: native.expand_grad(x[:, :128], x[:1, :128])
    yield "index_add long runs", lambda: native.index_add(wide, long_runs, 0, value)
    yield (
        "layer_norm half",
        lambda: native.fused_layer_norm(half_rows, weight, weight, None, None, 1e-5, 1.0, 1),
    )
    yield (
        "layer_norm half residual",
        lambda: native.fused_layer_norm(
            half_rows, weight, weight, half_rows[0].clone(), half_rows, 1e-5, 1.0, 1
        ),
    )
    for bits in (31, 38, 46, 60):
        x = integers(1 << bits, 5000)
        yield f"unique below 2^{bits}", lambda x=x: native.unique(x)


def main() -> int:
    if "--fault" in sys.argv:
        fault()
        return 0
    number = 0
    for _, call in [*calls().items(), *branches()]:
        for _ in range(1 if "--once" in sys.argv else 2):
            call()
        torch.cuda.synchronize()
        number += 1
    shapes = [(1,), (7, 3), (33, 65)]
    for dtype in (torch.float16, torch.float64, torch.int8):
        for shape in shapes:
            x = torch.ones(shape, device="cuda").to(dtype)
            native.copysign(x, -x)
            native.expand(x, [3, *shape])
            native.unique(x, True, True, True)
            number += 3
    torch.cuda.synchronize()
    print(f"{number} calls ran")
    return 0


if __name__ == "__main__":
    sys.exit(main())
