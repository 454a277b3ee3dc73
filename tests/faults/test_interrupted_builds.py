"""A build that is killed at a random moment: the next one is right."""

from __future__ import annotations

import random
import time

from checkout import QUICK_BUILD
from conftest import machines_bazel

TRIALS = 5
TEST = "//cc/kernels:parallel_test"


def test_after_kill_9_at_a_random_moment_of_a_build_the_next_one_is_right(clone):
    """Each trial compiles anew, by a definition of its own, in the output base of those before."""
    outputs = clone.source.parent / "outputs"

    def words(trial: int) -> tuple[str, ...]:
        return (f"--output_base={outputs}", "test", *QUICK_BUILD, f"--copt=-DTRIAL={trial}", TEST)

    def build(trial: int) -> float:
        started = time.monotonic()
        status, printed = clone.run(*words(trial), **machines_bazel())
        assert status == 0, printed
        assert "PASSED" in printed
        return time.monotonic() - started

    moments = random.Random(0)
    build(0)  # which also fetches
    seconds = build(1)
    for trial in range(2, TRIALS + 2):
        process = clone.start(*words(trial), **machines_bazel())
        time.sleep(moments.uniform(0, seconds))
        clone.kill_server(outputs)
        clone.kill(process)
        build(trial)
    clone.kill_server(outputs)
