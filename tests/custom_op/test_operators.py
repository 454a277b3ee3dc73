"""The behaviours of Paddle's own tests of custom operators, by setup() and by load().

Each test is named after Paddle's; README.md of this folder maps them.
"""

from __future__ import annotations

import os
import shutil
from functools import cache

import pytest
from environment import HERE, Environment, session_folder, setup_py, write_project

SETUPTOOLS = os.environ["SETUPTOOLS"].split()
SOURCES = sorted(path.name for path in (HERE / "operators").glob("*.cc"))
NAMES = [
    "dispatch",
    "multi_out",
    "attrs",
    "cast",
    "concat",
    "conj",
    "linear",
    "simple_slice",
    "tanh_double_grad",
    "inplace",
    "optional",
    "contiguous",
    "tensor_operator",
]

JIT = f"""
import sys; sys.path.insert(0, {str(HERE)!r})
import os, runpy
from paddle.utils.cpp_extension import load
os.chdir(sys.argv[1])
sources = sorted(name for name in os.listdir() if name.endswith(".cc"))
sys.modules["upstream_ops"] = load(name="upstream_ops", sources=sources)
sys.argv[1:] = ["upstream_ops"]
runpy.run_module("check_operators", run_name="__main__")
"""


@cache
def results(form: str, setuptools: str) -> dict[str, str]:
    """What check_operators.py says of each name."""
    there = Environment(session_folder() / f"{form}{setuptools}", setuptools)
    arguments = f'name="upstream_ops", ext_modules=CppExtension(sources={SOURCES})'
    folder = write_project(session_folder() / f"p{form}{setuptools}" / "p", {}, [])
    (folder / "setup.py").write_text(setup_py(arguments))
    for name in SOURCES:
        shutil.copyfile(HERE / "operators" / name, folder / name)
    if form == "setup":
        there.run("-m", "pip", "install", "--no-build-isolation", ".", cwd=folder)
        output = there.run(HERE / "check_operators.py", "upstream_ops").stdout
    else:
        output = there.run("-c", JIT, folder).stdout
    lines = [line.split(" ", 1) for line in output.splitlines() if line.split(" ")[0] in NAMES]
    return dict(lines)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["setup", "jit"])
@pytest.mark.parametrize("setuptools", SETUPTOOLS)
def test_upstream_behaviour(name, form, setuptools):
    assert results(form, setuptools)[name] == "ok"
