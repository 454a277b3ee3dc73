"""The public interface under mypy --strict, for who uses it and in its own source."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

PACKAGE = Path("py/paddlemend_without_adapter.tree/paddlemend")
PROGRAM = Path("tests/wheel/typed_program.py")

# What README.md tells users to import, and what that is made of.
PUBLIC = [
    "__init__.py",
    "cli.py",
    "custom_op/__init__.py",
    "errors.py",
    "installation.py",
    "kernels/installation.py",
    "kernels/status.py",
    "native.py",
]

CONFIGURATION = """\
[mypy]
strict = True
follow_imports = silent
[mypy-paddle.*]
ignore_missing_imports = True
"""


@pytest.fixture(scope="module")
def check(tmp_path_factory):
    """Runs mypy on files; returns the findings, one a line."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    # As installed: rich, typer, numpy, and the package itself, which py.typed marks.
    paths = [Path(path).absolute() for path in sys.path if path.endswith("/site")]
    (site / "all.pth").write_text(
        "".join(f"{path}\n" for path in [*paths, PACKAGE.parent.absolute()])
    )
    configuration = folder / "mypy.ini"
    configuration.write_text(CONFIGURATION)

    def check(*files: Path, **environment: str) -> list[str]:
        command = [sys.executable, "-m", "mypy", f"--config-file={configuration}"]
        command += [
            f"--python-executable={folder / 'bin/python'}",
            f"--cache-dir={folder / 'cache'}",
        ]
        result = subprocess.run(
            [*command, "--no-error-summary", *files],
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not result.stderr, result.stderr
        return result.stdout.splitlines()

    return check


def test_a_program_that_uses_the_public_interface_is_typed(check):
    assert check(PROGRAM) == []


def test_a_wrong_call_of_the_public_interface_is_found(check, tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "import paddlemend\nfrom paddlemend import native\n"
        "paddlemend.install(kernels=1)\nnative.expand([1.0], [2])\n"
    )
    findings = check(wrong)
    assert len(findings) >= 2
    assert re.search(r'wrong.py:3: error: Argument "kernels" to "install"', "\n".join(findings))
    assert re.search(r'wrong.py:4: error: Argument 1 to "expand"', "\n".join(findings))


def test_the_public_modules_are_strictly_typed(check):
    tree = PACKAGE.parent.absolute()
    assert check(*(tree / "paddlemend" / name for name in PUBLIC), MYPYPATH=str(tree)) == []
