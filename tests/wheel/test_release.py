"""What an index and pip ask of the wheel: its platform tag, its metadata, its size."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from auditwheel.architecture import Architecture
from auditwheel.libc import Libc
from auditwheel.wheel_abi import analyze_wheel_abi
from elftools.elf.elffile import ELFFile
from packaging.metadata import Metadata
from packaging.utils import parse_wheel_filename

# Libraries of the Paddle that is installed: an adapter is loaded after it, and finds them there.
OF_PADDLE = frozenset({"libcommon.so", "libphi_core.so"})

# The largest file that PyPI takes unless it is asked for more.
MOST_BYTES = 100 * 2**20


@pytest.fixture(scope="module")
def wheel() -> Path:
    (wheel,) = Path("py").rglob("paddlemend-*.whl")
    return wheel.resolve()


@pytest.fixture(scope="module")
def metadata(wheel) -> Metadata:
    """The metadata; an ExceptionGroup names every field that is not valid."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Metadata.from_email(archive.read(name), validate=True)


def test_the_platform_tag_is_the_one_that_auditwheel_finds(wheel):
    found = analyze_wheel_abi(
        Libc.GLIBC,
        Architecture.x86_64,
        wheel,
        OF_PADDLE,
        disable_isa_ext_check=False,
        allow_graft=False,
    )
    (tag,) = parse_wheel_filename(wheel.name)[3]
    assert tag.platform == found.overall_policy.name, found.versioned_symbols
    # OpenBLAS is inside; nothing else is looked for on the machine.
    assert all(not reference.libs for reference in found.external_refs.values())


def run_paths(library: bytes) -> list[str]:
    """Where a library looks for others: the entries of its RPATH and RUNPATH."""
    dynamic = ELFFile(io.BytesIO(library)).get_section_by_name(".dynamic")
    return [
        getattr(tag, attribute)
        for tag in dynamic.iter_tags()
        for attribute in ("rpath", "runpath")
        if hasattr(tag, attribute)
    ]


def test_libraries_look_for_others_beside_themselves_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        found = {
            Path(name).name: run_paths(archive.read(name))
            for name in archive.namelist()
            if name.endswith(".so")
        }
    assert found.pop("libscipy_openblas.so") == []
    assert {"libpaddlemend.so", "native.so"} < found.keys()
    assert found == {name: ["$ORIGIN"] for name in found}


def test_the_metadata_is_valid_and_complete(metadata):
    assert metadata.name == "paddlemend"
    assert metadata.license_expression == "Apache-2.0"
    assert set(metadata.license_files) == {"LICENSE", "LICENSE.openblas"}
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description.startswith("# paddlemend")
    assert metadata.summary
    assert "3.8" not in metadata.requires_python and "3.9" in metadata.requires_python


def test_every_python_of_the_tag_is_allowed_by_the_metadata(wheel, metadata):
    (tag,) = parse_wheel_filename(wheel.name)[3]
    version = tag.interpreter.removeprefix("cp")
    assert metadata.requires_python.contains(f"{version[0]}.{version[1:]}")


def test_the_files_that_the_metadata_names_are_there(wheel, metadata):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for file in metadata.license_files:
        assert any(name.endswith(f".dist-info/licenses/{file}") for name in names)
    assert "paddlemend/py.typed" in names
    assert "paddlemend/lib/native.pyi" in names


def test_the_size_is_one_that_an_index_takes(wheel, capsys):
    with zipfile.ZipFile(wheel) as archive:
        installed = sum(entry.file_size for entry in archive.infolist())
    size = wheel.stat().st_size
    with capsys.disabled():
        print(f"\n{wheel.name}: {size / 1e6:.1f} MB, {installed / 1e6:.1f} MB installed")
    assert size < MOST_BYTES
