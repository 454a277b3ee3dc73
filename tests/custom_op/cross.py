"""The cells of several Paddles and Pythons, and the table of what is known of the full cross.

    ./bazelw run //tests/custom_op:cross -- run OUT.jsonl --python 3.9 --paddle 3_0 3_3 --part full
    ./bazelw run //tests/custom_op:cross -- table FILE.jsonl …

`run` installs one Paddle after the other with pip, from the locks, into a temporary folder, runs
test_matrix.py there by that Python, and deletes it: --config=matrix does the same with a copy of
each Paddle in Bazel's cache. A Python is $PYTHON_X_Y, pythonX.Y on PATH, or pyenv's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from collections.abc import Iterator, Sequence
from pathlib import Path

from cells import PARTS, SETUPTOOLS, cells
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
    run.add_argument("-k", default="", help="as for pytest: chooses among the cells of the part")
    table = commands.add_parser("table")
    table.add_argument("results", type=_users, nargs="+")
    options = parser.parse_args()
    if options.command == "table":
        print(summary(read(options.results)))
        return 0
    failed = 0
    for python in options.python:
        for row in run_python(python, options.paddle, options.part, options.k):
            failed += row["result"] != "passed"
            with open(options.output, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    return int(failed > 0)


def _users(path: str) -> Path:
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), path).absolute()


def run_python(python: str, paddles: Sequence[str], part: str, choice: str) -> Iterator[dict]:
    """The rows of one Python: paddle, python, setuptools, route, result, seconds."""
    program = find_python(python)
    tag = "cp" + python.replace(".", "")
    with tempfile.TemporaryDirectory(prefix="cross-") as folder:
        install(program, f"tools_{tag}", Path(folder, "tools/site"))
        for paddle in paddles:
            site = Path(folder, "paddle/site")
            install(program, f"paddle_{paddle}_{tag}", site)
            (metadata,) = site.glob("paddlepaddle-*.dist-info")
            version = metadata.stem.split("-")[1]
            for row in run_cells(program, Path(folder), part, choice):
                yield {"paddle": version, "python": python, **row}
            shutil.rmtree(site)


def install(program: str, lock: str, site: Path) -> None:
    words = [program, "-m", "pip", "install", "--quiet", "--require-hashes", "--no-deps"]
    words += ["--only-binary=:all:", "--no-compile", "--target", site, "-r", LOCKS / f"{lock}.txt"]
    subprocess.run(words, check=True)


def run_cells(program: str, folder: Path, part: str, choice: str) -> Iterator[dict]:
    """Runs test_matrix.py with the packages below `folder`; the rows without Paddle and Python."""
    sites = [folder / "tools/site", folder / "paddle/site", HERE]
    report = folder / "report.xml"
    variables = {
        **os.environ,
        "BUILD_TOOLS": os.path.abspath(os.environ["BUILD_TOOLS"]),
        "COVERING": part,
        "PYTHONPATH": os.pathsep.join(map(str, sites)),
    }
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "-k", choice]
    subprocess.run([program, *words, HERE / "test_matrix.py"], env=variables, check=False)
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        setuptools, route = re.fullmatch(r"test_cell\[([\d.]+)-(.*)\]", case.get("name")).groups()
        passed = case.find("failure") is None and case.find("error") is None
        yield {
            "setuptools": setuptools,
            "route": route,
            "result": "passed" if passed else "failed",
            "seconds": round(float(case.get("time")), 1),
        }


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
    lines = [
        "| Paddle | Python | " + " | ".join(SETUPTOOLS) + " | passed | ran | exist |",
        "|---|---|" + "---|" * len(SETUPTOOLS) + "---:|---:|---:|",
    ]
    for paddle in sorted({row["paddle"] for row in rows}):
        for python in PYTHONS:
            here = [row for row in rows if (row["paddle"], row["python"]) == (paddle, python)]
            if not here:
                continue
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
