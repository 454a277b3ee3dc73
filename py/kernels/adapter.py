"""The Paddle adapter, a shared library with a C interface (cc/phi/adapter.h), through ctypes."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from dataclasses import dataclass, field

from paddlemend.catalogue import Operator
from paddlemend.errors import InstallError
from paddlemend.kernels import library


@dataclass
class Outcome:
    """What the adapter did with one operator.

    `kernels` maps a PHI kernel's name to {dtype: "replaced" | "added"}; empty if `refused` gives
    the reason why the operator was left alone.
    """

    refused: str | None = None
    kernels: dict[str, dict[str, str]] = field(default_factory=dict)


class Adapter:
    """The loaded adapter of one Paddle minor version; `import paddle` must have happened."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.path = library.adapter(version)
        # Loaded by path first: the adapter then finds it by name, wherever the package lies.
        self._kernels = ctypes.CDLL(str(library.KERNELS))
        self._library = ctypes.CDLL(str(self.path))
        self._kernels.pm_build_id.restype = ctypes.c_char_p
        self._library.paddlemend_phi_install.restype = ctypes.c_char_p
        self._library.paddlemend_phi_install.argtypes = [ctypes.c_char_p]
        self._library.paddlemend_phi_is_active.argtypes = [ctypes.c_char_p]
        self._library.paddlemend_phi_list.restype = ctypes.c_char_p

    @property
    def build_id(self) -> str:
        """The linker's build id of the kernel library."""
        return self._kernels.pm_build_id().decode()

    def install(self, operators: Iterable[Operator]) -> dict[str, Outcome]:
        """Installs the operators, or switches them on again; what was done, by operator.

        An operator that is installed already has no outcome. Raises InstallError if the adapter
        does not understand the request.
        """
        request = "\n".join(line for operator in operators for line in _request_lines(operator))
        report = self._library.paddlemend_phi_install(request.encode()).decode()
        return _read_report(report)

    def uninstall(self) -> None:
        """Switches every operator to the wheel's kernels."""
        self._library.paddlemend_phi_uninstall()

    def enter_stock(self) -> None:
        """Opens a block in which the wheel's kernels run, in every thread."""
        self._library.paddlemend_phi_enter_stock()

    def leave_stock(self) -> None:
        """Closes the block."""
        self._library.paddlemend_phi_leave_stock()

    def is_active(self, operator: str) -> bool:
        """Whether ours runs now for the operator of that name."""
        return bool(self._library.paddlemend_phi_is_active(operator.encode()))

    def offered_kernels(self) -> set[tuple[str, str]]:
        """(operator, PHI kernel) for everything that the adapter can install."""
        lines = self._library.paddlemend_phi_list().decode().splitlines()
        return {(operator, kernel) for operator, kernel in (line.split("\t") for line in lines)}


def _request_lines(operator: Operator) -> list[str]:
    return [
        f"{operator.name}\t{kernel.name}\t{','.join(kernel.dtypes)}"
        for kernel in operator.phi_kernels
    ] or [operator.name]


def _read_report(report: str) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for line in report.splitlines():
        first, *rest = line.split("\t")
        if first == "error":
            raise InstallError(f"the adapter did not understand the catalogue: {rest[0]}")
        if first == "infer_meta":
            continue
        if len(rest) == 2:
            outcomes[first] = Outcome(refused=rest[1] if rest[0] == "refused" else None)
        else:
            kernel, dtype, what = rest
            outcomes[first].kernels.setdefault(kernel, {})[dtype] = what
    return outcomes
