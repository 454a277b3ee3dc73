"""Shapes of project."""

from __future__ import annotations

import shutil
import sys

import pytest
from environment import HERE, files_below, setup_py

INSTALL = ("-m", "pip", "install", "--no-build-isolation", ".")
EDITABLE = ("-m", "pip", "install", "--no-build-isolation", "-e", ".")
SAME = ", name='a'"
TWO = 'CppExtension(sources=["relu_op.cc"]{}), CppExtension(sources=["double_op.cc"]{})'


def installed_then_removed(there, folder, check, distribution, route=INSTALL):
    """Installs a project, runs `check` from another folder, uninstalls it: nothing is left."""
    before = there.installed()
    there.run(*route, cwd=folder)
    after = there.installed() - before
    output = there.run("-c", "import paddle\n" + check).stdout
    there.pip("uninstall", "--yes", distribution)
    assert there.installed() == before
    return after, output


def test_several_operators_functions_and_classes_in_one_library(environment, project):
    arguments = (
        'name="mixed_ops", ext_modules=[CppExtension('
        'sources=["relu_op.cc", "double_op.cc", "functions.cc"])]'
    )
    sources = ["relu_op.cc", "double_op.cc", "functions.cc"]
    check = """
import pickle, mixed_ops
x = paddle.to_tensor([-1.0, 3.0])
assert mixed_ops.custom_relu(x).tolist() == [0, 3]
assert mixed_ops.custom_double(x).tolist() == [-2, 6]
assert mixed_ops.halve(x).tolist() == [-0.5, 1.5]
assert mixed_ops.greeting() == "hello"
counter = mixed_ops.Counter()
assert (counter.next(), counter.next()) == (1, 2)
assert mixed_ops.Counter.__module__ == "mixed_ops"
assert mixed_ops.__doc__ == "Functions and classes."
"""
    folder = project({"setup.py": setup_py(arguments)}, sources)
    installed_then_removed(environment(), folder, check, "mixed_ops")


def test_several_extensions_one_dotted_inside_a_package_that_keeps_its_init(environment, project):
    arguments = (
        'name="my-pkg", version="1.2", packages=["my_pkg"], ext_modules=['
        'CppExtension(name="my_pkg._ops", sources=["csrc/relu_op.cc"]), '
        'CppExtension(name="other_ops", sources=["csrc/double_op.cc"])]'
    )
    files = {
        "setup.py": setup_py(arguments),
        "my_pkg/__init__.py": "from ._ops import custom_relu\nMINE = 1\n",
        "csrc/note.txt": "",
    }
    folder = project(files, [])
    for name in ("relu_op.cc", "double_op.cc"):
        (folder / "csrc" / name).write_bytes((HERE / "sources" / name).read_bytes())
    check = """
import my_pkg, other_ops
x = paddle.to_tensor([-1.0, 3.0])
assert my_pkg.custom_relu(x).tolist() == [0, 3] and my_pkg.MINE == 1
assert other_ops.custom_double(x).tolist() == [-2, 6]
"""
    there = environment()
    after, _ = installed_then_removed(there, folder, check, "my-pkg")
    assert {name for name in after if "dist-info" not in name} == {
        "my_pkg/__init__.py",
        "my_pkg/_ops.py",
        "my_pkg/_ops_pd_.so",
        "other_ops/__init__.py",
        "other_ops/other_ops_pd_.so",
    }
    installed_then_removed(there, folder, check, "my-pkg", EDITABLE)
    assert "MINE = 1" in (folder / "my_pkg/__init__.py").read_text()
    installed_then_removed(there, folder, check, "my-pkg", ("setup.py", "install"))


def test_a_name_with_dashes_is_imported_with_underscores(environment, project):
    arguments = 'name="my-relu-ops", ext_modules=CppExtension(sources=["relu_op.cc"])'
    check = "import my_relu_ops; my_relu_ops.custom_relu(paddle.ones([1]))"
    folder = project({"setup.py": setup_py(arguments)})
    installed_then_removed(environment(), folder, check, "my-relu-ops")


def test_a_dotted_name_of_the_project_is_the_module(environment, project):
    arguments = 'name="custom_ops.relu", ext_modules=CppExtension(sources=["relu_op.cc"])'
    check = "from custom_ops.relu import custom_relu; custom_relu(paddle.ones([1]))"
    folder = project({"setup.py": setup_py(arguments)})
    for route in (INSTALL, EDITABLE):
        installed_then_removed(environment(), folder, check, "custom_ops.relu", route)


def test_name_and_version_from_pyproject_toml(environment, project):
    files = {
        "setup.py": setup_py('ext_modules=CppExtension(sources=["relu_op.cc"])'),
        "pyproject.toml": '[project]\nname = "toml-ops"\nversion = "2.1"\n'
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        "[tool.setuptools]\npy-modules = []\n",
    }
    check = """
import toml_ops, importlib.metadata
toml_ops.custom_relu(paddle.ones([1]))
print(importlib.metadata.version("toml-ops"))
"""
    _, output = installed_then_removed(environment(), project(files), check, "toml-ops")
    assert output.endswith("2.1\n")


def test_a_package_layout_below_src(environment, project):
    arguments = (
        'name="deep", packages=["deep", "deep.er"], '
        'package_dir={"": "src", "deep.er": "elsewhere"}, '
        'ext_modules=CppExtension(name="deep.er.ops", sources=["relu_op.cc"])'
    )
    files = {
        "setup.py": setup_py(arguments),
        "src/deep/__init__.py": "",
        "elsewhere/__init__.py": "",
    }
    folder = project(files)
    check = "from deep.er.ops import custom_relu; custom_relu(paddle.ones([1]))"
    installed_then_removed(environment(), folder, check, "deep")
    environment().run("setup.py", "build_ext", "--inplace", cwd=folder)
    assert (folder / "elsewhere/ops_pd_.so").is_file()


def test_headers_macros_and_flags_by_language_reach_the_compiler(environment, project):
    arguments = """name="flag_ops", ext_modules=CppExtension(
    sources=["relu_op.cc", "own.cc", "plain.c"], include_dirs=[pathlib.Path("include")],
    define_macros=[("NUMBER", "7"), ("FLAG", None)], undef_macros=["NDEBUG"],
    extra_compile_args={"cxx": ["-DFROM_CXX=1"], "nvcc": ["-DFROM_NVCC=1"], "c": ["-DFROM_C=1"]})"""
    files = {
        "setup.py": "import pathlib\n" + setup_py(arguments),
        "include/own.h": "#pragma once\n#define FROM_HEADER 1\n",
        "own.cc": '#include "own.h"\n#if NUMBER != 7 || !defined(FLAG) || defined(NDEBUG) || '
        "!FROM_CXX || defined(FROM_NVCC) || !FROM_HEADER || __cplusplus < 201703L\n"
        "#error flags\n#endif\n",
        "plain.c": "#if !FROM_C || defined(FROM_CXX) || defined(__cplusplus)\n"
        "#error flags\n#endif\n",
    }
    environment().run("setup.py", "build", cwd=project(files))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (f'name="x_ops", ext_modules=[{TWO.format("", "")}]', "name of the extension"),
        (
            f'name="x_ops", ext_modules=[{TWO.format(SAME, SAME)}]',
            "name 'a' is that of two extensions",
        ),
        (
            'name="json", ext_modules=CppExtension(sources=["relu_op.cc"])',
            "name 'json' would hide the module 'json'",
        ),
        (
            'name="pkg", packages=["pkg"], ext_modules=CppExtension(sources=["relu_op.cc"])',
            "name 'pkg' is both an extension and a module of the project",
        ),
        ('ext_modules=CppExtension(sources=["relu_op.cc"])', "name is missing"),
        ('name="x", ext_modules=CppExtension(sources="relu_op.cc")', "sources is 'relu_op.cc'"),
    ],
)
def test_what_cannot_be_built_is_refused_before_anything_is_written(
    arguments, message, environment, project
):
    folder = project({"setup.py": setup_py(arguments)}, ["relu_op.cc", "double_op.cc"])
    output = environment().run("setup.py", "install", cwd=folder, ok=False).stdout
    assert message in output.splitlines()[-1]
    assert not (folder / "build").exists()


def test_an_own_build_ext_command_of_the_project_is_kept(environment, project):
    text = """
from setuptools.command.build_ext import build_ext
from paddle.utils.cpp_extension import CppExtension, setup
class Own(build_ext):
    def run(self):
        print("own command")
        super().run()
setup(name="relu_ops", ext_modules=[CppExtension(["relu_op.cc"])], cmdclass={"build_ext": Own})
"""
    folder = project({"setup.py": text})
    assert "own command" in environment().run("setup.py", "build", cwd=folder).stdout
    assert list((folder / "build").rglob("relu_ops_pd_.so"))


SETUPTOOLS_OWN_SETUP = """
from setuptools import setup
from paddle.utils.cpp_extension import BuildExtension, CppExtension
setup(
    name="own",
    ext_modules=[CppExtension(["relu_op.cc"], name="relu_ops")],
    cmdclass={"build_ext": BuildExtension},
)
"""


@pytest.mark.parametrize("setuptools", ["69.5.1", "84.2.1"])
@pytest.mark.parametrize("route", [INSTALL, EDITABLE, ("setup.py", "install")])
def test_a_project_that_calls_the_setup_of_setuptools(route, setuptools, environment, project):
    there = environment(setuptools)
    before = there.installed()
    there.run(*route, cwd=project({"setup.py": SETUPTOOLS_OWN_SETUP}))
    there.check("relu_ops")
    there.pip("uninstall", "--yes", "own")
    assert there.installed() - before <= {"easy-install.pth"}, "what setuptools' own eggs leave"
    (there.site / "easy-install.pth").unlink(missing_ok=True)


def test_fastdeploy_finds_the_library_and_imports_it_where_it_copies_it(environment, project):
    """Its build script installs into a folder of its own and copies the package."""
    arguments = 'name="fastdeploy_ops", ext_modules=CppExtension(sources=["relu_op.cc"])'
    folder = project({"setup.py": setup_py(arguments), "fastdeploy/ops/__init__.py": ""})
    there = environment()
    there.run("setup.py", "install", "--install-lib", "tmp", cwd=folder)
    assert (folder / "tmp/fastdeploy_ops/fastdeploy_ops_pd_.so").is_file()
    shutil.copytree(folder / "tmp/fastdeploy_ops", folder / "fastdeploy/ops/fastdeploy_ops")
    there.check("fastdeploy.ops.fastdeploy_ops", PYTHONPATH=str(folder))


def test_setup_py_install_replaces_what_a_former_installation_left(environment, project):
    """Another version, another name of the extension, and what pip installed."""
    arguments = (
        'name="some-ops", version="{}", ext_modules=CppExtension(name="{}", sources=["relu_op.cc"])'
    )
    folder = project()
    there = environment()
    before = there.installed()
    for version, name, *route in (
        ("1.0", "first_ops", *INSTALL),
        ("2.0", "second_ops", "setup.py", "install"),
        ("2.0", "third_ops", "setup.py", "install"),
    ):
        (folder / "setup.py").write_text(setup_py(arguments.format(version, name)))
        there.run(*route, cwd=folder)
        tops = {path.split("/")[0] for path in there.installed() - before}
        assert {top for top in tops if not top.endswith("-info")} == {name}
    there.check("third_ops")
    there.pip("uninstall", "--yes", "some-ops")
    assert there.installed() == before


@pytest.mark.parametrize("others", ["", "./other.egg\n"])
def test_setup_py_install_replaces_an_egg_of_the_project_and_no_other(others, environment, project):
    there = environment()
    before = there.installed()
    paths = there.site / "easy-install.pth"
    paths.write_text("./relu_ops-0.0.0-py3-linux-x86_64.egg\n" + others)
    for egg in ("relu_ops-0.0.0-py3-linux-x86_64.egg", "other.egg"):
        (there.site / egg / "relu_ops").mkdir(parents=True)
        (there.site / egg / "relu_ops/__init__.py").write_text("raise ImportError('old')\n")
    there.run("setup.py", "install", cwd=project())
    assert {path.name for path in there.site.glob("*.egg")} == {"other.egg"}
    assert (paths.read_text() if paths.exists() else "") == others
    shutil.rmtree(there.site / "other.egg")
    paths.unlink(missing_ok=True)
    there.check("relu_ops")
    there.pip("uninstall", "--yes", "relu_ops")
    assert there.installed() == before


def test_setup_py_install_replaces_the_scripts_of_a_former_installation(environment, project):
    arguments = (
        'name="relu_ops", py_modules=["tools"], entry_points={{"console_scripts": '
        '["relu-{}=tools:main"]}}, ext_modules=CppExtension(["relu_op.cc"], name="relu_ops")'
    )
    there = environment()
    before = files_below(there.folder / "bin")
    folder = project({"setup.py": setup_py(arguments.format("old")), "tools.py": ""})
    there.run(*INSTALL, cwd=folder)
    (folder / "setup.py").write_text(setup_py(arguments.format("new")))
    there.run("setup.py", "install", cwd=folder)
    assert files_below(there.folder / "bin") - before == {"relu-new"}
    there.pip("uninstall", "--yes", "relu_ops")
    assert files_below(there.folder / "bin") == before


def test_the_stub_of_an_in_place_build_is_no_package_of_the_project(environment, project):
    arguments = (
        'name="relu_ops", packages=setuptools.find_packages(), '
        'ext_modules=CppExtension(sources=["relu_op.cc"])'
    )
    folder = project({"setup.py": "import setuptools\n" + setup_py(arguments)})
    there = environment()
    there.run("setup.py", "build_ext", "--inplace", cwd=folder)
    before = there.installed()
    there.run("-m", "pip", "install", "--no-build-isolation", ".", cwd=folder)
    there.check("relu_ops")
    there.pip("uninstall", "--yes", "relu_ops")
    assert there.installed() == before


PLAIN = """
#include <Python.h>
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "ops", 0, -1, 0};
PyMODINIT_FUNC PyInit_ops() { return PyModule_Create(&definition); }
"""


@pytest.mark.parametrize("route", [INSTALL, EDITABLE, ("setup.py", "install")])
def test_an_extension_of_another_kind_may_have_the_last_name_of_an_operator(
    route, environment, project
):
    arguments = (
        'name="both", packages=["one", "two"], ext_modules=['
        'CppExtension(name="one.ops", sources=["relu_op.cc"]), '
        'setuptools.Extension("two.ops", ["plain.c"])]'
    )
    files = {
        "setup.py": "import setuptools\n" + setup_py(arguments),
        "one/__init__.py": "",
        "two/__init__.py": "",
        "plain.c": PLAIN,
    }
    check = "import two.ops\nfrom one.ops import custom_relu; custom_relu(paddle.ones([1]))"
    installed_then_removed(environment(), project(files), check, "both", route)


@pytest.mark.parametrize("mode", ["lenient", "strict"])
def test_an_optional_extension_that_fails_is_left_out_of_an_editable_installation(
    mode, environment, project
):
    arguments = (
        'name="both", ext_modules=[CppExtension(name="relu_ops", sources=["relu_op.cc"]), '
        'CppExtension(name="bad_ops", sources=["bad.cc"], optional=True)]'
    )
    folder = project({"setup.py": setup_py(arguments), "bad.cc": "#error bad\n"})
    check = "import relu_ops; relu_ops.custom_relu(paddle.ones([1]))"
    route = (*EDITABLE, "--config-settings", f"editable_mode={mode}")
    installed_then_removed(environment(), folder, check, "both", route)
    assert not (folder / "bad_ops").exists()


def test_a_wheel_with_operators_never_claims_the_limited_api(environment, project, tmp_path):
    arguments = (
        'name="relu_ops", options={"bdist_wheel": {"py_limited_api": "cp39"}}, '
        'ext_modules=CppExtension(["relu_op.cc"], py_limited_api=True)'
    )
    there = environment()
    folder = project({"setup.py": setup_py(arguments)})
    words = ("-m", "pip", "wheel", "-v", "--no-build-isolation", "-w", tmp_path, ".")
    assert "py_limited_api is 'cp39', and the wheel is for" in there.run(*words, cwd=folder).stdout
    (wheel,) = tmp_path.glob("*.whl")
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert wheel.name == f"relu_ops-0.0.0-{tag}-{tag}-linux_x86_64.whl"
