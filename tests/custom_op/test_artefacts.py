"""What stock Paddle installed with an old setuptools loads beside a new one, mended or not."""

from __future__ import annotations

import shutil

import pytest

NEWER = ["80.9.0", "84.2.1"]


@pytest.fixture(scope="module", params=["65.5.1", "79.0.1"])
def artefact(request, tmp_path_factory):
    """A folder with what `setup.py install` of stock Paddle puts into site-packages."""
    from conftest import Environment
    from environment import session_folder, setup_py, write_project

    there = Environment(session_folder() / f"old{request.param}", request.param, mended=False)
    arguments = 'name="old_ops", ext_modules=CppExtension(sources=["relu_op.cc"])'
    files = {"setup.py": setup_py(arguments)}
    folder = write_project(tmp_path_factory.mktemp("old") / "p", files, ["relu_op.cc"])
    before = {entry.name for entry in there.site.iterdir()}
    there.run("setup.py", "install", cwd=folder)
    there.check("old_ops")
    return [entry for entry in there.site.iterdir() if entry.name not in before], there


@pytest.mark.parametrize("mended", [False, True])
@pytest.mark.parametrize("setuptools", NEWER)
def test_an_old_artefact_loads_on_a_newer_setuptools(artefact, setuptools, mended, environment):
    entries, _ = artefact
    there = environment(setuptools, mended=mended)
    for entry in entries:
        copy = shutil.copytree if entry.is_dir() else shutil.copyfile
        copy(entry, there.site / entry.name)
    try:
        there.check("old_ops")
        version = there.run("-c", "import paddle; print(paddle.__version__)").stdout.split()[-1]
        eggs = [entry for entry in entries if entry.suffix == ".egg"]
        assert bool(eggs) == (version < "3.3"), "stock Paddle made eggs until 3.2"
    finally:
        for entry in entries:
            path = there.site / entry.name
            shutil.rmtree(path) if path.is_dir() else path.unlink()
