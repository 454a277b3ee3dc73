"""The code blocks and commands of docs/custom_operators.md do what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

PAGE = Path("docs/custom_operators.md").read_text(encoding="utf-8")


def block(language: str, containing: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (found,) = [text for text in blocks if containing in text]
    return found


def test_the_project_is_installed_by_the_command(environment, project):
    there = environment()
    folder = project({"setup.py": block("python", "relu_op.cc")})
    program, *words = shlex.split(block("sh", "pip install"))
    assert program == "pip"
    there.pip(*words, cwd=folder)
    there.check("relu_ops")
    assert (there.site / "relu_ops/relu_ops_pd_.so").is_file()
    there.pip("uninstall", "--yes", "relu_ops")


def test_the_program_with_load_inline_runs(environment, tmp_path):
    environment().run("-c", block("python", "load_inline"), PADDLE_EXTENSION_DIR=str(tmp_path))
