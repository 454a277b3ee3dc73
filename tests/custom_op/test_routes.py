"""Every route by which a project with operators is installed."""

from __future__ import annotations

import os
import zipfile

import pytest
from environment import files_below

# Chosen by the target: the newest in the default run, 80.9 with --config=ci.
SETUPTOOLS = os.environ["SETUPTOOLS"].split()

ROUTES = {
    "setup.py install": ("setup.py", "install"),
    "pip install .": ("-m", "pip", "install", "--no-build-isolation", "."),
    "pip install -e .": ("-m", "pip", "install", "--no-build-isolation", "-e", "."),
}


@pytest.mark.parametrize("setuptools", SETUPTOOLS)
@pytest.mark.parametrize("route", ROUTES)
def test_the_route_installs_what_is_right_and_uninstalls_it_all(
    route, setuptools, environment, project
):
    there = environment(setuptools)
    folder = project()
    before = there.installed()
    there.run(*ROUTES[route], cwd=folder)
    there.check("relu_ops")
    there.pip("uninstall", "--yes", "relu_ops")
    assert there.installed() == before


@pytest.mark.parametrize("setuptools", SETUPTOOLS)
def test_the_wheel_has_the_two_files_and_its_tag(setuptools, environment, project, tmp_path):
    there = environment(setuptools)
    there.run("-m", "pip", "wheel", "--no-build-isolation", "-w", tmp_path, ".", cwd=project())
    (wheel,) = tmp_path.glob("*.whl")
    tag = there.run("-c", "import sys; print('cp%d%d' % sys.version_info[:2])").stdout.strip()
    assert wheel.name == f"relu_ops-0.0.0-{tag}-{tag}-linux_x86_64.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        record = archive.read("relu_ops-0.0.0.dist-info/RECORD").decode()
    assert [name for name in names if "dist-info" not in name] == [
        "relu_ops/__init__.py",
        "relu_ops/relu_ops_pd_.so",
    ]
    assert sorted(line.split(",")[0] for line in record.splitlines()) == sorted(names)


def test_the_source_folder_keeps_its_files_and_gets_no_other_at_its_top(environment, project):
    there = environment(SETUPTOOLS[-1])
    folder = project()
    (folder / "keep.o").write_text("mine")
    (folder / "third_party").mkdir()
    (folder / "third_party/vendor.o").write_text("mine")
    before = files_below(folder)
    there.run("setup.py", "build_ext", "--inplace", cwd=folder)
    after = files_below(folder)
    assert before <= after
    assert {name.split("/")[0] for name in after - before} == {"build", "relu_ops"}
    assert {name for name in after - before if not name.startswith("build/")} == {
        "relu_ops/__init__.py",
        "relu_ops/relu_ops_pd_.so",
    }


def test_the_bytecode_of_the_stub_is_uninstalled_too(environment, project):
    there = environment(SETUPTOOLS[-1])
    there.run("setup.py", "install", cwd=project())
    code = "import relu_ops, py_compile; print(py_compile.compile(relu_ops.__file__))"
    assert "__pycache__" in there.run("-c", code, PYTHONPYCACHEPREFIX="").stdout
    variables = {"PYTHONPYCACHEPREFIX": "", "PYTHONDONTWRITEBYTECODE": "1"}
    there.pip("uninstall", "--yes", "relu_ops", **variables)
    assert not list(there.site.glob("relu_ops*"))
