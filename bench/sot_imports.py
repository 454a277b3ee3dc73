"""A transformer block that imports inside forward: mended SOT beside stock SOT and dygraph.

    ./bazelw run //bench:sot_imports
    ./bazelw run --config=paddle-3.0 //bench:sot_imports -- --rounds 5

Rounds alternate, so that what else the machine does hits all alike. Times are processor time of the
calling thread. `module level` is the mended block with the same imports at module level: the
difference to `mended` is what the guards of the imports cost.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
import types
from collections.abc import Callable

import paddle
import paddle.nn.functional as module_functional
from paddlemend.sot import installation

_copies = itertools.count(1)

WIDTH, HEADS, LENGTH, BATCH = 64, 4, 32, 2


class Block(paddle.nn.Layer):
    """Pre-norm self-attention and a feed-forward network; subclasses say where imports stand."""

    def __init__(self) -> None:
        super().__init__()
        self.norm_1 = paddle.nn.LayerNorm(WIDTH)
        self.norm_2 = paddle.nn.LayerNorm(WIDTH)
        self.projections = paddle.nn.Linear(WIDTH, 3 * WIDTH)
        self.output = paddle.nn.Linear(WIDTH, WIDTH)
        self.up = paddle.nn.Linear(WIDTH, 4 * WIDTH)
        self.down = paddle.nn.Linear(4 * WIDTH, WIDTH)


class ImportingBlock(Block):
    def forward(self, x):
        import math

        import paddle.nn.functional as functional

        shape = [BATCH, LENGTH, 3, HEADS, WIDTH // HEADS]
        q, k, v = self.projections(self.norm_1(x)).reshape(shape).transpose([2, 0, 3, 1, 4])
        scores = paddle.matmul(q, k, transpose_y=True) * (1.0 / math.sqrt(WIDTH // HEADS))
        mixed = paddle.matmul(functional.softmax(scores), v).transpose([0, 2, 1, 3])
        x = x + self.output(mixed.reshape([BATCH, LENGTH, WIDTH]))
        return x + self.down(functional.gelu(self.up(self.norm_2(x))))


class ModuleLevelBlock(Block):
    def forward(self, x):
        functional = module_functional
        shape = [BATCH, LENGTH, 3, HEADS, WIDTH // HEADS]
        q, k, v = self.projections(self.norm_1(x)).reshape(shape).transpose([2, 0, 3, 1, 4])
        scores = paddle.matmul(q, k, transpose_y=True) * (1.0 / (WIDTH // HEADS) ** 0.5)
        mixed = paddle.matmul(functional.softmax(scores), v).transpose([0, 2, 1, 3])
        x = x + self.output(mixed.reshape([BATCH, LENGTH, WIDTH]))
        return x + self.down(functional.gelu(self.up(self.norm_2(x))))


def median_time(call: Callable[[paddle.Tensor], object], x: paddle.Tensor, calls: int) -> float:
    """Median milliseconds of a call, by the thread's processor time."""
    times = []
    for _ in range(calls):
        start = time.thread_time()
        call(x)
        times.append(time.thread_time() - start)
    return statistics.median(times) * 1e3


def fresh(function):
    """A copy with a code object of its own: Paddle gives up on one that had no graph ten times."""
    line = function.__code__.co_firstlineno + 10_000 * next(_copies)
    return types.FunctionType(
        function.__code__.replace(co_firstlineno=line),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


def network(block: type[Block], layers: int) -> Callable[[paddle.Tensor], paddle.Tensor]:
    """A function that calls `layers` blocks, all of its code new."""
    kind = type(block.__name__, (block,), {"forward": fresh(block.forward)})
    blocks = [kind() for _ in range(layers)]

    def run(x):
        for each in blocks:
            x = each(x)
        return x

    return fresh(run)


def measure(options: argparse.Namespace) -> dict[str, list[float]]:
    """Milliseconds by name, one a round."""
    from paddle.jit.sot import symbolic_translate

    x = paddle.randn([BATCH, LENGTH, WIDTH])
    results: dict[str, list[float]] = {}

    def note(name: str, call: Callable[[paddle.Tensor], object]) -> None:
        start = time.thread_time()
        call(x)
        results.setdefault(f"{name}, first call", []).append((time.thread_time() - start) * 1e3)
        for _ in range(3):
            call(x)
        results.setdefault(name, []).append(median_time(call, x, options.calls))

    with paddle.no_grad():
        for _ in range(options.rounds):
            eager = network(ImportingBlock, options.layers)
            note("dygraph", eager)
            installation.uninstall()
            stock = symbolic_translate(network(ImportingBlock, options.layers))
            note("stock", stock)
            installation.install()
            mended = symbolic_translate(network(ImportingBlock, options.layers))
            note("mended", mended)
            moved = symbolic_translate(network(ModuleLevelBlock, options.layers))
            note("module level", moved)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--layers", type=int, default=4)
    options = parser.parse_args()
    paddle.seed(1)
    print(f"Paddle {paddle.__version__}, {options.layers} blocks, milliseconds, one column a round")
    for name, times in measure(options).items():
        print(f"{name:28}" + "".join(f"{each:10.2f}" for each in times))


if __name__ == "__main__":
    main()
