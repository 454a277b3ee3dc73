"""Building operators: paddlemend beside stock Paddle and torch.utils.cpp_extension, in one run.

    ./bazelw run //bench:custom_op -- --sources 10 --rounds 3

A project of one operator and small sources is built by `setup.py build_ext` in child processes:
cold, again unchanged, and after one source was touched. Torch builds a library of as many sources,
each with `#include <torch/extension.h>` as ours has Paddle's header. Rounds alternate, so that what
else the machine does hits all alike; the table has the medians in seconds of the whole command, the
import of the framework included: of the clock, and of the processors, which a busy machine changes
least.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PADDLE_SOURCE = """\
#include "paddle/extension.h"
std::vector<paddle::Tensor> Op{i}(const paddle::Tensor& x) {{ return {{x + x}}; }}
PD_BUILD_OP(bench_op_{i}).Inputs({{"X"}}).Outputs({{"Out"}}).SetKernelFn(PD_KERNEL(Op{i}));
"""
PADDLE_SETUP = """\
from {module} import CppExtension, setup
setup(name="bench_ops", ext_modules=CppExtension(["op%d.cc" % i for i in range({count})]))
"""
TORCH_SOURCE = """\
#include <torch/extension.h>
at::Tensor op{i}(const at::Tensor& x) {{ return x + x; }}
"""
TORCH_SETUP = """\
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CppExtension
setup(name="bench_ops", cmdclass={{"build_ext": BuildExtension}},
      ext_modules=[CppExtension("bench_ops", ["op%d.cc" % i for i in range({count})])])
"""

# name -> (setup.py, source)
SUBJECTS = {
    "paddlemend": (PADDLE_SETUP.replace("{module}", "paddlemend.custom_op"), PADDLE_SOURCE),
    "stock Paddle": (PADDLE_SETUP.replace("{module}", "paddle.utils.cpp_extension"), PADDLE_SOURCE),
    "Torch": (TORCH_SETUP, TORCH_SOURCE),
}
STEPS = ("cold", "unchanged", "one source touched")


def write_project(folder: Path, subject: str, count: int) -> None:
    setup, source = SUBJECTS[subject]
    (folder / "setup.py").write_text(setup.format(count=count))
    for index in range(count):
        (folder / f"op{index}.cc").write_text(source.format(i=index))


def build(folder: Path, jobs: int) -> tuple[float, float]:
    """Seconds of `setup.py build_ext`: of the clock, and of all processors together."""
    environment = {
        **os.environ,
        "CCACHE_DISABLE": "1",
        "MAX_JOBS": str(jobs),
        "PADDLEMEND_COMPILER_CACHE": "",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    result = subprocess.run(
        [sys.executable, "setup.py", "build_ext"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if result.returncode:
        sys.exit(f"custom_op.py: the build failed\n{result.stdout}\n{result.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used


def measure(subject: str, count: int, jobs: int) -> dict[str, tuple[float, float]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_project(folder, subject, count)
        times = {"cold": build(folder, jobs), "unchanged": build(folder, jobs)}
        with open(folder / "op1.cc", "a") as file:
            file.write("// touched\n")
        times["one source touched"] = build(folder, jobs)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--subjects", nargs="*", choices=SUBJECTS, default=list(SUBJECTS))
    options = parser.parse_args()
    rounds: dict[str, list[dict[str, tuple[float, float]]]] = {
        subject: [] for subject in options.subjects
    }
    for _ in range(options.rounds):
        for subject in options.subjects:
            times = measure(subject, options.sources, options.jobs)
            rounds[subject].append(times)
            print(subject, times, file=sys.stderr, flush=True)
    print(f"{options.sources} sources, {options.jobs} jobs, {options.rounds} rounds, ", end="")
    print(f"Python {platform.python_version()}")
    for index, kind in enumerate(("seconds", "processor seconds")):
        print(f"\n| {kind} | " + " | ".join(STEPS) + " |\n|---|" + "---:|" * len(STEPS))
        for subject, measured in rounds.items():
            medians = [
                statistics.median(times[step][index] for times in measured) for step in STEPS
            ]
            print(f"| {subject} | " + " | ".join(f"{value:.1f}" for value in medians) + " |")


if __name__ == "__main__":
    main()
