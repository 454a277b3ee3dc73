"""C and C++ programs built against the installed tree, by CMake, by pkg-config and by hand."""

from __future__ import annotations

import importlib.util
import os
import subprocess
from pathlib import Path

import pkgconf
import pytest

# Not imported: it looks for install records, which are removed.
(CMAKE_FOLDER,) = importlib.util.find_spec("cmake").submodule_search_locations
CMAKE = Path(CMAKE_FOLDER).resolve() / "data/bin/cmake"
NINJA = CMAKE.parents[3] / "bin/ninja"


def configure(run, source: Path, dist: Path) -> str:
    return run(
        CMAKE,
        "-S",
        source,
        "-B",
        source / "build",
        "-G",
        "Ninja",
        f"-DCMAKE_MAKE_PROGRAM={NINJA}",
        f"-DCMAKE_PREFIX_PATH={dist}",
        cwd=source,
    )


@pytest.fixture
def pkg_config(tmp_path) -> Path:
    """A folder for PATH that has `pkg-config`."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "pkg-config").symlink_to(pkgconf.get_executable())
    return programs


@pytest.mark.parametrize("example", ["cmake"], indirect=True)
def test_cmake_finds_the_package(example, dist, run):
    configure(run, example, dist)
    run(CMAKE, "--build", example / "build", cwd=example)
    assert run(example / "build/distinct", cwd="/") == "1 x 2\n2 x 1\n3 x 3\n"


@pytest.mark.parametrize("example", ["cmake"], indirect=True)
def test_cmake_refuses_another_minor_version(example, dist, run):
    project = example / "CMakeLists.txt"
    project.write_text(project.read_text().replace("paddlemend 0.1", "paddlemend 0.2"))
    with pytest.raises(AssertionError, match=r'compatible with requested\s+version "0\.2"'):
        configure(run, example, dist)


@pytest.mark.parametrize("example", ["pkg_config"], indirect=True)
def test_pkg_config_gives_the_flags(example, dist, run, pkg_config):
    path = f"{pkg_config}{os.pathsep}{os.defpath}"
    run("./build.sh", cwd=example, PATH=path, PKG_CONFIG_PATH=dist / "lib/pkgconfig")
    assert run(example / "solve", cwd="/") == "1 2\n"


@pytest.mark.parametrize("example", ["plain_c"], indirect=True)
def test_a_c_compiler_is_enough(example, dist, run):
    include, lib = f"-I{dist}/include", f"-L{dist}/lib"
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    flags = [include, lib, "-lpaddlemend", f"-Wl,-rpath,{dist}/lib"]
    run("cc", *strict, "add_rows.c", *flags, "-o", "add_rows", cwd=example)
    sums, refused = run(example / "add_rows", cwd="/").splitlines()
    assert sums.split() == ["0", "0", "0", "0", "11", "22"]
    assert refused.startswith("refused: index_add:") and "3" in refused


def test_the_tree_has_the_licences_of_all_that_lies_in_it(dist):
    assert "Apache License" in (dist / "share/doc/paddlemend/LICENSE").read_text()
    assert "OpenBLAS" in (dist / "share/doc/paddlemend/LICENSE.openblas").read_text()
    assert {path.name for path in (dist / "lib").glob("*.so*")} == {
        "libpaddlemend.so",
        "libscipy_openblas.so",
    }


def test_the_tree_names_no_folder_of_the_machine_that_built_it(dist):
    """Nor does the library: it would not load elsewhere, and no two builds would be equal."""
    for path in [*dist.rglob("*.pc"), *dist.rglob("*.cmake"), dist / "lib/libpaddlemend.so"]:
        text = subprocess.run(["strings", path], check=True, capture_output=True, text=True).stdout
        assert "/execroot/" not in text and "/bazel-out/" not in text, path
