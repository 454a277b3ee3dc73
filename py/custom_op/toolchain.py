"""Compilers and flags: the same on every setuptools and Paddle, with or without setuptools."""

from __future__ import annotations

import os
import shlex
import shutil
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from paddlemend.custom_op.errors import BuildError

# gcc -> g++ and so on: a compiler of C++ beside the one of C that a user chose.
_CXX_OF_CC = {"gcc": "g++", "cc": "c++", "clang": "clang++"}

# Later flags win: what a user gives, in the environment or in an extension, comes after these.
_OPTIMIZED = ("-O3", "-DNDEBUG", "-fwrapv", "-fPIC", "-w")
_CACHES = ("ccache", "sccache")


def cxx() -> list[str]:
    """The words that run the compiler of C++: `$CXX`, the one that belongs to `$CC`, or Python's.

    Raises BuildError if there is none.
    """
    if chosen := os.environ.get("CXX"):
        return _existing(shlex.split(chosen), "CXX")
    if chosen := os.environ.get("CC"):
        *cache, compiler = shlex.split(chosen.split(" -")[0])
        folder, name = os.path.split(compiler)
        if name in _CXX_OF_CC:
            return _existing([*cache, os.path.join(folder, _CXX_OF_CC[name])], "CC")
    python = shlex.split(sysconfig.get_config_var("CXX") or "")
    for words in (python, ["c++"], ["g++"], ["clang++"]):
        if words and shutil.which(words[0]):
            return words
    raise BuildError(
        "no C++ compiler: neither c++ nor g++ nor clang++ is on PATH; install one "
        "(Debian: apt install g++) or name it in CXX"
    )


def host_compiler() -> str:
    """The program of `cxx()` without a cache before it: what nvcc calls."""
    return next(word for word in cxx() if os.path.basename(word) not in _CACHES)


def cc() -> list[str]:
    """The words that run the compiler of C, for `.c` sources; as `cxx`."""
    if chosen := os.environ.get("CC"):
        return _existing(shlex.split(chosen), "CC")
    for words in (shlex.split(sysconfig.get_config_var("CC") or ""), ["cc"], ["gcc"], ["clang"]):
        if words and shutil.which(words[0]):
            return words
    raise BuildError("no C compiler: neither cc nor gcc nor clang is on PATH; name one in CC")


def _existing(words: list[str], variable: str) -> list[str]:
    if not words or not shutil.which(words[0]):
        value = os.environ[variable]
        raise BuildError(
            f"no C++ compiler: {variable} is {value!r}, expected a program that exists"
        )
    return words


def compiler_cache(compiler: Sequence[str]) -> list[str]:
    """`["…/ccache"]` or sccache, whichever is on PATH, to be put before a compiler's words.

    Empty where the compiler is a cache already, and where PADDLEMEND_COMPILER_CACHE is empty; that
    variable may also name another program.
    """
    real = os.path.basename(os.path.realpath(shutil.which(compiler[0]) or compiler[0]))
    if real in _CACHES:
        return []
    chosen = os.environ.get("PADDLEMEND_COMPILER_CACHE")
    if chosen is not None:
        return shlex.split(chosen)
    return next(([path] for path in map(shutil.which, _CACHES) if path), [])


def cxx_flags(user: Sequence[str], extension_name: str, with_cuda: bool) -> list[str]:
    """What compiles a C++ source of the extension `extension_name`, the last part of its name."""
    flags = [*_OPTIMIZED, *_defines(extension_name)]
    if with_cuda:
        flags.append("-DPADDLE_WITH_CUDA")
    return [*flags, *_environment("CPPFLAGS", "CFLAGS", "CXXFLAGS"), *_with_standard(user)]


def cc_flags(user: Sequence[str], extension_name: str) -> list[str]:
    """What compiles a C source."""
    flags = [*_OPTIMIZED, *_defines(extension_name), *_environment("CPPFLAGS", "CFLAGS")]
    return [*flags, *(flag for flag in user if not flag.startswith("-std=c++"))]


def _defines(extension_name: str) -> list[str]:
    return [
        f"-DPADDLE_EXTENSION_NAME={extension_name}",
        "-DPADDLE_WITH_CUSTOM_KERNEL",
        "-D_GLIBCXX_USE_CXX11_ABI=1",
    ]


def _with_standard(flags: Sequence[str]) -> list[str]:
    """The flags, with C++17 unless they choose a standard."""
    chosen = any(flag.startswith(("-std=", "--std=")) for flag in flags)
    return [*([] if chosen else ["-std=c++17"]), *flags]


def _environment(*variables: str) -> list[str]:
    return [word for name in variables for word in shlex.split(os.environ.get(name, ""))]


def link_flags() -> list[str]:
    """What links libpaddle.so: also where nothing of it is used by name, hence the first word."""
    libpaddle = ["-Wl,--no-as-needed", "-l:libpaddle.so", "-Wl,--as-needed"]
    return [*_environment("LDFLAGS"), *libpaddle]


def include_dirs(use_cuda: bool) -> list[str]:
    """Folders of headers: Paddle's, those of CUDA, Python's."""
    from paddle.utils.cpp_extension import extension_utils

    custom_device = getattr(extension_utils, "find_paddle_custom_device_includes", list)
    return [
        *custom_device(),
        *extension_utils.find_paddle_includes(use_cuda),
        sysconfig.get_path("include", scheme="posix_prefix"),
    ]


def library_dirs(use_cuda: bool) -> list[str]:
    """Folders of libraries: Paddle's and those of CUDA."""
    from paddle.utils.cpp_extension import extension_utils

    return list(extension_utils.find_paddle_libraries(use_cuda))


def max_jobs() -> int:
    """How many compilers run at once: `$MAX_JOBS`, or the processors that this process may use."""
    value = os.environ.get("MAX_JOBS")
    if not value:
        return len(os.sched_getaffinity(0))
    if not value.isdigit() or int(value) == 0:
        raise BuildError(f"MAX_JOBS is {value!r}, expected a positive number")
    return int(value)


def is_cuda_source(source: str | os.PathLike[str]) -> bool:
    return Path(source).suffix == ".cu"


def check_abi(compiler: Sequence[str]) -> None:
    """Paddle's own warning about a compiler that does not fit; PADDLE_SKIP_CHECK_ABI skips it."""
    from paddle.utils.cpp_extension import extension_utils

    extension_utils.check_abi_compatibility(compiler[0])
