"""What stock Paddle gets wrong, reproduced: each has its mended counterpart in the other files."""

from __future__ import annotations

import pytest
from environment import setup_py

TWO = 'name="ops", ext_modules=[CppExtension(["relu_op.cc"]), CppExtension(["double_op.cc"])]'


@pytest.fixture
def stock(environment):
    """An environment without paddlemend, and the minor version of its Paddle."""
    there = environment(mended=False)
    version = there.run("-c", "import paddle; print(paddle.__version__)").stdout.split()[-1]
    return there, tuple(map(int, version.split(".")[:2]))


def uninstall(there):
    there.pip("uninstall", "--yes", "relu_ops", ok=False)
    (there.site / "version.txt").unlink(missing_ok=True)


def test_pip_installs_what_cannot_be_imported_before_3_3(stock, project):
    there, version = stock
    there.run("-m", "pip", "install", "--no-build-isolation", ".", cwd=project())
    result = there.run("-c", "import paddle, relu_ops", ok=False)
    uninstall(there)
    assert (result.returncode == 0) == (version >= (3, 3))
    assert version >= (3, 3) or "does not define module export function" in result.stdout


def test_install_leaves_version_txt(stock, project):
    there, _ = stock
    there.run("setup.py", "install", cwd=project())
    there.pip("uninstall", "--yes", "relu_ops", ok=False)
    left = (there.site / "version.txt").exists()
    uninstall(there)
    assert left


def test_an_in_place_build_deletes_objects_of_the_user_since_3_1(stock, project):
    there, version = stock
    folder = project()
    (folder / "keep.o").write_text("mine")
    there.run("setup.py", "build_ext", "--inplace", cwd=folder)
    assert (folder / "keep.o").exists() == (version < (3, 1))


def test_two_extensions_are_refused(stock, project):
    there, _ = stock
    folder = project({"setup.py": setup_py(TWO)}, ["relu_op.cc", "double_op.cc"])
    output = there.run("setup.py", "build", cwd=folder, ok=False).stdout
    assert "Required only one Extension" in output


def test_a_failed_compile_ends_with_the_linkers_message(stock, project):
    there, _ = stock
    folder = project()
    (folder / "relu_op.cc").write_text("int f() { return nonsense; }\n")
    output = there.run("setup.py", "build", cwd=folder, ok=False).stdout
    assert output.index("nonsense") < output.index("is compiled")
    assert "-shared" in output.splitlines()[-1]


def test_a_missing_build_directory_is_refused(stock, tmp_path, project):
    there, _ = stock
    code = """
import sys
from paddle.utils.cpp_extension import load
load("jit_ops", [sys.argv[1]], build_directory=sys.argv[2])
"""
    source = project() / "relu_op.cc"
    output = there.run("-c", code, source, tmp_path / "new", ok=False).stdout
    assert "FileNotFoundError" in output


def test_paddle_needs_setuptools_to_be_imported(environment):
    result = environment(None, mended=False).run("-c", "import paddle", ok=False)
    assert "No module named 'setuptools'" in result.stdout


def test_no_wheel_has_the_headers_of_raw_operators(stock):
    """Paddle's own test of them is built inside Paddle's tree."""
    there, _ = stock
    code = """
import os, paddle
folder = os.path.join(paddle.sysconfig.get_include(), "paddle/fluid/framework")
names = ["custom_raw_op_kernel_func.h", "op_registry.h"]
print([name for name in names if os.path.exists(os.path.join(folder, name))])
"""
    assert there.run("-c", code).stdout.endswith("[]\n")
