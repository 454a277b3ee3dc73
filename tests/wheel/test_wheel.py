"""The wheel in a plain virtual environment beside a stock Paddle, used from another folder."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import paddle
import pytest

PROGRAM = """
import numpy, paddle, paddlemend
paddlemend.install()
assert {entry.state for entry in paddlemend.status().operators} == {"replaced"}, paddlemend.status()
x = paddle.ones([2, 3], "int8")
out = paddle.index_add(x, paddle.to_tensor([1, -1]), 0, x)
assert out.numpy().tolist() == [[1, 1, 1], [3, 3, 3]], out
try:
    paddle.expand(paddle.ones([1, 3]), [-2, 3])
except ValueError as error:
    print("mended from", paddlemend.__file__)
from paddlemend import native
assert numpy.from_dlpack(native.expand(numpy.ones((1, 2)), [3, 2])).shape == (3, 2)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """A virtual environment with the wheel, and Paddle made visible by a .pth file."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    others = [path for path in sys.path if "site" in Path(path).name and "paddlemend" not in path]
    (site / "paddle.pth").write_text("\n".join(str(Path(path).absolute()) for path in others))
    (wheel,) = Path("py").rglob("paddlemend-*.whl")
    installed = subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--no-deps",
            "--no-index",
            f"--target={site}",
            wheel,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr
    return folder


def run(environment: Path, *words: str) -> subprocess.CompletedProcess:
    variables = {name: os.environ[name] for name in ("HOME", "PATH")}
    return subprocess.run(
        [environment / "bin/python", *words],
        cwd="/",
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_install_and_the_operators_work(environment):
    result = run(environment, "-c", PROGRAM)
    assert result.returncode == 0, result.stderr
    assert f"mended from {environment}" in result.stdout


def test_the_status_command_works(environment):
    result = run(environment, "-m", "paddlemend", "status")
    assert result.returncode == 0, result.stderr
    assert f"Paddle   {paddle.__version__}" in result.stdout


def test_the_parity_harness_comes_with_its_built_in_cases(environment):
    line = 'paddle.expand(Tensor([1, 0],"float32"), list[3,0,], )'
    result = run(
        environment,
        "-m",
        "paddlemend.apitest",
        "accuracy",
        "--paddle",
        "mended",
        "--api-config",
        line,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1 pass" in result.stdout
    assert list((environment / "lib").glob("python*/site-packages/paddlemend/apitest/cases/*.txt"))
