"""The build_py command of this project: puts the two files of this folder beside the package."""

from __future__ import annotations

import os
from pathlib import Path

from setuptools.command.build_py import build_py

_FILES = ("_paddlemend_custom_op.py", "paddlemend-custom-op.pth")


class BuildPy(build_py):
    """build_py, with what Python reads when it starts at the top of the wheel."""

    def run(self) -> None:
        super().run()
        if not getattr(self, "editable_mode", False):
            for name in _FILES:
                source = Path(__file__).with_name(name)
                self.copy_file(os.fspath(source), os.path.join(self.build_lib, name))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        """The files of the command, these two among them."""
        return [
            *super().get_outputs(include_bytecode),
            *(os.path.join(self.build_lib, name) for name in _FILES),
        ]
