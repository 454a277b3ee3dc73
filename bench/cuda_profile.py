"""Prints the GPU time of each kernel of some cases of cuda_operators.py.

python bench/cuda_profile.py NAME ...
"""

from __future__ import annotations

import sys

import torch
from cuda_operators import GROUPS
from torch.profiler import ProfilerActivity, profile


def main() -> int:
    for group in GROUPS.values():
        for case in group():
            if not any(name in case.name for name in sys.argv[1:]):
                continue
            case.ours()
            torch.cuda.synchronize()
            with profile(activities=[ProfilerActivity.CUDA]) as profiled:
                case.ours()
                torch.cuda.synchronize()
            print(f"## {case.name}")
            for event in profiled.key_averages():
                print(f"{event.device_time_total:9.0f} us x{event.count}  {event.key[:110]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
