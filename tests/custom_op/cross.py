"""The cells of several Paddles and Pythons, and the table of what is known of the full cross.

    ./bazelw run //tests/custom_op:cross -- run OUT.jsonl --python 3.9 --paddle 3_0 3_3 --part full
    ./bazelw run //tests/custom_op:cross -- table FILE.jsonl …

`run` installs one Paddle after the other with pip, from the locks, into a temporary folder, runs
test_matrix.py there by that Python, and deletes it: --config=matrix does the same with a copy of
each Paddle in Bazel's cache. A cell that has passed in OUT.jsonl with the same wheel of paddlemend
is not run again, so a run that was stopped goes on. A Python is $PYTHON_X_Y, pythonX.Y on PATH, or
pyenv's.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cells import PARTS, SETUPTOOLS, cells
from environment import paddlemend_wheel
from find_python import find_python

HERE = Path(__file__).absolute().parent
LOCKS = Path("third_party/pip/locks").absolute()
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
PADDLES = ("3_0", "3_1", "3_2", "3_3")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("output", type=_users)
    run.add_argument("--python", nargs="+", choices=PYTHONS, default=PYTHONS)
    run.add_argument("--paddle", nargs="+", default=PADDLES, help="names of locks: 3_0, 3_2_1 …")
    run.add_argument("--part", choices=PARTS, default="full")
    table = commands.add_parser("table")
    table.add_argument("results", type=_users, nargs="+")
    options = parser.parse_args()
    if options.command == "table":
        print(summary(read(options.results)))
        return 0
    for python in options.python:
        run_python(python, options.paddle, options.part, options.output)
    return int(any(row["result"] != "passed" for row in read([options.output])))


def _users(path: str) -> Path:
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), path).absolute()


def run_python(python: str, paddles: Sequence[str], part: str, output: Path) -> None:
    """Appends the rows of one Python to `output`; see `cross_rows.py`."""
    program = find_python(python)
    tag = "cp" + python.replace(".", "")
    with tempfile.TemporaryDirectory(prefix="cross-") as name:
        folder = Path(name)
        tools = folder / "tools/site"
        for paddle in paddles:
            lock = LOCKS / f"paddle_{paddle}_{tag}.txt"
            common = {"paddle": _version(lock), "python": python, "wheel": _digest()}
            wanted = missing(common, part, output)
            if not wanted:
                continue
            if not tools.exists():
                install(program, LOCKS / f"tools_{tag}.txt", tools)
            site = folder / "paddle/site"
            install(program, lock, site)
            run_cells(program, [tools, site], wanted, common, output)
            shutil.rmtree(site)


def _version(lock: Path) -> str:
    """The version of Paddle in a lock."""
    (line,) = (text for text in lock.read_text().splitlines() if text.startswith("paddlepaddle=="))
    return line.split()[0].partition("==")[2]


def _digest() -> str:
    """Says which state of the code a row is of."""
    return hashlib.sha256(paddlemend_wheel().read_bytes()).hexdigest()[:12]


def missing(common: dict[str, str], part: str, output: Path) -> list[tuple[str, str]]:
    """The cells of a Paddle and a Python that have not passed with this wheel."""
    rows = read([output]) if output.exists() else []
    done = {
        (row["setuptools"], row["route"])
        for row in rows
        if row["result"] == "passed" and all(row.get(key) == common[key] for key in common)
    }
    minor = ".".join(common["paddle"].split(".")[:2])
    return [cell for cell in cells(minor, common["python"], part) if cell not in done]


def install(program: str, lock: Path, site: Path) -> None:
    words = [program, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    words += ["--only-binary=:all:", "--no-compile", "--target", site, "-r", lock]
    subprocess.run(words, check=True)


def run_cells(
    program: str,
    sites: Sequence[Path],
    wanted: Sequence[tuple[str, str]],
    common: dict[str, str],
    output: Path,
) -> None:
    """Runs the `wanted` cells by test_matrix.py, with the packages of `sites`."""
    variables = {
        **os.environ,
        "BUILD_TOOLS": os.path.abspath(os.environ["BUILD_TOOLS"]),
        "COVERING": "full",
        "CROSS_COMMON": json.dumps(common),
        "CROSS_ROWS": str(output),
        "PYTHONPATH": os.pathsep.join(map(str, [*sites, HERE])),
    }
    tests = [
        f"{HERE / 'test_matrix.py'}::test_cell[{setuptools}-{route}]"
        for setuptools, route in wanted
    ]
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "cross_rows", *tests]
    status = subprocess.run([program, *words], env=variables, check=False).returncode
    if status not in (0, 1):  # neither all passed nor some failed
        sys.exit(f"cross.py: pytest ended with status {status}, expected 0 or 1")


def read(paths: Sequence[Path]) -> list[dict]:
    """The rows of several files; of rows of one cell the last one."""
    rows = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            key = tuple(row[name] for name in ("paddle", "python", "setuptools", "route"))
            rows[key] = row
    return list(rows.values())


def summary(rows: Sequence[dict]) -> str:
    """Markdown: a row for each Paddle and Python, a column for each setuptools."""
    wheels = sorted({row["wheel"] for row in rows})
    lines = [
        f"{len(rows)} cells, wheel {', '.join(wheels)}",
        "",
        "| Paddle | Python | " + " | ".join(SETUPTOOLS) + " | passed | ran | exist |",
        "|---|---|" + "---|" * len(SETUPTOOLS) + "---:|---:|---:|",
    ]
    for paddle in sorted({row["paddle"] for row in rows}):
        for python in PYTHONS:
            here = [row for row in rows if (row["paddle"], row["python"]) == (paddle, python)]
            exist = cells(paddle, python, "full")
            marks = [_mark(setuptools, here, exist) for setuptools in SETUPTOOLS]
            passed = sum(row["result"] == "passed" for row in here)
            lines.append(
                f"| {paddle} | {python} | {' | '.join(marks)} | {passed} | {len(here)} | "
                f"{len(exist)} |"
            )
    return "\n".join(lines)


def _mark(setuptools: str, rows: Sequence[dict], exist: Sequence[tuple[str, str]]) -> str:
    """One cell of the table: how many routes of those that exist passed, and which failed."""
    here = [row for row in rows if row["setuptools"] == setuptools]
    possible = sum(cell[0] == setuptools for cell in exist)
    if not possible:
        return "cannot exist"
    if not here:
        return "not run"
    failed = [row["route"] for row in here if row["result"] != "passed"]
    text = f"{len(here) - len(failed)} of {possible}"
    return f"{text}, failed: {', '.join(failed)}" if failed else text


if __name__ == "__main__":
    os.environ.pop("TEST_TMPDIR", None)
    sys.exit(main())
