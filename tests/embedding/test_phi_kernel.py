"""A kernel over the installed tree that Paddle's own macro registers, for builds of Paddle."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import paddle

EXAMPLE = "phi_kernel"


def test_paddle_runs_a_kernel_registered_over_the_library(example, dist, run):
    run("./build.sh", dist, Path(paddle.__file__).parent, cwd=example)
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if "site" in entry)
    printed = run(sys.executable, example / "use_kernel.py", cwd=example, PYTHONPATH=path)
    assert printed.splitlines()[-3:] == [
        "before: not registered",
        "after: [[3.5, 1.5]]",
        "out of range: refused",
    ]
