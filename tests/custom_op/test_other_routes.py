"""Routes that fewer people take: develop, build, isolated builds, --prefix, --target, --user."""

from __future__ import annotations

import os
import shutil

import pytest
from environment import WHEELS, compilers, files_below, paddlemend_wheel, setup_py, write_project

SETUPTOOLS = os.environ["SETUPTOOLS"].split()

BACKEND = """\
[build-system]
requires = ["paddlemend", "setuptools"]
build-backend = "paddlemend.custom_op.backend"
"""


@pytest.fixture(params=SETUPTOOLS)
def there(request, environment):
    return environment(request.param)


def test_develop(there, project):
    before = there.installed()
    folder = project()
    there.run("setup.py", "develop", cwd=folder)
    there.check("relu_ops")
    there.pip("uninstall", "--yes", "relu_ops")
    left = there.installed() - before
    assert left <= {"easy-install.pth"}, "what setuptools without PEP 660 leaves"


def test_develop_uninstall(there, project):
    before = there.installed()
    folder = project()
    there.run("setup.py", "develop", cwd=folder)
    there.run("setup.py", "develop", "--uninstall", cwd=folder)
    assert there.installed() - before <= {"easy-install.pth"}


def test_build_without_isolation(there, project, tmp_path):
    there.run("-m", "build", "--no-isolation", "-o", tmp_path, cwd=project())
    (wheel,) = tmp_path.glob("*.whl")
    assert list(tmp_path.glob("*.tar.gz"))
    before = there.installed()
    there.pip("install", "--no-deps", wheel)
    there.check("relu_ops")
    there.pip("uninstall", "--yes", "relu_ops")
    assert there.installed() == before


@pytest.mark.parametrize("program", ["pip", "setup.py"])
def test_prefix(there, project, tmp_path, program):
    words = {
        "pip": ("-m", "pip", "install", "--no-build-isolation", f"--prefix={tmp_path}", "."),
        "setup.py": ("setup.py", "install", f"--prefix={tmp_path}"),
    }[program]
    there.run(*words, cwd=project())
    (site,) = tmp_path.glob("lib/python*/site-packages")
    assert {entry.name for entry in site.iterdir() if "-info" not in entry.name} == {"relu_ops"}
    there.check("relu_ops", PYTHONPATH=str(site))


def test_target(there, project, tmp_path):
    there.run(
        "-m", "pip", "install", "--no-build-isolation", "--target", tmp_path, ".", cwd=project()
    )
    assert {entry.name for entry in tmp_path.iterdir() if "-info" not in entry.name} == {"relu_ops"}
    there.check("relu_ops", PYTHONPATH=str(tmp_path))


@pytest.mark.parametrize("program", ["pip", "setup.py"])
def test_user(environment, project, tmp_path, program):
    there = environment(SETUPTOOLS[-1], system_site=True)
    words = {
        "pip": ("-m", "pip", "install", "--no-build-isolation", "--user", "."),
        "setup.py": ("setup.py", "install", "--user"),
    }[program]
    variables = {"PYTHONUSERBASE": str(tmp_path)}
    there.run(*words, cwd=project(), **variables)
    there.check("relu_ops", **variables)
    # pip in a virtual environment refuses to uninstall what lies outside
    (record,) = tmp_path.rglob("relu_ops-*/*" + ("RECORD" if program == "pip" else "-files.txt"))
    listed = {line.split(",")[0] for line in record.read_text().splitlines()}
    folder = record.parent.parent if program == "pip" else record.parent
    assert {os.path.normpath(folder / line) for line in listed if ".pyc" not in line} == {
        str(tmp_path / name) for name in files_below(tmp_path) if "__pycache__" not in name
    }


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A folder of wheels that isolated builds may install."""
    folder = tmp_path_factory.mktemp("index")
    for wheel in [*WHEELS.glob("*.whl"), paddlemend_wheel()]:
        if not wheel.name.startswith("setuptools") or SETUPTOOLS[-1] in wheel.name:
            shutil.copyfile(wheel, folder / wheel.name)
    return folder


@pytest.fixture
def isolated(tmp_path):
    arguments = 'name="relu_ops", ext_modules=CppExtension(sources=["relu_op.cc"])'
    files = {"setup.py": setup_py(arguments), "pyproject.toml": BACKEND}
    return write_project(tmp_path / "isolated", files, ["relu_op.cc"])


def test_an_isolated_build_uses_the_paddle_of_the_environment_and_says_so(
    environment, isolated, index
):
    there = environment(SETUPTOOLS[-1])
    before = there.installed()
    output = there.pip("install", "-v", ".", cwd=isolated, PIP_FIND_LINKS=str(index)).stdout
    assert f"paddlemend: builds against the Paddle of {there.site}" in output
    there.check("relu_ops")
    there.pip("uninstall", "--yes", "relu_ops")
    assert there.installed() == before


def test_an_isolated_build_without_ninja_requires_it(environment, isolated, index):
    there = environment(SETUPTOOLS[-1], programs=("ccache",))
    variables = {
        "PATH": f"{there.folder / 'bin'}:{compilers()}",
        "PIP_FIND_LINKS": str(index),
    }
    output = there.pip("install", "-v", ".", cwd=isolated, **variables).stdout
    assert "paddlemend: requires ninja for this build" in output
    assert "ninja is not on PATH" not in output
    there.pip("uninstall", "--yes", "relu_ops")


def test_python_m_build_in_isolation_finds_paddle_by_a_variable(
    environment, isolated, index, tmp_path
):
    there = environment(SETUPTOOLS[-1])
    there.run(
        "-m",
        "build",
        "--wheel",
        "-o",
        tmp_path,
        cwd=isolated,
        PIP_FIND_LINKS=str(index),
        PADDLEMEND_PADDLE=str(there.site),
    )
    assert list(tmp_path.glob("relu_ops-*.whl"))


def test_without_any_paddle_the_backend_requires_it_by_name(environment, isolated, tmp_path):
    there = environment(SETUPTOOLS[-1])
    code = """
import sys
sys.path[:] = [p for p in sys.path if not p.endswith("site")]
from paddlemend.custom_op import backend
backend._folders = lambda: iter(())
print(backend.get_requires_for_build_wheel())
"""
    assert "'paddlepaddle'" in there.run("-c", code, cwd=isolated).stdout
