"""Equal inputs make equal wheels, whatever the machine is set to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PACKAGE = Path("py/paddlemend_without_kernels.tree/paddlemend")
PROJECT = [Path(path) for path in os.environ["PROJECT_FILES"].split()]
NAME = "paddlemend-0.1.0-cp311-cp311-manylinux_2_35_x86_64.whl"


def build(folder: Path, umask: int, files: list[str], **environment: str) -> bytes:
    folder.mkdir()
    words = [word for pair in files for word in ("--file", pair)]
    subprocess.run(
        [sys.executable, "third_party/rules/make_wheel.py", "--out", folder / NAME, *words],
        env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        umask=umask,
        check=True,
    )
    return (folder / NAME).read_bytes()


def test_two_builds_are_equal_byte_by_byte(tmp_path):
    sources = [path for path in sorted(PACKAGE.rglob("*")) if path.is_file()]
    files = [f"{path}=py/{path.relative_to(PACKAGE)}" for path in sources]
    files += [f"{path}={path.name}" for path in PROJECT]
    assert len(files) > 100

    (tmp_path / "scratch").mkdir()
    one = build(tmp_path / "one", 0o022, files, TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    other = build(
        tmp_path / "other",
        0o077,
        files[::-1],
        TZ="Asia/Shanghai",
        LC_ALL="C.UTF-8",
        PYTHONHASHSEED="2",
        TMPDIR=str(tmp_path / "scratch"),
        HOME=str(tmp_path),
    )
    assert one == other
