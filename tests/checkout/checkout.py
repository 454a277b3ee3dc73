"""Clean copies of the source tree, in which Bazel runs apart from the one that runs the test."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# As long as the kernels take to compile on a slow machine.
TIMEOUT_SECONDS = 3000

# Kernels compiled without optimization: what is tested does not depend on it.
QUICK_BUILD = ["--compilation_mode=fastbuild", "--per_file_copt=.*@-O0"]


def copy_source_tree(folder: Path) -> None:
    """Copies what git tracks, or would track: a clone, with what is not committed yet."""
    root = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])  # set by `bazel run`
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for path in filter(None, listed):
        if os.path.lexists(root / path):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, folder / path, follow_symlinks=False)


def shell_environment() -> dict[str, str]:
    """This process's variables without what `bazel run` and its Python programs set."""
    ours = ("BUILD_", "PYTHONPATH", "PYTHONSAFEPATH", "RUNFILES_", "XML_OUTPUT_FILE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@dataclass
class Checkout:
    """A copy of the source tree with an output base of its own; the context manager removes both.

    Attributes:
      folder: of the copy; it is made if it is not there.
      outputs: Bazel's output base.
      environment: variables beyond this process's.
    """

    folder: Path
    outputs: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __enter__(self) -> Checkout:
        if not self.folder.exists():
            copy_source_tree(self.folder)
        return self

    def __exit__(self, *_exception: object) -> None:
        self.bazelw("shutdown")
        for path in [self.folder, self.outputs]:
            subprocess.run(["chmod", "-R", "u+w", path], check=False)
            shutil.rmtree(path, ignore_errors=True)

    def command(self, *words: str) -> list[str]:
        """The command line that runs ./bazelw on this output base."""
        return [str(self.folder / "bazelw"), f"--output_base={self.outputs}", *words]

    def bazelw(
        self, *words: str, inside: str = ".", **environment: str
    ) -> subprocess.CompletedProcess:
        """Runs ./bazelw in the folder `inside` of the copy; stdout holds stderr, too."""
        return subprocess.run(
            self.command(*words),
            cwd=self.folder / inside,
            env={**shell_environment(), **self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def external_repositories(self) -> set[str]:
        """The names, without their module's, of the external repositories that were fetched."""
        return {
            re.split("[~+]", path.name)[-1]
            for path in (self.outputs / "external").iterdir()
            if path.is_dir()
        }


def read_build_events(path: Path) -> list[dict]:
    """The events that Bazel wrote by --build_event_json_file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
