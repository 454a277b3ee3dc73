"""Mends the PaddlePaddle that is installed: corrected kernels, SOT with imports, custom operators.

    import paddle, paddlemend
    paddlemend.install()

See `install`, `status`, `stock`, `uninstall`, and `python -m paddlemend --help`.
"""

from __future__ import annotations

from paddlemend.errors import InstallError, UnsupportedPaddleError
from paddlemend.installation import install, uninstall
from paddlemend.kernels.installation import stock
from paddlemend.kernels.status import ChangeStatus, OperatorStatus, Status, status

__version__ = "0.1.0"

__all__ = [
    "ChangeStatus",
    "InstallError",
    "OperatorStatus",
    "Status",
    "UnsupportedPaddleError",
    "install",
    "status",
    "stock",
    "uninstall",
]
