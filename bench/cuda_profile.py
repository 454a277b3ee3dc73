"""What the kernels of some cases of cuda_operators.py take on the GPU.

    python bench/cuda_profile.py NAME ...                        the time of each kernel
    python bench/cuda_profile.py --counters OUT.csv NAME ...     counters of the longest, by ncu
    python bench/cuda_profile.py --table OUT.csv                 these as a table in Markdown

A case runs if one of the names is part of its own.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
import sys
from collections.abc import Iterator

# What is counted, and the head of its column in the table.
METRICS = {
    "gpu__time_duration.sum": "us",
    "dram__bytes_read.sum": "MB read",
    "dram__bytes_write.sum": "MB written",
    "dram__throughput.avg.pct_of_peak_sustained_elapsed": "DRAM %",
    "lts__t_sector_hit_rate.pct": "L2 hits %",
    "sm__warps_active.avg.pct_of_peak_sustained_active": "occupancy %",
    "sm__inst_issued.avg.pct_of_peak_sustained_active": "issue %",
    "l1tex__data_pipe_lsu_wavefronts.avg.pct_of_peak_sustained_elapsed": "LSU %",
}
STALLS = "long_scoreboard lg_throttle mio_throttle short_scoreboard barrier wait math_pipe_throttle"
_STALL = "smsp__average_warps_issue_stalled_{}_per_issue_active.ratio"
_RANGE = "Push/Pop_Range"

# The rest takes a few microseconds each.
KERNELS = (
    "ForEachWarpKernel|StreamKernel|FillRowsKernel|Transpose[A-Za-z]*Kernel|ShortRowsKernel|"
    "MomentsOfRuns|RangeKernel|"
    "Onesweep|DeviceSelect|DeviceCompact|CompactInit|SelectSweep|UniqueSweep"
)


def selected(names: list[str]) -> Iterator:
    from cuda_operators import GROUPS

    for group in GROUPS.values():
        for case in group():
            if any(name in case.name for name in names):
                yield case


def print_times(names: list[str]) -> None:
    import torch
    from torch.profiler import ProfilerActivity, profile

    for case in selected(names):
        case.ours()
        torch.cuda.synchronize()
        with profile(activities=[ProfilerActivity.CUDA]) as profiled:
            case.ours()
            torch.cuda.synchronize()
        print(f"## {case.name}")
        for event in profiled.key_averages():
            print(f"{event.device_time_total:9.0f} us x{event.count}  {event.key[:110]}")


def run_counted(names: list[str]) -> None:
    """Runs under ncu: each case once to warm up, and once in a range with its name."""
    import torch

    for case in selected(names):
        case.ours()
        torch.cuda.synchronize()
        torch.cuda.cudart().cudaProfilerStart()
        torch.cuda.nvtx.range_push(case.name)
        case.ours()
        torch.cuda.synchronize()
        torch.cuda.nvtx.range_pop()
        torch.cuda.cudart().cudaProfilerStop()


def count(output: str, names: list[str]) -> int:
    metrics = [*METRICS, *(_STALL.format(stall) for stall in STALLS.split())]
    command = ["ncu", "--clock-control", "none", "--profile-from-start", "off", "--nvtx", "--csv"]
    command += ["--page", "raw", "--log-file", output, "--kernel-name", f"regex:{KERNELS}"]
    command += ["--metrics", ",".join(metrics), sys.executable, __file__, "--counted", *names]
    return subprocess.run(command).returncode


def print_table(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if not line.startswith("==")]
    stalls = STALLS.split()
    heads = ["case", "kernel", *METRICS.values(), *(stall.replace("_", " ") for stall in stalls)]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    units, *rows = csv.DictReader(lines)
    range_column = next(name for name in units if _RANGE in name)
    for row in rows:
        kernel = re.search(KERNELS, row["Kernel Name"]).group()
        case = row[range_column].split(":", 1)[1].split(":none")[0]
        numbers = []
        for metric in [*METRICS, *(_STALL.format(stall) for stall in stalls)]:
            value = float(row[metric].replace(",", "")) if row.get(metric) else float("nan")
            scale = {"ns": 1e-3, "Gbyte": 1e3, "Kbyte": 1e-3, "byte": 1e-6}.get(units[metric], 1)
            numbers.append(f"{value * scale:.1f}")
        print("| " + " | ".join([case, kernel, *numbers]) + " |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--counters", metavar="OUT.csv")
    parser.add_argument("--counted", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--table", metavar="OUT.csv")
    options = parser.parse_args()
    if options.table:
        print_table(options.table)
    elif options.counters:
        return count(options.counters, options.names)
    elif options.counted:
        run_counted(options.names)
    else:
        print_times(options.names)
    return 0


if __name__ == "__main__":
    sys.exit(main())
