"""PADDLE_GPU_REQUIREMENTS: the paddlepaddle-gpu of an index, here one with a small wheel.

By `bazel run`, because it starts Bazel.
"""

from __future__ import annotations

import functools
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from checkout import Checkout

ADAPTER = "//cc/phi:paddlemend_phi_gpu.so"
LIBRARIES = "@paddle_gpu//:libraries"


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Iterator[Checkout]:
    folder = tmp_path_factory.mktemp("gpu")
    with Checkout(folder / "clone", folder / "outputs") as clone:
        yield clone


def add_wheel(index: Path, version: str, files: list[str]) -> None:
    """Puts a paddlepaddle-gpu that consists of empty files into a folder that a server shows."""
    folder = index / "simple/paddlepaddle-gpu"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"paddlepaddle_gpu-{version}-py3-none-any.whl", "w") as wheel:
        info = f"paddlepaddle_gpu-{version}.dist-info"
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: paddlepaddle-gpu\nVersion: {version}\n",
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        for file in files:
            wheel.writestr(file, "")
        listed = [*files, f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"]
        wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in listed))


@pytest.fixture(scope="module")
def index(tmp_path_factory) -> Iterator[str]:
    """The address of an index with two releases, and one that is no Paddle."""
    folder = tmp_path_factory.mktemp("index")
    header, library = "paddle/include/paddle/extension.h", "paddle/libs/libphi_gpu.so"
    add_wheel(folder, "3.2.2", [header, "paddle/libs/libphi.so"])
    add_wheel(folder, "3.3.1", [header, "paddle/libs/libphi.so", library])
    add_wheel(folder, "0.1", ["something_else.py"])
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()
        thread.join()


def setting(requirements: Path | str) -> str:
    return f"--repo_env=PADDLE_GPU_REQUIREMENTS={requirements}"


def libraries(clone: Checkout, requirements: Path) -> set[str]:
    """The names of what an adapter is linked with."""
    result = clone.bazelw("query", setting(requirements), f"labels(srcs, {LIBRARIES})")
    assert result.returncode == 0, result.stdout
    lines = [line for line in result.stdout.splitlines() if line.startswith("@")]
    return {line.rpartition("/")[2] for line in lines}


def test_the_wheel_comes_from_the_index_of_the_file_and_follows_the_file(clone, index, tmp_path):
    requirements = tmp_path / "gpu.txt"
    requirements.write_text(f"--index-url {index}\npaddlepaddle-gpu==3.2.2\n")
    assert libraries(clone, requirements) == {"libphi.so"}
    requirements.write_text(f"--index-url {index}\npaddlepaddle-gpu==3.3.1\n")
    assert libraries(clone, requirements) == {"libphi.so", "libphi_gpu.so"}


def message(clone: Checkout, *words: str) -> str:
    result = clone.bazelw("build", *words)
    assert result.returncode != 0, result.stdout
    return result.stdout


def test_without_the_setting_the_message_names_it(clone):
    assert "PADDLE_GPU_REQUIREMENTS_is_set" in message(clone, LIBRARIES)


def test_without_the_library_for_gpus_the_message_names_its_config(clone):
    assert "config_cuda_is_given" in message(clone, ADAPTER)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("gpu.txt", "expected an absolute path"), ("/nowhere/gpu.txt", "there is no such file")],
)
def test_a_file_that_is_not_there_is_named(clone, path, expected):
    printed = message(clone, setting(path), LIBRARIES)
    assert f"PADDLE_GPU_REQUIREMENTS={path}: {expected}" in printed


def test_what_the_index_lacks_is_named(clone, index, tmp_path):
    requirements = tmp_path / "gpu.txt"
    requirements.write_text(f"--index-url {index}\npaddlepaddle-gpu==3.9.9\n")
    printed = message(clone, setting(requirements), LIBRARIES)
    assert f"pip could not install PADDLE_GPU_REQUIREMENTS={requirements}" in printed
    assert "paddlepaddle-gpu==3.9.9" in printed


def test_requirements_without_a_paddle_are_refused(clone, index, tmp_path):
    requirements = tmp_path / "gpu.txt"
    requirements.write_text(f"--index-url {index}\npaddlepaddle-gpu==0.1\n")
    assert "names no Paddle" in message(clone, setting(requirements), LIBRARIES)
