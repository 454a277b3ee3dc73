"""load() and load_inline(): operators built and loaded while a program runs."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from paddlemend.custom_op import execution, toolchain
from paddlemend.custom_op.arguments import check_lists
from paddlemend.custom_op.errors import BuildError
from paddlemend.custom_op.layout import is_importable
from paddlemend.custom_op.lock import build_lock
from paddlemend.custom_op.place import place
from paddlemend.custom_op.plan import Library, make_plan
from paddlemend.custom_op.stub import write_stub

_DEFAULT = os.path.join("~", ".cache", "paddle_extensions")

_loading = threading.RLock()
_loaded: dict[Path, tuple[str, ModuleType]] = {}


def get_build_directory(verbose: bool = False) -> str:
    """Where `load()` builds by default: $PADDLE_EXTENSION_DIR or ~/.cache/paddle_extensions.

    It is made if it is missing; BuildError says that it cannot be. `verbose` has it printed.
    """
    folder = os.environ.get("PADDLE_EXTENSION_DIR") or os.path.expanduser(_DEFAULT)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"cannot make the folder {folder!r} ({error.strerror}): PADDLE_EXTENSION_DIR or "
            "build_directory names another one"
        ) from None
    if verbose:
        print(f"extensions are built in {folder}", flush=True)
    return folder


def load(
    name: str,
    sources: Sequence[str | os.PathLike[str]],
    extra_cxx_cflags: Sequence[str] | None = None,
    extra_cuda_cflags: Sequence[str] | None = None,
    extra_ldflags: Sequence[str] | None = None,
    extra_include_paths: Sequence[str | os.PathLike[str]] | None = None,
    extra_library_paths: Sequence[str | os.PathLike[str]] | None = None,
    build_directory: str | os.PathLike[str] | None = None,
    verbose: bool = False,
) -> ModuleType:
    """Builds what changed of the sources, in `build_directory/name`, and loads it.

    Args:
        name: of the module; the library is `build_directory/name/name.so`.
        sources: files `.cc`, `.cpp`, `.cxx`, `.c` and `.cu`, relative to the current folder.
        extra_cxx_cflags: flags of the C++ compiler, after ours.
        extra_cuda_cflags: flags of nvcc, after ours.
        extra_ldflags: flags of the linker.
        extra_include_paths: folders of headers, searched first.
        extra_library_paths: folders of libraries, searched first.
        build_directory: where to build, made if it is missing; by default `get_build_directory()`.
        verbose: prints the commands.

    Returns:
        A module with a function for each operator and what pybind11 exports. The same build in the
        same process gives the same module.

    Raises:
        TypeError, ValueError: an argument is of another kind.
        BuildError: it cannot be built; the text ends with the compiler's message.
        ImportError: it cannot be loaded, or another build of that name is loaded in this process:
            a library, and its operators, cannot be exchanged.
    """
    library = _library(
        name,
        sources,
        extra_cxx_cflags=extra_cxx_cflags,
        extra_cuda_cflags=extra_cuda_cflags,
        extra_ldflags=extra_ldflags,
        extra_include_paths=extra_include_paths,
        extra_library_paths=extra_library_paths,
    )
    return _build_and_load(library, _build_folder(name, build_directory, verbose), verbose)


def _library(name: str, sources: Sequence[str | os.PathLike[str]], **lists: Any) -> Library:
    """The library that `load()` describes; `lists` are its other lists, by name."""
    check_lists({"sources": sources, **lists})
    given = {argument: list(value or []) for argument, value in lists.items()}
    sources = [os.path.abspath(source) for source in sources]
    with_cuda = any(map(toolchain.is_cuda_source, sources))
    return Library(
        name=name,
        sources=sources,
        flags={
            "cxx": given["extra_cxx_cflags"],
            "c": given["extra_cxx_cflags"],
            "nvcc": given["extra_cuda_cflags"],
        },
        include_dirs=[
            *map(os.path.abspath, given["extra_include_paths"]),
            *toolchain.include_dirs(with_cuda),
        ],
        library_dirs=[
            *map(os.path.abspath, given["extra_library_paths"]),
            *toolchain.library_dirs(with_cuda),
        ],
        libraries=["cudart"] if with_cuda else [],
        link_flags=given["extra_ldflags"],
        runtime_dirs=toolchain.library_dirs(with_cuda),
    )


def _build_folder(name: str, build_directory: str | os.PathLike[str] | None, verbose: bool) -> Path:
    """The folder of one library, made if it is missing; checks the two arguments."""
    if not is_importable(name) or "." in name:
        raise ValueError(f"name is {name!r}, expected a Python name without dots")
    folder = Path(build_directory or get_build_directory(verbose)).absolute() / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"build_directory is {str(folder.parent)!r}, expected one to write to: {error.strerror}"
        ) from None
    return folder


def _build_and_load(
    library: Library, folder: Path, verbose: bool, texts: Mapping[Path, str] = MappingProxyType({})
) -> ModuleType:
    """Builds and loads the library, after it has written the `texts` of its sources.

    No other thread and no other process builds in the folder until it is loaded.
    """
    with _loading, build_lock(folder):
        for path, text in texts.items():
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
        _build(library, folder, verbose)
        return _load(library.name, folder)


def _build(library: Library, folder: Path, verbose: bool) -> None:
    import paddle

    toolchain.check_abi(toolchain.cxx())
    plan = make_plan(library, folder / f"objects-paddle-{paddle.__version__}", folder)
    if verbose:
        for step in plan.steps:
            print(" ".join(step.command), flush=True)
    target = _target(library.name, folder)
    place(execution.run(plan, plan.library.parent), target)
    write_stub(_stub(library.name, folder), target.name, paddle.__version__)


def _target(name: str, folder: Path) -> Path:
    return folder / f"{name}.so"


def _stub(name: str, folder: Path) -> Path:
    return folder / f"{name}_stub.py"


def _load(name: str, folder: Path) -> ModuleType:
    """The module of the library in `folder`; ImportError if another one is loaded from there."""
    target = _target(name, folder)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    if target in _loaded:
        loaded, module = _loaded[target]
        if loaded != digest:
            raise ImportError(
                f"{name} was loaded before, from another build of {target}: a new build "
                "needs a new process, or another name",
                name=name,
                path=os.fspath(target),
            )
        return module
    module = _import(name, _stub(name, folder))
    _loaded[target] = digest, module
    return module


def _import(name: str, stub: Path) -> ModuleType:
    """Runs the stub as the module `name`, without a place in sys.modules, as Paddle's load()."""
    loader = importlib.machinery.SourceFileLoader(name, os.fspath(stub))
    spec = importlib.util.spec_from_file_location(name, stub, loader=loader)
    module = importlib.util.module_from_spec(spec)
    former = sys.modules.get(name)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    finally:
        if former is not None:
            sys.modules[name] = former
        else:
            del sys.modules[name]
    return module


def load_inline(
    name: str,
    cpp_sources: str | Sequence[str],
    cuda_sources: str | Sequence[str] = (),
    extra_cxx_cflags: Sequence[str] | None = None,
    extra_cuda_cflags: Sequence[str] | None = None,
    extra_ldflags: Sequence[str] | None = None,
    extra_include_paths: Sequence[str | os.PathLike[str]] | None = None,
    extra_library_paths: Sequence[str | os.PathLike[str]] | None = None,
    build_directory: str | os.PathLike[str] | None = None,
    verbose: bool = False,
    functions: Sequence[str] | None = None,
) -> ModuleType:
    """`load()` of sources that are given as text.

    Args:
        name: of the module.
        cpp_sources: C++ sources; `paddle/extension.h` is included before each.
        cuda_sources: CUDA sources, likewise.
        functions: names of C++ functions to export through pybind11; operators need none.
        extra_cxx_cflags: as the other arguments, and what is returned and raised, see `load`.

    The texts are written to `build_directory/name`, and only when they change.
    """
    check_lists({"functions": functions})
    folder = _build_folder(name, build_directory, verbose)
    cpp = [cpp_sources] if isinstance(cpp_sources, str) else list(cpp_sources)
    gpu = [cuda_sources] if isinstance(cuda_sources, str) else list(cuda_sources)
    if not cpp and not gpu:
        raise ValueError("cpp_sources is empty, expected at least one text")
    if functions:
        exports = "\n".join(f'  m.def("{function}", &{function});' for function in functions)
        body = f"PYBIND11_MODULE({name}, m) {{\n{exports}\n}}\n"
        cpp = [*cpp[:-1], (cpp[-1] if cpp else "") + "\n" + body]
    texts = {
        folder / f"inline_{index}{suffix}": text
        for suffix, group in ((".cc", cpp), (".cu", gpu))
        for index, text in enumerate(group)
    }
    library = _library(
        name,
        list(texts),
        extra_cxx_cflags=extra_cxx_cflags,
        extra_cuda_cflags=extra_cuda_cflags,
        extra_ldflags=extra_ldflags,
        extra_include_paths=extra_include_paths,
        extra_library_paths=extra_library_paths,
    )
    for language in ("cxx", "nvcc"):  # so that the lines of the text are those of the file
        library.flags[language] = ["-include", "paddle/extension.h", *library.flags[language]]
    return _build_and_load(library, folder, verbose, texts)
