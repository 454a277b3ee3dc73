"""CppExtension and CUDAExtension: what a `setup()` builds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import setuptools
from paddlemend.custom_op import toolchain
from paddlemend.custom_op.arguments import check_lists
from paddlemend.custom_op.plan import Library

# Arguments of setuptools.Extension beside `sources` that are lists.
_LISTS = (
    "define_macros",
    "depends",
    "extra_link_args",
    "extra_objects",
    "include_dirs",
    "libraries",
    "library_dirs",
    "runtime_library_dirs",
    "undef_macros",
)


class OperatorExtension(setuptools.Extension):
    """A setuptools.Extension that BuildExtension builds; `named` says whether its user named it."""

    def __init__(self, name: str | None, sources: Sequence[str], *args: Any, **kwargs: Any) -> None:
        self.named = name is not None
        paths = [os.fspath(source) for source in sources]
        if not paths:
            raise ValueError("sources is empty, expected at least one file")
        stems = dict.fromkeys(os.path.splitext(os.path.basename(path))[0] for path in paths)
        super().__init__(name or "_".join(stems), paths, *args, **kwargs)


def CppExtension(sources: Sequence[str], *args: Any, **kwargs: Any) -> OperatorExtension:
    """An extension of C++ sources.

    Args:
        sources: files `.cc`, `.cpp`, `.cxx`, `.c`.
        args: as for setuptools.Extension, after its `sources`.
        kwargs: as for setuptools.Extension; `name`, the import name, may be left to `setup()`, and
            `extra_compile_args` may be a dict of "cxx", "c" and "nvcc".

    Raises ValueError or TypeError if an argument is of another kind.
    """
    return _extension(sources, False, args, kwargs)


def CUDAExtension(sources: Sequence[str], *args: Any, **kwargs: Any) -> OperatorExtension:
    """An extension of C++ and CUDA sources (`.cu`); the arguments are those of CppExtension.

    nvcc is that of CUDA_HOME; PADDLE_CUDA_ARCH_LIST, such as "8.0;9.0+PTX", chooses the GPUs.
    """
    return _extension(sources, True, args, kwargs)


def _extension(
    sources: Sequence[str], use_cuda: bool, args: tuple, kwargs: dict[str, Any]
) -> OperatorExtension:
    check_lists({"sources": sources, **{name: kwargs.get(name) for name in _LISTS}})
    # What the caller gave stays as it is: flags and folders go into copies.
    kwargs = dict(kwargs)
    for name in ("_compile_dir", "verbose"):  # which Paddle accepts and does not use here
        kwargs.pop(name, None)
    kwargs["extra_compile_args"] = _flags(kwargs.get("extra_compile_args"))
    kwargs["include_dirs"] = [
        *_paths(kwargs.get("include_dirs")),
        *toolchain.include_dirs(use_cuda),
    ]
    kwargs["library_dirs"] = [
        *_paths(kwargs.get("library_dirs")),
        *toolchain.library_dirs(use_cuda),
    ]
    kwargs["extra_link_args"] = list(kwargs.get("extra_link_args") or [])
    kwargs["libraries"] = [*(kwargs.get("libraries") or []), *(["cudart"] if use_cuda else [])]
    kwargs["language"] = "c++"
    return OperatorExtension(kwargs.pop("name", None), sources, *args, **kwargs)


def _paths(paths: Iterable[str | os.PathLike[str]] | None) -> list[str]:
    return [os.fsdecode(path) for path in paths or []]


def _flags(given: dict[str, Sequence[str]] | Sequence[str] | None) -> Any:
    """Flags for all languages as a list, or by language as a dict of lists."""
    if isinstance(given, str):
        raise TypeError(f"extra_compile_args is {given!r}, expected a list or a dict of lists")
    if isinstance(given, dict):
        check_lists({f"extra_compile_args[{name!r}]": flags for name, flags in given.items()})
        languages = {"cxx": given.get("cc", []), "nvcc": [], **given}
        return {language: list(flags) for language, flags in languages.items()}
    return list(given or [])


def library_of(extension: setuptools.Extension) -> Library:
    """What `extension` says, in the words of a plan."""
    given = extension.extra_compile_args or []
    if isinstance(given, dict):
        by_language = {"c": given.get("cxx", []), **given}
        flags = {language: list(words) for language, words in by_language.items()}
    else:
        flags = {"cxx": list(given), "c": list(given), "nvcc": list(given)}
    return Library(
        name=extension.name.rpartition(".")[2],
        sources=extension.sources,
        flags=flags,
        include_dirs=extension.include_dirs or [],
        library_dirs=extension.library_dirs or [],
        libraries=extension.libraries or [],
        link_flags=extension.extra_link_args or [],
        runtime_dirs=extension.runtime_library_dirs or [],
        macros=[(macro[0], macro[1]) for macro in extension.define_macros or []],
        undefined_macros=extension.undef_macros or [],
        objects=extension.extra_objects or [],
    )
