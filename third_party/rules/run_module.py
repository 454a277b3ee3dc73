"""Runs the module named by the first argument as `python -m` does: for py_binary targets."""

from __future__ import annotations

import os
import runpy
import sys

if __name__ == "__main__":
    os.environ.pop("TEST_TMPDIR", None)
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
