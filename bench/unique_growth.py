"""How the cost of unique grows with the number of values.

    bazelw run //bench:unique_growth -- [MOST]

Processor time of one call on one thread, for 10^4 values and ten times as many each time up to
MOST (10^8: some 5 GB of memory): int64 numbers anywhere and below their number, and rows of two.
`/ n log2 n` says what is left when that is divided out; it stays where cost grows as n log n.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import paddle
import paddlemend

RANDOM = np.random.default_rng(0)


def inputs(size: int) -> Iterator[tuple[str, np.ndarray, dict]]:
    numbers = {"return_inverse": True, "return_counts": True}
    anywhere = RANDOM.integers(-(2**62), 2**62, size)
    yield "anywhere", anywhere, {}
    yield "anywhere, inverse, counts", anywhere, numbers
    yield "below n, inverse, counts", RANDOM.integers(0, size, size), numbers
    rows = RANDOM.integers(0, max(int(size**0.5), 1), (size // 2, 2))
    yield "rows of two, inverse, counts", rows, {**numbers, "axis": 0}


def seconds(call: Callable[[], object], size: int) -> float:
    """Processor time, the least of several calls of small inputs."""
    times = []
    for _ in range(5 if size <= 1_000_000 else 1):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print a line for each input of each size."""
    most = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**8
    paddlemend.install()
    print(f"{'unique int64':32}{'values':>12}{'seconds':>10}{'ns / n log2 n':>15}")
    size = 10_000
    while size <= most:
        for name, array, options in inputs(size):
            x = paddle.to_tensor(array)
            taken = seconds(partial(paddle.unique, x, **options), size)
            unit = taken * 1e9 / (size * math.log2(size))
            print(f"{name:32}{size:12}{taken:10.4f}{unit:15.3f}", flush=True)
        size *= 10


if __name__ == "__main__":
    main()
