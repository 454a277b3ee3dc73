"""The pages of docs/ in a virtual environment with the wheel: every command, in their order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from pages import read_steps

PAGE = Path("docs/first_hour.md")
STEPS = read_steps(PAGE)


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """Runs shell lines as a user who did what the page's set-up says; returns what they print."""
    folder = tmp_path_factory.mktemp("user")
    environment, project = folder / "mended", folder / "project"
    project.mkdir()
    venv.create(environment, symlinks=True, with_pip=False)
    (site,) = environment.glob("lib/python*/site-packages")
    # Paddle, Torch and what both need are there already; the wheels are installed by pip.
    others = [Path(path).absolute() for path in sys.path if Path(path).name == "site"]
    (site / "others.pth").write_text("".join(f"{path}\n" for path in others))
    pip = environment / "bin/pip"
    pip.write_text(f'#!/bin/sh\nexec "{environment}/bin/python" -m pip "$@"\n')
    pip.chmod(0o755)

    wheels = Path(os.environ["BUILD_TOOLS"])
    variables = {
        "HOME": str(folder),
        "PATH": f"{environment}/bin{os.pathsep}{os.defpath}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INDEX": "1",
    }

    def run(line: str) -> str:
        result = subprocess.run(
            ["sh", "-c", line],
            cwd=project,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}"
        return result.stdout

    installed = [
        next(Path("py").rglob("paddlemend-*.whl")),
        next(wheels.glob("setuptools-84.2.1-*.whl")),
        next(wheels.glob("wheel-*.whl")),
    ]
    names = " ".join(f"'{path.absolute()}'" for path in installed)
    run(f"pip install --no-deps --ignore-installed {names}")
    return project, run


@pytest.mark.parametrize("step", STEPS, ids=[step.commands[-1].split(" --")[0] for step in STEPS])
def test_the_commands_print_what_the_page_shows(step, user):
    project, run = user
    for name, text in step.files.items():
        (project / name).write_text(text, encoding="utf-8")
    printed = "".join(run(command) for command in step.commands)
    assert [text for text in step.printed if text not in printed] == []


def test_every_picture_shows_the_command_above_it():
    assert [step for step in STEPS if step.picture]
    for step in STEPS:
        if step.picture:
            picture = Path(f"docs/pictures/{step.picture}.svg").read_text(encoding="utf-8")
            shown = re.sub(r"\s|&#160;", "", picture)
            title = step.commands[-1].split(" --api-config")[0]
            assert title.replace(" ", "") in shown, "./bazelw run //tests/docs:make_pictures"
