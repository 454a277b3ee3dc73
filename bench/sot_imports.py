"""A transformer block that imports inside forward: mended SOT beside stock SOT and dygraph.

    ./bazelw run //bench:sot_imports
    ./bazelw run --config=paddle-3.0 //bench:sot_imports -- --rounds 5

Calls alternate, so that what else the machine does hits all alike; a ratio is the median of those
of calls next to each other. Times are processor time of the calling thread. `module level` is the
mended block with the same imports at module level: the difference to `mended` is what the imports
cost.
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


class Network(paddle.nn.Layer):
    """Blocks one after the other."""

    def __init__(self, blocks: list[Block]) -> None:
        super().__init__()
        self.blocks = paddle.nn.LayerList(blocks)

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class ModuleLevelBlock(Block):
    def forward(self, x):
        functional = module_functional
        shape = [BATCH, LENGTH, 3, HEADS, WIDTH // HEADS]
        q, k, v = self.projections(self.norm_1(x)).reshape(shape).transpose([2, 0, 3, 1, 4])
        scores = paddle.matmul(q, k, transpose_y=True) * (1.0 / (WIDTH // HEADS) ** 0.5)
        mixed = paddle.matmul(functional.softmax(scores), v).transpose([0, 2, 1, 3])
        x = x + self.output(mixed.reshape([BATCH, LENGTH, WIDTH]))
        return x + self.down(functional.gelu(self.up(self.norm_2(x))))


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
    """The forward of a network of `layers` blocks, all of its code new."""
    kind = type(block.__name__, (block,), {"forward": fresh(block.forward)})
    whole = type("Network", (Network,), {"forward": fresh(Network.forward)})
    return whole([kind() for _ in range(layers)]).forward


def variants(layers: int) -> dict[str, Callable[[], Callable[[paddle.Tensor], paddle.Tensor]]]:
    """What is compared: a function by name that makes it."""
    from paddle.jit.sot import symbolic_translate

    def stock() -> Callable[[paddle.Tensor], paddle.Tensor]:
        installation.uninstall()
        return symbolic_translate(network(ImportingBlock, layers))

    def mended(block: type[Block]) -> Callable[[paddle.Tensor], paddle.Tensor]:
        installation.install()
        return symbolic_translate(network(block, layers))

    return {
        "dygraph": lambda: network(ImportingBlock, layers),
        "stock": stock,
        "mended": lambda: mended(ImportingBlock),
        "module level": lambda: mended(ModuleLevelBlock),
    }


def measure(options: argparse.Namespace) -> dict[str, list[float]]:
    """Milliseconds and ratios, of guards microseconds, by name; one number a round."""
    x = paddle.randn([BATCH, LENGTH, WIDTH])
    results: dict[str, list[float]] = {}
    with paddle.no_grad():
        for _ in range(options.rounds):
            calls = {}
            for name, make in variants(options.layers).items():
                calls[name] = make()
                first = timed(calls[name], x)
                results.setdefault(f"{name}, first call", []).append(first)
                for _ in range(_GIVES_UP_AFTER):
                    calls[name](x)
            times: dict[str, list[float]] = {name: [] for name in calls}
            for _ in range(options.calls):
                for name, call in calls.items():
                    times[name].append(timed(call, x))
            for name, values in times.items():
                results.setdefault(name, []).append(statistics.median(values))
            for name in ("stock", "dygraph", "module level"):
                pairs = [ours / other for ours, other in zip(times["mended"], times[name])]
                results.setdefault(f"mended / {name}", []).append(statistics.median(pairs))
            for name in ("mended", "module level"):
                spent = guard_time(calls[name], x, options.calls)
                results.setdefault(f"guards of {name}, us", []).append(spent)
    return results


_GIVES_UP_AFTER = 12  # calls without a graph, after which Paddle leaves a function alone


def timed(call: Callable[[paddle.Tensor], object], x: paddle.Tensor) -> float:
    """Milliseconds of one call, by the thread's processor time."""
    start = time.thread_time()
    call(x)
    return (time.thread_time() - start) * 1e3


def guard_time(call: Callable[[paddle.Tensor], object], x: paddle.Tensor, calls: int) -> float:
    """Microseconds that the guards of a call take, the median of `calls` calls."""
    from paddle.jit.sot.opcode_translator.executor.executor_cache import OpcodeExecutorCache

    spent = [0.0]

    def timed_guard(guard: Callable[[object], bool]) -> Callable[[object], bool]:
        def check(frame: object) -> bool:
            start = time.thread_time()
            holds = guard(frame)
            spent[-1] += time.thread_time() - start
            return holds

        return check

    cache = OpcodeExecutorCache().cache
    entries = [each[0] if isinstance(each, tuple) else each for each in cache.values()]
    kept = [list(each) for each in entries]
    for guarded in entries:
        guarded[:] = [(code, timed_guard(guard)) for code, guard in guarded]
    for _ in range(calls):
        call(x)
        spent.append(0.0)
    for guarded, before in zip(entries, kept):
        guarded[:] = before
    return statistics.median(spent[:-1]) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--layers", type=int, default=4)
    options = parser.parse_args()
    paddle.seed(1)
    print(f"Paddle {paddle.__version__}, {options.layers} blocks; one column a round")
    for name, times in measure(options).items():
        print(f"{name:28}" + "".join(f"{each:10.3f}" for each in times))


if __name__ == "__main__":
    main()
