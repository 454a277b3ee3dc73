"""load() and load_inline()."""

from __future__ import annotations

import os
import shutil

import pytest
from environment import HERE, compilers, files_below

RELU = HERE / "sources/relu_op.cc"

LOAD = f"""
import sys; sys.path.insert(0, {str(HERE)!r})
import paddle, check_relu
from paddle.utils.cpp_extension import load
module = load(name="jit_ops", sources=[sys.argv[1]], build_directory=sys.argv[2], verbose=False)
check_relu.dygraph(module.custom_relu)
check_relu.static(module.custom_relu)
"""


OWN = """
import sys
from paddlemend.custom_op import load_inline
text = "int answer() { return %s; }" % sys.argv[2]
module = load_inline("inline_ops", text, functions=["answer"], build_directory=sys.argv[1])
assert module.answer() == int(sys.argv[2])
"""


def test_a_missing_build_directory_is_made_and_the_library_lies_where_paddle_puts_it(
    environment, tmp_path
):
    there = environment()
    output = there.run("-c", LOAD, RELU, tmp_path / "new/folder").stdout
    assert "relu_op.cc" in output, "a progress line"
    assert (tmp_path / "new/folder/jit_ops/jit_ops.so").is_file()
    assert not list(tmp_path.rglob("version.txt"))


def test_load_works_without_setuptools(environment, tmp_path):
    environment(None).run("-c", LOAD, RELU, tmp_path)


def test_a_second_process_compiles_nothing_and_a_changed_header_its_sources(environment, tmp_path):
    there = environment()
    source = tmp_path / "relu_op.cc"
    source.write_text('#include "half.h"\n' + RELU.read_text())
    header = tmp_path / "half.h"
    header.write_text("")
    there.run("-c", LOAD, source, tmp_path)
    assert "relu_op.cc" not in there.run("-c", LOAD, source, tmp_path).stdout
    header.write_text("// changed\n")
    assert "relu_op.cc" in there.run("-c", LOAD, source, tmp_path).stdout


def test_the_same_build_is_the_same_module_and_another_one_is_refused(environment, tmp_path):
    code = """
import sys
from paddlemend.custom_op import load_inline
def answer(number):
    text = "int answer() { return %d; }" % number
    return load_inline("inline_ops", text, functions=["answer"], build_directory=sys.argv[1])
first = answer(42)
assert first.answer() == 42 and answer(42) is first
try:
    answer(43)
except ImportError as error:
    print(error)
"""
    output = environment().run("-c", code, tmp_path).stdout
    assert "inline_ops was loaded before, from another build" in output


def test_load_inline_builds_an_operator_from_text(environment, tmp_path):
    code = f"""
import paddle, sys
sys.path.insert(0, {str(HERE)!r})
import check_relu
from paddlemend.custom_op import load_inline
text = open({str(RELU)!r}).read()
module = load_inline("inline_ops", cpp_sources=[text], build_directory=sys.argv[1])
check_relu.dygraph(module.custom_relu)
"""
    environment().run("-c", code, tmp_path)


@pytest.mark.parametrize("name", ["a.b", "1x", "class", ""])
def test_a_name_that_python_cannot_import_is_refused(environment, name):
    code = f"from paddlemend.custom_op import load\nload({name!r}, ['x.cc'])"
    output = environment().run("-c", code, ok=False).stdout
    assert f"ValueError: name is {name!r}, expected" in output


def test_a_failed_build_ends_with_the_compilers_message(environment, tmp_path):
    (tmp_path / "bad.cc").write_text("int f() { return nonsense; }\n")
    words = ("-c", LOAD, tmp_path / "bad.cc", tmp_path)
    output = environment().run(*words, ok=False, LC_ALL="C").stdout
    assert "error: 'nonsense' was not declared" in output
    assert "ninja: build stopped" not in output


def test_two_processes_at_once_build_one_library_and_both_load_it(environment, tmp_path):
    code = """
import subprocess, sys
words = [sys.executable, "-c", *sys.argv[1:]]
both = [subprocess.Popen(words, stdout=subprocess.PIPE) for _ in range(2)]
outputs = [process.communicate()[0].decode() for process in both]
assert [process.returncode for process in both] == [0, 0], outputs
print(sum("[1/2]" in output for output in outputs), "built")
"""
    output = environment().run("-c", code, LOAD, RELU, tmp_path).stdout
    assert output.endswith("1 built\n"), output


def test_folders_with_spaces_and_other_letters(environment, tmp_path):
    folder = tmp_path / "mit Leerzeichen/日本 $HOME 'é'"
    folder.mkdir(parents=True)
    shutil.copyfile(RELU, folder / "relu op.cc")
    environment().run("-c", LOAD, folder / "relu op.cc", folder / "gebaut")
    assert (folder / "gebaut/jit_ops/jit_ops.so").is_file()


def test_without_ninja_it_says_so_and_builds(environment, tmp_path):
    there = environment(programs=("ccache",))
    path = f"{there.folder / 'bin'}:{compilers()}"
    output = there.run("-c", LOAD, RELU, tmp_path, PATH=path).stdout
    assert "ninja is not on PATH" in output
    assert files_below(tmp_path)


def test_the_compiler_cache_is_used_for_cpp(environment, tmp_path):
    cache = tmp_path / "ccache"
    script = tmp_path / "bin/ccache"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho "$@" >> {cache}\nexec "$@"\n')
    script.chmod(0o755)
    there = environment()
    path = f"{script.parent}{os.pathsep}{there.variables['PATH']}"
    there.run("-c", LOAD, RELU, tmp_path, PATH=path)
    assert "relu_op.cc" in cache.read_text()


def test_a_build_directory_that_cannot_be_made_is_named(environment, tmp_path):
    (tmp_path / "file").write_text("")
    output = environment().run("-c", LOAD, RELU, tmp_path / "file", ok=False).stdout
    assert f"BuildError: build_directory is '{tmp_path / 'file'}', expected" in output


def test_a_default_build_directory_that_cannot_be_made_is_named(environment):
    code = f"from paddlemend.custom_op import load\nload('jit_ops', [{str(RELU)!r}])"
    output = environment().run("-c", code, ok=False, PADDLE_EXTENSION_DIR="/proc/none").stdout
    assert "BuildError: cannot make the folder '/proc/none'" in output


def test_a_text_in_place_of_the_list_of_functions_is_refused(environment):
    code = """
from paddlemend.custom_op import load_inline
load_inline("inline_ops", "int answer() { return 42; }", functions="answer")
"""
    output = environment().run("-c", code, ok=False).stdout
    assert "TypeError: functions is 'answer', expected a list" in output


def test_the_lines_of_a_text_are_those_of_the_compilers_message(environment, tmp_path):
    code = """
import sys
from paddlemend.custom_op import load_inline
load_inline("inline_ops", "int f();\\nint g() { return nonsense; }\\n", build_directory=sys.argv[1])
"""
    output = environment().run("-c", code, tmp_path, ok=False, LC_ALL="C").stdout
    assert "inline_0.cc:2:18: error: 'nonsense' was not declared" in output
    assert "    2 | int g() { return nonsense; }" in output


def test_two_processes_with_other_texts_of_one_name_each_load_their_own(environment, tmp_path):
    code = (
        """
import subprocess, sys
own = """
        + repr(OWN)
        + """
words = [sys.executable, "-c", own, sys.argv[1]]
all = [subprocess.Popen([*words, number]) for number in "12"]
assert [process.wait() for process in all] == [0, 0]
"""
    )
    environment().run("-c", code, tmp_path)
