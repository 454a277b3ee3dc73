"""The pybind11 module beside NumPy and Torch, with no Paddle."""

from __future__ import annotations

import os
import sys

EXAMPLE = "python"


def test_numpy_and_torch_tensors_go_in_and_out(example, run):
    path = os.pathsep.join(
        os.path.abspath(entry) for entry in sys.path if "site" in entry or "paddlemend" in entry
    )
    printed = run(sys.executable, example / "share_tensors.py", cwd=example, PYTHONPATH=path)
    assert printed.splitlines() == [
        "NumPy: [[1.0, 2.0], [1.0, 2.0]]",
        "Torch: [[3.0], [1.0], [5.0]]",
        "both: [-1.0, 2.0]",
        "Paddle is imported: False",
    ]
