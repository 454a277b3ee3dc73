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
from test_on_gpu import calls


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


def main() -> int:
    if "--fault" in sys.argv:
        fault()
        return 0
    number = 0
    for call in calls().values():
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
