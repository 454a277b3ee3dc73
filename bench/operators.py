"""Times the mended operators beside stock Paddle's and Torch's, in one process on the same inputs.

    bazelw run //bench:operators -- [--threads N] [--rounds N] [--only NAME]... [--json FILE]

Each round times mended, stock and Torch one after the other; the table gives the median time of the
mended call and the median over the rounds of the ratios stock / mended and Torch / mended: above 1,
the mended call is faster. A ratio within a round is hardly touched by what else the machine does.

Memory that a call frees stays with the process: otherwise the C library gives large blocks back to
the system or not depending on what was freed before, and a call of 0.15 ms then takes 6 ms for the
page faults of its output, whoever computes it.

Before a contestant is timed, the threads of the others are given time to fall asleep: those of an
OpenMP runtime look out for work for up to 0.2 s (KMP_BLOCKTIME) after a call, on the cores that the
next contestant needs.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

import typer
from case import Case

# Parameters of mallopt(3).
_M_TRIM_THRESHOLD = -1
_M_MMAP_MAX = -4

# How long OpenMP's threads are given to fall asleep.
_SECONDS_OF_QUIET = 0.25


@dataclass(frozen=True)
class Timing:
    """Median seconds of a mended call, and median ratios over the rounds."""

    name: str
    seconds: float
    stock_over_mended: float
    torch_over_mended: float


def main(
    threads: int = typer.Option(1, min=1, help="Threads for every framework."),
    rounds: int = typer.Option(15, min=1),
    only: list[str] = typer.Option([""], help="Run the cases whose names contain one of these."),
    json_file: Optional[Path] = typer.Option(None, "--json", help="Write the timings there."),
) -> None:
    """Print the table of timings."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read by Paddle and by paddlemend
    import paddle
    import paddlemend
    import torch
    from cases import cases

    torch.set_num_threads(threads)
    paddlemend.install()
    keep_freed_memory()
    print(f"Paddle {paddle.__version__}, Torch {torch.__version__}, threads {threads}")
    print(f"{'case':44} {'mended':>10} {'stock/mended':>13} {'torch/mended':>13}")
    timings = []
    for case in cases():
        if any(part in case.name for part in only):
            timing = measure(case, rounds, paddlemend.stock)
            timings.append(timing)
            print(
                f"{timing.name:44} {timing.seconds * 1e6:8.1f}us"
                f" {timing.stock_over_mended:13.2f} {timing.torch_over_mended:13.2f}",
                flush=True,
            )
    if json_file:
        path = Path(os.environ.get("BUILD_WORKING_DIRECTORY", ".")) / json_file
        path.write_text(json.dumps([asdict(timing) for timing in timings], indent=1) + "\n")


def keep_freed_memory() -> None:
    """Makes malloc serve every size from its heap and never shrink it."""
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_MAX, 0)
    libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)


def measure(case: Case, rounds: int, stock: Callable) -> Timing:
    """Times a case in rounds, each long enough for the clock."""
    repeats = max(1, int(0.02 / seconds_per_call(case.paddle, 3)))
    mended, stock_ratio, torch_ratio = [], [], []
    for _ in range(rounds):
        ours = seconds_per_call(case.paddle, repeats)
        theirs = math.inf
        if not case.hopeless:
            with stock():
                theirs = seconds_per_call(case.paddle, repeats)
        torchs = seconds_per_call(case.torch, repeats)
        mended.append(ours)
        stock_ratio.append(theirs / ours)
        torch_ratio.append(torchs / ours)
    return Timing(
        case.name,
        statistics.median(mended),
        statistics.median(stock_ratio),
        statistics.median(torch_ratio),
    )


def seconds_per_call(function: Callable[[], object], repeats: int) -> float:
    """Mean over `repeats` calls after one that is not counted."""
    time.sleep(_SECONDS_OF_QUIET)
    function()
    start = time.perf_counter()
    for _ in range(repeats):
        function()
    return (time.perf_counter() - start) / repeats


if __name__ == "__main__":
    typer.run(main)
