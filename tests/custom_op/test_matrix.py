"""setuptools x route on this Paddle and Python: installs, is right, uninstalls without a rest.

COVERING names the part of the cells: ci, usual or full.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
import sys
from pathlib import Path

import paddle
import pytest
from cells import ELSEWHERE, ROUTES, cells
from environment import files_below

HERE = (
    ".".join(paddle.__version__.split(".")[:2]),
    ".".join(map(str, sys.version_info[:2])),
)


@pytest.mark.parametrize(("setuptools", "route"), cells(*HERE, os.environ["COVERING"]))
def test_cell(setuptools, route, environment, project, tmp_path):
    there = environment(setuptools)
    folder = project()
    given = files_below(folder)
    before = there.installed()
    out = tmp_path / "out"
    out.mkdir()
    for words in ROUTES[route]:
        there.run(*(word.format(out=out) for word in words), cwd=folder)
    new = there.installed() - before
    if route in ELSEWHERE:
        assert not new
        (package,) = out.rglob("relu_ops/__init__.py")
        site = package.parent.parent
        check_metadata(site, files_below(site))
        there.check("relu_ops", PYTHONPATH=str(site))
    else:
        old_develop = setuptools < "64" and route == "setup.py develop"
        if not old_develop:
            check_metadata(there.site, new)
        there.check("relu_ops")
        there.pip("uninstall", "--yes", "relu_ops")
        left = there.installed() - before
        (there.site / "easy-install.pth").unlink(missing_ok=True)
        assert left <= ({"easy-install.pth"} if old_develop else set())
    check_tree(given, files_below(folder), in_place="-e" in route or "develop" in route)


def check_metadata(site: Path, installed: set[str]) -> None:
    """The list by which pip uninstalls has the files that are there, and a wheel's tag is right."""
    (name,) = {path.split("/")[0] for path in installed if "-info/" in path}
    record = site / name / "RECORD"
    if record.is_file():
        tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
        assert f"Tag: {tag}-{tag}-linux_x86_64\n" in (site / name / "WHEEL").read_text()
        with open(record, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file) if not row[0].endswith(".pyc")]
        for path, digest, size in rows:
            assert (digest, size) == ("", "") or (digest, size) == entry(site / path), path
        listed = [path for path, _, _ in rows]
    else:
        lines = (site / name / "installed-files.txt").read_text(encoding="utf-8").splitlines()
        listed = [os.path.normpath(os.path.join(name, line)) for line in lines]
    assert sorted(listed) == sorted(path for path in installed if not path.endswith(".pyc"))


def entry(path: Path) -> tuple[str, str]:
    """Digest and size of a file, as RECORD has them."""
    data = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return f"sha256={digest}", str(len(data))


def check_tree(before: set[str], after: set[str], in_place: bool) -> None:
    """The project has its files still, and new ones in the usual folders only."""
    assert before <= after
    new = after - before
    beside = {path for path in new if path.split("/")[0] not in ("build", "relu_ops.egg-info")}
    assert beside == ({"relu_ops/__init__.py", "relu_ops/relu_ops_pd_.so"} if in_place else set())
