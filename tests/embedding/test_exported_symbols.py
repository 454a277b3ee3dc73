"""What libpaddlemend.so gives to others, and what it needs of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

LIBRARY = "cc/capi/libpaddlemend.so"
LISTED = Path("tests/embedding/exported_symbols.txt")


def symbols(kind: str) -> list[str]:
    command = ["nm", "--dynamic", f"--{kind}", "--format=just-symbols", LIBRARY]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_the_exported_symbols_are_those_that_are_listed():
    exported = "".join(f"{name}\n" for name in sorted(symbols("defined-only")))
    assert exported == LISTED.read_text(), (
        f"the interface changed: if that is wanted, {LISTED} is what this prints:\n{exported}"
    )


def test_every_exported_symbol_is_a_function_of_the_c_interface():
    assert all(re.fullmatch(r"pm_[a-z0-9_]+", name) for name in symbols("defined-only"))


def test_no_symbol_of_a_framework_is_needed():
    """Each is the C or C++ runtime's, which has versions, or LAPACK's, or may be absent."""
    known = re.compile(
        r".+@(GLIBC|GLIBCXX|CXXABI|GCC)_[0-9.]+|scipy_\w+"
        r"|__gmon_start__|_ITM_(de)?registerTMCloneTable"
    )
    assert [name for name in symbols("undefined-only") if not known.fullmatch(name)] == []


def test_only_the_runtime_and_lapack_are_loaded_with_it():
    listed = subprocess.run(
        ["readelf", "--dynamic", "--wide", LIBRARY], check=True, capture_output=True, text=True
    ).stdout
    needed = set(re.findall(r"\(NEEDED\)\s+Shared library: \[(.+?)\]", listed))
    assert "libscipy_openblas.so" in needed
    assert needed <= {
        "ld-linux-x86-64.so.2",
        "libc.so.6",
        "libgcc_s.so.1",
        "libm.so.6",
        "libscipy_openblas.so",
        "libstdc++.so.6",
    }
