"""status(): what of the Paddle in this process is mended."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from paddlemend import catalogue
from paddlemend.custom_op import installation as custom_op_installation
from paddlemend.errors import UnsupportedPaddleError
from paddlemend.kernels import behaviour_changes, installation
from paddlemend.kernels.paddle_version import adapter_version
from paddlemend.sot import installation as sot_installation


@dataclass(frozen=True)
class OperatorStatus:
    """One operator of the catalogue.

    `state` is "replaced" (ours runs always), "guarded" (ours runs where stock is wrong or missing)
    or "stock", with the `reason`. `kernels` maps each PHI kernel to {dtype: "replaced" | "added"},
    whether or not it is switched on.
    """

    name: str
    state: str
    reason: str = ""
    kernels: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class ChangeStatus:
    """A change to programs that run today: "on", "kept" as in the wheel by `keep`, or "off" with
    its operator."""

    name: str
    state: str
    description: str


@dataclass(frozen=True)
class Status:
    """What `status()` reports; `str()` gives it as a table.

    `paddle` is the version ("" if there is none in this process), `library` the adapter's file and
    `build_id` that of the kernel library ("" before install()). `sot` says whether SOT translates
    import statements and `custom_op` whether `paddle.utils.cpp_extension` builds by
    `paddlemend.custom_op`: "on", "off", or "off: " with the reason.
    """

    paddle: str
    library: str
    build_id: str
    operators: tuple[OperatorStatus, ...]
    behaviour_changes: tuple[ChangeStatus, ...] = ()
    sot: str = "off"
    custom_op: str = "off"

    def __str__(self) -> str:
        width = max(len(operator.name) for operator in self.operators)
        lines = [
            f"Paddle   {self.paddle or 'not imported'}",
            f"library  {self.library or 'not loaded'}",
        ]
        lines += [f"build    {self.build_id}"] if self.build_id else []
        lines.append(f"imports in SOT  {self.sot}")
        lines.append(f"custom operators  {self.custom_op}")
        for operator in self.operators:
            lines.append(
                f"{operator.name:<{width}}  {operator.state:<8}  {_details(operator)}".rstrip()
            )
        if self.behaviour_changes:
            lines.append("behaviour changes")
        for change in self.behaviour_changes:
            name = f"  {change.name}"
            lines.append(f"{name:<{width}}  {change.state:<8}  {change.description}")
        return "\n".join(lines)


def status() -> Status:
    """What install() did in this process; never raises, whatever Paddle is here."""
    paddle = sys.modules.get("paddle")
    adapter = installation.loaded_adapter()
    operators = tuple(_operator_status(operator) for operator in catalogue.OPERATORS)
    states = {operator.name: operator.state for operator in operators}
    return Status(
        paddle=paddle.__version__ if paddle else "",
        library=str(adapter.path) if adapter else "",
        build_id=adapter.build_id if adapter else "",
        operators=operators,
        behaviour_changes=tuple(
            ChangeStatus(
                change.name, _change_state(change.name, states[entry.name]), change.description
            )
            for entry in catalogue.OPERATORS
            for change in entry.behaviour_changes
        ),
        sot=sot_installation.state(),
        custom_op=custom_op_installation.state(),
    )


def _operator_status(operator: catalogue.Operator) -> OperatorStatus:
    adapter = installation.loaded_adapter()
    outcome = installation.outcome(operator.name)
    if adapter is None or outcome is None:
        return OperatorStatus(operator.name, "stock", _why_not_installed())
    if outcome.refused:
        return OperatorStatus(operator.name, "stock", outcome.refused)
    if not adapter.is_active(operator.name):
        return OperatorStatus(operator.name, "stock", "switched off", outcome.kernels)
    state = "guarded" if operator.policy == catalogue.GUARD else "replaced"
    return OperatorStatus(operator.name, state, "", outcome.kernels)


def _change_state(name: str, operator_state: str) -> str:
    if operator_state == "stock":
        return "off"
    return "kept" if behaviour_changes.is_kept(name) else "on"


def _why_not_installed() -> str:
    paddle = sys.modules.get("paddle")
    if paddle is not None:
        try:
            adapter_version(paddle)
        except UnsupportedPaddleError as error:
            return str(error)
    return "not installed"


def _details(operator: OperatorStatus) -> str:
    if operator.reason:
        return operator.reason
    counts = []
    for kernel, dtypes in operator.kernels.items():
        added = [dtype for dtype, what in dtypes.items() if what == "added"]
        counts.append(kernel + (f" (+ {', '.join(added)})" if added else ""))
    return "; ".join(counts)
