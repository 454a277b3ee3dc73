"""Which adapter serves the Paddle of this process."""

from __future__ import annotations

import platform
import re
import sys
from types import ModuleType

from paddlemend.errors import UnsupportedPaddleError
from paddlemend.kernels import library


def adapter_version(paddle: ModuleType) -> str:
    """The minor version, such as "3.3", whose adapter fits `paddle`.

    Raises UnsupportedPaddleError for a platform, a build or a version that no adapter was made for.
    """
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise UnsupportedPaddleError(
            f"paddlemend's kernels run on Linux x86_64; this is {sys.platform} {platform.machine()}"
        )
    version = paddle.__version__
    known = library.adapter_versions()
    release = re.fullmatch(r"(\d+\.\d+)\.\d+", version)
    if release is None or release[1] not in known:
        raise UnsupportedPaddleError(
            f"Paddle {version} is not supported; this paddlemend mends the releases of Paddle "
            f"{', '.join(known)}"
        )
    if paddle.is_compiled_with_cuda():
        raise UnsupportedPaddleError(
            f"Paddle {version} is a GPU build; this paddlemend mends the CPU wheels (paddlepaddle)"
        )
    return release[1]
