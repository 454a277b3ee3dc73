"""The transparent cure of paddle.utils.cpp_extension, by the wheel's .pth file and by install()."""

from __future__ import annotations

WHO = "import paddle.utils.cpp_extension as e; print(e.BuildExtension.__module__, e.setup.__name__)"
OURS, PADDLES = "paddlemend.custom_op.build_extension", "paddle.utils.cpp_extension.cpp_extension"


def test_the_pth_file_mends_a_process_that_imports_paddle(environment):
    assert environment().run("-c", WHO).stdout.endswith(f"{OURS} setup\n")


def test_a_variable_turns_the_pth_file_off(environment):
    assert PADDLES in environment().run("-c", WHO, PADDLEMEND_CUSTOM_OP="0").stdout


def test_a_process_without_paddle_imports_nothing_of_ours_but_the_finder(environment):
    code = "import sys, json; print([n for n in sys.modules if 'paddle' in n or n == 'setuptools'])"
    assert environment().run("-c", code).stdout == "['_paddlemend_custom_op']\n"


def test_an_error_of_ours_leaves_paddle_as_it_is_with_a_warning(environment, tmp_path):
    (tmp_path / "paddlemend").mkdir()
    (tmp_path / "paddlemend/__init__.py").write_text("raise OSError('broken')")
    output = environment().run("-c", WHO, PYTHONPATH=str(tmp_path)).stdout
    assert "RuntimeWarning: paddlemend leaves paddle.utils.cpp_extension as it is" in output
    assert PADDLES in output


def test_install_keeps_the_functions_that_a_program_took_before_and_uninstall_restores(environment):
    code = """
import paddle
from paddle.utils import cpp_extension
from paddle.utils.cpp_extension import cpp_extension as module, setup, load, CppExtension
stock = cpp_extension.BuildExtension
codes = [f.__code__ for f in (setup, load, CppExtension)]
from paddlemend.custom_op import installation
from paddlemend.custom_op.build_extension import BuildExtension
for _ in range(2):
    installation.install(); installation.install()
    assert installation.state() == "on"
    assert cpp_extension.BuildExtension is module.BuildExtension is BuildExtension
    assert type(CppExtension(["a.cc"])).__name__ == "OperatorExtension"
    installation.uninstall()
    assert installation.state() == "off"
    assert cpp_extension.BuildExtension is module.BuildExtension is stock
    assert codes == [f.__code__ for f in (setup, load, CppExtension)]
print("restored")
"""
    assert "restored" in environment().run("-c", code, PADDLEMEND_CUSTOM_OP="0").stdout


def test_the_install_of_the_package_mends_custom_operators_unless_it_is_told_not_to(environment):
    code = """
import paddle, paddlemend
from paddlemend.kernels import installation
installation.install = installation.uninstall = lambda *_: None  # this wheel has no kernels
for wanted, state in ((False, "off"), (True, "on")):
    paddlemend.install(sot=False, custom_op=wanted)
    assert paddlemend.status().custom_op == state
paddlemend.uninstall()
assert paddlemend.status().custom_op == "off"
print("as told")
"""
    assert "as told" in environment().run("-c", code, PADDLEMEND_CUSTOM_OP="0").stdout


def test_install_before_the_import_of_paddle_follows_it(environment):
    code = "from paddlemend.custom_op import installation; installation.install()\n" + WHO
    assert OURS in environment().run("-c", code, PADDLEMEND_CUSTOM_OP="0").stdout


def test_install_says_in_the_status_that_custom_operators_are_mended(environment):
    code = """
import paddlemend
from paddlemend.custom_op import installation
print(paddlemend.status().custom_op)
installation.install()
print(paddlemend.status())
"""
    output = environment().run("-c", code, PADDLEMEND_CUSTOM_OP="0").stdout
    assert output.startswith("off\n")
    assert "custom operators  on\n" in output


def test_paddle_is_imported_without_setuptools_and_setup_says_what_it_needs(environment):
    there = environment(None)
    assert there.run("-c", "import paddle", ok=False, PADDLEMEND_CUSTOM_OP="0").returncode
    code = """
import paddle, sys
assert "setuptools" not in sys.modules
try:
    import setuptools
except ModuleNotFoundError:
    print("absent")
from paddle.utils.cpp_extension import setup
setup(name="x")
"""
    output = there.run("-c", code, ok=False).stdout
    assert "absent" in output
    assert output.endswith("ImportError: setup needs setuptools: pip install setuptools\n")
