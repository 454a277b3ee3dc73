"""Writes compile_commands.json, by which clangd and other tools know how each C++ file is compiled.

    ./bazelw run //:compile_commands [-- TARGETS]      (default: //cc/...)

The flags are those of the configuration that `--config=…` before it selects. Headers that are
generated are there once they have been built.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def entries(actions: list[dict], workspace: Path, execution_root: Path) -> list[dict]:
    """One entry a source file; paths in the arguments are relative to Bazel's execution root.

    Args:
        actions: CppCompile actions as `aquery --output=jsonproto` prints them.
        workspace: where the source files are opened.
        execution_root: of Bazel, which has links to them.
    """
    commands: dict[str, list[str]] = {}
    for action in actions:
        arguments = action["arguments"]
        if any("-ST-" in word for word in arguments):
            continue  # the same file in another configuration, such as a test's sanitizer
        commands.setdefault(arguments[arguments.index("-c") + 1], arguments)
    return [
        {
            "arguments": arguments,
            "directory": str(execution_root),
            "file": str(_opened_path(source, workspace, execution_root)),
        }
        for source, arguments in sorted(commands.items())
    ]


def _opened_path(source: str, workspace: Path, execution_root: Path) -> Path:
    """Sources are edited in the workspace; those that are generated or fetched lie elsewhere."""
    is_elsewhere = source.startswith(("bazel-out/", "external/"))
    return (execution_root if is_elsewhere else workspace) / source


def bazel(workspace: Path, *words: str) -> str:
    ours = ("PYTHONPATH", "PYTHONSAFEPATH")  # of this program, not of what Bazel fetches with
    result = subprocess.run(
        [str(workspace / "bazelw"), *words],
        cwd=workspace,
        env={name: value for name, value in os.environ.items() if name not in ours},
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    if result.returncode != 0:
        sys.exit(f"compile_commands.py: bazelw {words[0]} failed: the reason is above")
    return result.stdout


def main() -> None:
    if "BUILD_WORKSPACE_DIRECTORY" not in os.environ:
        sys.exit("compile_commands.py: run it through Bazel: ./bazelw run //:compile_commands")
    workspace = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"])
    targets = " + ".join(sys.argv[1:] or ["//cc/..."])
    query = f'mnemonic("CppCompile", {targets})'
    printed = bazel(workspace, "aquery", "--output=jsonproto", "--keep_going", query)
    execution_root = Path(bazel(workspace, "info", "execution_root").strip())
    found = entries(json.loads(printed).get("actions", []), workspace, execution_root)
    output = workspace / "compile_commands.json"
    try:
        output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        sys.exit(f"compile_commands.py: cannot write {output}: {error.strerror}")
    print(f"{output}: {len(found)} files")


if __name__ == "__main__":
    main()
