"""nvcc: where it is, its flags, and one rule for the list of architectures on every Paddle."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Sequence

from paddlemend.custom_op.errors import BuildError

_VARIABLE = "PADDLE_CUDA_ARCH_LIST"

# Names that Paddle 3.3 and Torch know.
_NAMED = {
    "Pascal": "6.0;6.1+PTX",
    "Volta": "7.0+PTX",
    "Volta+Tegra": "7.2",
    "Turing": "7.5+PTX",
    "Ampere": "8.0;8.6+PTX",
    "Ampere+Tegra": "8.7",
    "Ada": "8.9+PTX",
    "Hopper": "9.0+PTX",
    "Blackwell": "10.0;12.0+PTX",
    "Blackwell+Tegra": "10.1",
}

_ARCHITECTURE = re.compile(r"(?:(\d+)\.(\d)|(\d{2,3}))([af]?)(\+PTX)?")


def nvcc() -> str:
    """The path of nvcc, from CUDA_HOME, CUDA_PATH, PATH or /usr/local/cuda; else BuildError."""
    from paddle.utils.cpp_extension import extension_utils

    home = extension_utils.find_cuda_home()
    program = os.path.join(home, "bin", "nvcc") if home else ""
    if not shutil.which(program):
        raise BuildError(
            f"no nvcc: CUDA_HOME is {home!r}, expected the folder of a CUDA toolkit with bin/nvcc"
        )
    return program


def nvcc_flags(user: Sequence[str], host_compiler: str, extension_name: str) -> list[str]:
    """What compiles a CUDA source of the extension `extension_name`."""
    flags = [
        *("-O3", "-DNDEBUG", "-w", "-Xcompiler", "-fPIC", "-ccbin", host_compiler),
        *("--expt-relaxed-constexpr", "-DNVCC", "-DPADDLE_WITH_CUDA", "-DEIGEN_USE_GPU"),
        *(f"-DPADDLE_EXTENSION_NAME={extension_name}", "-DPADDLE_WITH_CUSTOM_KERNEL"),
        "-D_GLIBCXX_USE_CXX11_ABI=1",
    ]
    if not any(flag.startswith(("-std=", "--std=")) for flag in user):
        flags.append("-std=c++17")
    return [*flags, *user, *architecture_flags(user)]


def architecture_flags(user: Sequence[str] = ()) -> list[str]:
    """`-gencode` flags: none if the user's flags have any, else of $PADDLE_CUDA_ARCH_LIST, else of
    the GPUs that are visible; where there are none either, nvcc's default."""
    if any("arch" in flag or flag.startswith("-gencode") for flag in user):
        return []
    entries = _listed(os.environ.get(_VARIABLE, "")) or _visible()
    flags = []
    for entry in entries:
        match = _ARCHITECTURE.fullmatch(entry)
        if not match:
            raise BuildError(
                f"{_VARIABLE} has {entry!r}, expected an architecture such as 8.0, 90a or 8.6+PTX, "
                f"or one of {', '.join(_NAMED)}"
            )
        major, minor, both, feature, ptx = match.groups()
        number = (both or major + minor) + feature
        flags.append(f"-gencode=arch=compute_{number},code=sm_{number}")
        if ptx:
            flags.append(f"-gencode=arch=compute_{number},code=compute_{number}")
    return list(dict.fromkeys(flags))


def _listed(text: str) -> list[str]:
    entries = [entry for entry in re.split(r"[;,\s]+", text) if entry]
    return [part for entry in entries for part in _NAMED.get(entry, entry).split(";")]


def _visible() -> list[str]:
    """The architectures of the GPUs that Paddle sees; the newest as PTX, too."""
    import paddle

    if not paddle.is_compiled_with_cuda():
        return []
    count = paddle.device.cuda.device_count()
    capabilities = {paddle.device.cuda.get_device_capability(index) for index in range(count)}
    entries = [f"{major}.{minor}" for major, minor in sorted(capabilities)]
    return [*entries[:-1], entries[-1] + "+PTX"] if entries else []


def check_version(program: str) -> None:
    """Warns if nvcc is of another major version than the CUDA that Paddle was built with."""
    import paddle

    built_with = paddle.version.cuda()
    if built_with in (None, "False"):
        return
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"release (\d+)\.(\d+)", text.stdout)
    if found and found[1] != str(built_with).split(".")[0]:
        warnings.warn(
            f"nvcc is of CUDA {found[1]}.{found[2]}, this Paddle of CUDA {built_with}: "
            "libraries of the two may not work together",
            stacklevel=2,
        )
