"""What needs no build: names, layouts, flags, the language of ninja, stubs, locks."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path, PurePath

import pytest
import setuptools
from environment import compilers, files_below, tools, write_project
from paddlemend.custom_op import cuda, execution, toolchain
from paddlemend.custom_op.commands import CleanCommand
from paddlemend.custom_op.distribution import with_names
from paddlemend.custom_op.errors import BuildError
from paddlemend.custom_op.extensions import CppExtension
from paddlemend.custom_op.layout import import_name, is_importable, layout
from paddlemend.custom_op.lock import build_lock
from paddlemend.custom_op.names import check_name, name_extensions
from paddlemend.custom_op.plan import Library, Plan, Step, make_plan
from paddlemend.custom_op.stub import is_stub, write_stub


def test_a_top_level_extension_is_a_package_and_a_dotted_one_a_module():
    assert layout("ops").files == (PurePath("ops/ops_pd_.so"), PurePath("ops/__init__.py"))
    assert layout("a.b.ops").files == (PurePath("a/b/ops_pd_.so"), PurePath("a/b/ops.py"))


@pytest.mark.parametrize(
    ("distribution", "name"),
    [("my-ops", "my_ops"), ("my.ops", "my.ops"), ("My_Ops2", "My_Ops2"), ("a b", "a_b")],
)
def test_import_names_have_underscores_for_dashes(distribution, name):
    assert import_name(distribution) == name
    assert is_importable(name)


def named(given, distribution, modules=()):
    extensions = [CppExtension(["a.cc"], **({"name": name} if name else {})) for name in given]
    name_extensions(extensions, distribution, set(modules))
    return [extension.name for extension in extensions]


@pytest.mark.parametrize(
    ("given", "distribution", "modules", "expected"),
    [
        ([None], "ops", (), ["ops"]),
        (["own"], "ops", (), ["ops"]),  # as Paddle has it
        (["own"], "my-ops", (), ["own"]),  # Paddle's `my-ops` could not be imported
        (["own"], "pkg", ("pkg",), ["own"]),  # Paddle's would replace the package
        (["pkg._ops"], "pkg", ("pkg",), ["pkg._ops"]),
        ([None], "pkg.ops", (), ["pkg.ops"]),
        (["a", "b"], "ops", (), ["a", "b"]),
    ],
)
def test_the_name_of_an_extension(given, distribution, modules, expected):
    assert named(given, distribution, modules) == expected


def read_project(folder, files, monkeypatch, **attributes):
    """The packages of a project with an extension, and the modules that it may not be named as."""
    monkeypatch.chdir(write_project(folder / "p", files))
    names = []
    extension = CppExtension(["a.cc"])
    read = with_names(setuptools.Distribution, names.append)(
        {"ext_modules": [extension], **attributes}
    )
    read.parse_config_files()
    return read.packages, names


PYPROJECT = {"pyproject.toml": '[project]\nname = "pkg"\nversion = "1"\n'}


@pytest.mark.parametrize(
    ("source", "files", "attributes"),
    [
        ("src/pkg", PYPROJECT, {}),  # found by setuptools
        ("pkg", PYPROJECT, {}),
        ("pkg", {"setup.cfg": "[options]\npackages = find:\n"}, {}),
        ("other", {}, {"packages": ["pkg"], "package_dir": {"pkg": "other"}}),
    ],
)
def test_an_extension_may_not_have_the_name_of_a_module_wherever_it_is_declared(
    source, files, attributes, tmp_path, monkeypatch
):
    files = {**files, f"{source}/__init__.py": "", f"{source}/helper.py": ""}
    _, names = read_project(tmp_path, files, monkeypatch, **attributes)
    assert names == [{"pkg", "pkg.helper"}]


def test_the_stub_of_an_in_place_build_is_not_found_as_a_second_package(tmp_path, monkeypatch):
    write_stub(tmp_path / "stub.py", "ops_pd_.so", "3.3.1")
    stub = (tmp_path / "stub.py").read_text()
    files = {**PYPROJECT, "pkg/__init__.py": "", "ops/__init__.py": stub}
    packages, _ = read_project(tmp_path, files, monkeypatch)
    assert packages == ["pkg"]


def test_the_callers_lists_stay_as_they_are():
    given = {"include_dirs": ["a"], "extra_link_args": [], "extra_compile_args": {"cxx": ["-g"]}}
    CppExtension(["a.cc"], **given)
    assert given == {
        "include_dirs": ["a"],
        "extra_link_args": [],
        "extra_compile_args": {"cxx": ["-g"]},
    }


@pytest.mark.parametrize(
    ("argument", "value", "named"),
    [
        ("include_dirs", "include", "include_dirs is 'include'"),
        ("extra_link_args", "-lm", "extra_link_args is '-lm'"),
        ("extra_compile_args", {"cxx": "-O2"}, r"extra_compile_args\['cxx'\] is '-O2'"),
        ("libraries", "helper", "libraries is 'helper'"),
    ],
)
def test_a_text_in_place_of_a_list_is_refused(argument, value, named):
    with pytest.raises(TypeError, match=f"{named}, expected a list"):
        CppExtension(["a.cc"], **{argument: value})


def test_the_names_of_pythons_modules_are_known_without_a_list_of_them(monkeypatch):
    monkeypatch.delattr("sys.stdlib_module_names", raising=False)  # as before Python 3.10
    for name in ("json", "sys", "math"):
        with pytest.raises(ValueError, match=f"would hide the module '{name}'"):
            check_name(name, set())
    check_name("relu_ops", set())


def test_a_missing_object_is_named_with_its_argument(tmp_path):
    with pytest.raises(BuildError, match="extra_objects has 'a_o', expected a file"):
        make_plan(Library("ops", [], objects=["a_o"]), tmp_path / "objects", tmp_path)


def test_a_source_that_is_given_twice_is_named(tmp_path):
    (tmp_path / "a.cc").write_text("")
    with pytest.raises(BuildError, match=r"sources has 'a\.cc' twice"):
        make_plan(Library("ops", ["a.cc", "./a.cc"]), tmp_path / "objects", tmp_path)


def test_a_changed_library_is_linked_again(tmp_path):
    folder = write_project(tmp_path / "p", {"a.cc": "", "two/libone.a": "", "two/libone.so": ""})
    library = Library("ops", ["a.cc"], library_dirs=["none", "two"], libraries=["one", "m"])
    (link,) = make_plan(library, tmp_path / "objects", folder).link
    assert link.inputs[1:] == (str(folder / "two/libone.so"),)


def test_a_comma_in_a_runtime_folder_is_kept(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(compilers()))
    (tmp_path / "a.c").write_text("")
    folders = toolchain.library_dirs(use_cuda=False)
    library = Library("ops", ["a.c"], library_dirs=folders, runtime_dirs=["/one,two"])
    built = execution.run(make_plan(library, tmp_path / "o", tmp_path), tmp_path / "o")
    assert b"\0/one,two\0" in built.read_bytes()


def test_named_architectures_and_numbers_of_each_spelling(monkeypatch):
    monkeypatch.setenv("PADDLE_CUDA_ARCH_LIST", "Ampere;90a 120")
    assert [flag.split("=", 1)[1] for flag in cuda.architecture_flags()] == [
        "arch=compute_80,code=sm_80",
        "arch=compute_86,code=sm_86",
        "arch=compute_86,code=compute_86",
        "arch=compute_90a,code=sm_90a",
        "arch=compute_120,code=sm_120",
    ]


def test_architectures_among_the_users_flags_are_all_there_are(monkeypatch):
    monkeypatch.setenv("PADDLE_CUDA_ARCH_LIST", "8.0")
    assert cuda.architecture_flags(["-gencode=arch=compute_70,code=sm_70"]) == []


def test_ninja_runs_the_words_of_a_step_as_they_are(tmp_path):
    output = tmp_path / "o $x: 'é' \"q\""
    shown = ["printf", "%s|", "a b", "$HOME", "'", '"', "\\", "é:"]
    script = tmp_path / "write.sh"
    script.write_text('out=$1; shift; "$@" > "$out"\n')
    step = Step("text", output, (str(script),), ("sh", str(script), str(output), *shown))
    (tmp_path / "build.ninja").write_text(execution.ninja_file(Plan((step,), ()), tmp_path))
    subprocess.run([tools() / "ninja", "-C", tmp_path], check=True, stdout=subprocess.DEVNULL)
    assert output.read_text() == "".join(f"{word}|" for word in shown[2:])


@pytest.mark.parametrize("with_ninja", [True, False])
def test_more_objects_than_a_shell_takes_in_one_command_are_linked(
    with_ninja, monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", f"{tools()}:{compilers()}" if with_ninja else str(compilers()))
    folder = write_project(tmp_path / "an 'odd' $folder", {"first.c": "int first_symbol;\n"})
    subprocess.run(["gcc", "-fPIC", "-c", "first.c"], cwd=folder, check=True)
    objects = [f"{'o' * 200}{number}.o" for number in range(1000)]
    (folder / "empty.c").write_text("")
    subprocess.run(["gcc", "-c", "empty.c"], cwd=folder, check=True)
    for name in objects:
        os.link(folder / "empty.o", folder / name)
    folders = toolchain.library_dirs(use_cuda=False)
    library = Library("ops", [], library_dirs=folders, objects=[*objects, "first.o"])
    built = execution.run(make_plan(library, folder / "objects", folder), folder / "objects")
    assert b"\0first_symbol\0" in built.read_bytes()


def test_the_compiler_that_belongs_to_cc(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("CC", shutil.which("gcc"))
    assert toolchain.cxx() == [shutil.which("g++")]


def test_a_compiler_behind_a_cache_gets_no_second_one(monkeypatch, tmp_path):
    (tmp_path / "ccache").write_text("#!/bin/sh\n")
    (tmp_path / "ccache").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert toolchain.compiler_cache(["g++"]) == [str(tmp_path / "ccache")]
    assert toolchain.compiler_cache([str(tmp_path / "ccache"), "g++"]) == []
    monkeypatch.setenv("PADDLEMEND_COMPILER_CACHE", "")
    assert toolchain.compiler_cache(["g++"]) == []


@pytest.mark.parametrize("cache", ["ccache", "sccache"])
def test_a_compiler_cache_on_path_runs_the_compilers_of_c_cpp_and_cuda(
    cache, monkeypatch, tmp_path
):
    for name in (cache, "nvcc"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{compilers()}")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    sources = ["a.cc", "b.c", "c.cu"]
    for name in sources:
        (tmp_path / name).write_text("")
    plan = make_plan(Library("ops", sources), tmp_path / "objects", tmp_path)
    compilers_run = [step.command[:2] for step in plan.compile]
    assert [words[0] for words in compilers_run] == [str(tmp_path / "bin" / cache)] * 3
    assert compilers_run[2][1] == str(tmp_path / "bin/nvcc")
    assert plan.link[0].command[0] != str(tmp_path / "bin" / cache)


def test_clean_removes_all_that_builds_made_and_nothing_else(monkeypatch, tmp_path):
    files = ["build/ops/objects-cp311/ops/a.o", "build/ops/lib-cp311/ops.py", "objects-mine/a.o"]
    monkeypatch.chdir(write_project(tmp_path / "p", dict.fromkeys(files, "")))
    distribution = setuptools.Distribution()
    distribution.get_command_obj("build").build_base = "build/ops"
    distribution.get_command_obj("build").build_lib = "build/ops/lib-cp311"
    command = CleanCommand(distribution)
    command.all = True
    command.ensure_finalized()
    command.run()
    assert files_below(tmp_path / "p") == {"objects-mine/a.o"}


def test_a_place_for_locks_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    (tmp_path / f"paddlemend-locks-{os.getuid()}").write_text("a file")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with (
        pytest.raises(BuildError, match=f"{tmp_path}.* is expected to be a folder"),
        build_lock("/"),
    ):
        pass


@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_a_wrong_number_of_jobs_is_refused(monkeypatch, value):
    monkeypatch.setenv("MAX_JOBS", value)
    with pytest.raises(BuildError, match=f"MAX_JOBS is '{value}'"):
        toolchain.max_jobs()


def test_a_stub_is_known_and_a_file_of_the_users_is_not(tmp_path):
    write_stub(tmp_path / "ours.py", "x_pd_.so", "3.3.1")
    text = (tmp_path / "ours.py").read_text()
    assert "'x_pd_.so'" in text
    assert "@" not in text
    compile(text, "ours.py", "exec")
    assert is_stub(tmp_path / "ours.py")
    (tmp_path / "mine.py").write_text("import os\n")
    assert not is_stub(tmp_path / "mine.py")
    assert not is_stub(Path("/no/such/file"))
