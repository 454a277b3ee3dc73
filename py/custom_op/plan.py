"""What a library is made of, and the commands that make it."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from paddlemend.custom_op import cuda, toolchain
from paddlemend.custom_op.errors import BuildError

_SOURCES = (".cc", ".cpp", ".cxx", ".c++", ".cp", ".CPP", ".C", ".c", ".cu")  # as gcc has it
_OBJECTS = (".o", ".a", ".so", ".lo")


@dataclass
class Library:
    """A shared library of operators. Folders and flags include what Paddle needs.

    `flags` has the user's compiler flags by language: "cxx", "c", "nvcc", "nvcc_dlink".
    """

    name: str  # the last part of the import name
    sources: Sequence[str]
    flags: dict[str, list[str]] = field(default_factory=dict)
    include_dirs: Sequence[str] = ()
    library_dirs: Sequence[str] = ()
    libraries: Sequence[str] = ()
    link_flags: Sequence[str] = ()
    runtime_dirs: Sequence[str] = ()
    macros: Sequence[tuple[str, str | None]] = ()
    undefined_macros: Sequence[str] = ()
    objects: Sequence[str] = ()


@dataclass(frozen=True)
class Step:
    """One command: `output` out of `inputs`; a compiler lists the headers it read in `depfile`."""

    label: str
    output: Path
    inputs: tuple[str, ...]
    command: tuple[str, ...]
    depfile: Path | None = None


@dataclass(frozen=True)
class Plan:
    """The commands of one library; `link`, which needs all of `compile`, is what is asked for."""

    compile: tuple[Step, ...]
    link: tuple[Step, ...]

    @property
    def library(self) -> Path:
        return self.link[-1].output

    @property
    def steps(self) -> tuple[Step, ...]:
        return self.compile + self.link


def make_plan(library: Library, folder: Path, root: Path) -> Plan:
    """Plans to build `library` in `folder`; sources are relative to `root` or absolute.

    Raises BuildError if a source is missing or of an unknown kind, or there is no compiler.
    """
    prebuilt = [_found(path, root, "extra_objects") for path in library.objects]
    sources = []
    for source in library.sources:
        path = _found(source, root, "sources")
        if path.suffix in _OBJECTS:
            prebuilt.append(path)
        elif path.suffix in _SOURCES:
            sources.append(path)
        else:
            raise BuildError(f"sources has {source!r}, expected a file {', '.join(_SOURCES)}")
    if not sources and not prebuilt:
        raise BuildError(f"sources of {library.name!r} is empty, expected at least one file")
    with_cuda = any(toolchain.is_cuda_source(source) for source in sources)
    if with_cuda:
        cuda.check_version(cuda.nvcc())
    steps = tuple(_compile_step(library, path, folder, root, with_cuda) for path in sources)
    compiled = [str(step.output) for step in steps]
    for step in steps:
        if compiled.count(str(step.output)) > 1:
            raise BuildError(f"sources has {step.label!r} twice, expected it once")
    objects = compiled + [str(path) for path in prebuilt]
    return Plan(steps, tuple(_link_steps(library, objects, folder, root)))


def _found(file: str, root: Path, argument: str) -> Path:
    path = root / file
    if not path.is_file():
        raise BuildError(f"{argument} has {os.fspath(file)!r}, expected a file; {path} is none")
    return path


def _compile_step(library: Library, source: Path, folder: Path, root: Path, cuda: bool) -> Step:
    relative = os.path.relpath(source, root)
    digest = hashlib.sha256(os.fsencode(relative)).hexdigest()[:8]  # two folders, one file name
    output = folder / f"{source.name}.{digest}.o"
    depfile = output.with_name(output.name + ".d")
    command = [
        *_compiler(library, source, cuda),
        *_macros(library),
        *(f"-I{path}" for path in dict.fromkeys(library.include_dirs)),
        *("-MD", "-MF", str(depfile), "-c", str(source), "-o", str(output)),
    ]
    return Step(relative, output, (str(source),), tuple(command), depfile)


def _compiler(library: Library, source: Path, with_cuda: bool) -> list[str]:
    """Compiler and flags of one source, behind a compiler cache if there is one."""
    if source.suffix == ".cu":
        words = [cuda.nvcc()]
        user = library.flags.get("nvcc", [])
        flags = cuda.nvcc_flags(user, toolchain.host_compiler(), library.name)
    elif source.suffix == ".c":
        words = toolchain.cc()
        flags = toolchain.cc_flags(library.flags.get("c", []), library.name)
    else:
        words = toolchain.cxx()
        flags = toolchain.cxx_flags(library.flags.get("cxx", []), library.name, with_cuda)
    return [*toolchain.compiler_cache(words), *words, *flags]


def _macros(library: Library) -> list[str]:
    defined = [
        f"-D{name}" if value is None else f"-D{name}={value}" for name, value in library.macros
    ]
    return [*defined, *(f"-U{name}" for name in library.undefined_macros)]


def _link_steps(library: Library, objects: list[str], folder: Path, root: Path) -> list[Step]:
    steps = []
    if "nvcc_dlink" in library.flags:
        output = folder / "device_link.o"
        flags = library.flags["nvcc_dlink"]
        command = [cuda.nvcc(), "-dlink", "-Xcompiler", "-fPIC", *objects, "-o", str(output)]
        command += [*flags, *cuda.architecture_flags(flags)]
        steps.append(Step("device code", output, tuple(objects), tuple(command)))
        objects = [*objects, str(output)]
    output = folder / f"{library.name}.so"
    command = [
        *toolchain.cxx(),
        "-shared",
        *objects,
        *(f"-L{path}" for path in dict.fromkeys(library.library_dirs)),
        *_runtime_paths(library),
        *(f"-l{name}" for name in library.libraries),
        *toolchain.link_flags(),
        *library.link_flags,
        *("-o", str(output)),
    ]
    inputs = (*objects, *_library_files(library, root))
    steps.append(Step(output.name, output, inputs, tuple(command)))
    return steps


def _runtime_paths(library: Library) -> Iterator[str]:
    for path in dict.fromkeys(library.runtime_dirs):
        yield from ("-Xlinker", "-rpath", "-Xlinker", path)  # -Wl would part it at a comma


def _library_files(library: Library, root: Path) -> Iterator[str]:
    """The files that the linker takes for the libraries: what they have may be linked in."""
    for name in library.libraries:
        files = (
            root / path / f"lib{name}{suffix}"
            for path in library.library_dirs
            for suffix in (".so", ".a")
        )
        yield from (str(file) for file in itertools.islice(filter(Path.is_file, files), 1))
