"""setuptools x route on this Paddle and Python: installs, is right, uninstalls without a rest.

COVERING names the part of the cells: ci, usual or full.
"""

from __future__ import annotations

import os
import sys

import paddle
import pytest
from cells import ELSEWHERE, ROUTES, cells

HERE = (
    ".".join(paddle.__version__.split(".")[:2]),
    ".".join(map(str, sys.version_info[:2])),
)


@pytest.mark.parametrize(("setuptools", "route"), cells(*HERE, os.environ["COVERING"]))
def test_cell(setuptools, route, environment, project, tmp_path):
    there = environment(setuptools)
    folder = project()
    before = there.installed()
    for words in ROUTES[route]:
        there.run(*(word.format(out=tmp_path) for word in words), cwd=folder)
    if route in ELSEWHERE:
        assert there.installed() == before
        (package,) = tmp_path.rglob("relu_ops/__init__.py")
        there.check("relu_ops", PYTHONPATH=str(package.parent.parent))
    else:
        there.check("relu_ops")
        there.pip("uninstall", "--yes", "relu_ops")
        left = there.installed() - before
        (there.site / "easy-install.pth").unlink(missing_ok=True)
        assert left <= ({"easy-install.pth"} if setuptools < "64" else set())
