"""install(), stock() and uninstall(): the state of the kernels in this process."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from paddlemend import catalogue
from paddlemend.kernels import behaviour_changes, graph_breaks, python_apis
from paddlemend.kernels.adapter import Adapter, Outcome
from paddlemend.kernels.paddle_version import adapter_version

_lock = threading.Lock()
_adapter: Adapter | None = None
_outcomes: dict[str, Outcome] = {}


def loaded_adapter() -> Adapter | None:
    """The adapter of this process, None before the first install()."""
    return _adapter


def outcome(operator: str) -> Outcome | None:
    """What install() did with an operator, None if it was never asked for."""
    return _outcomes.get(operator)


def is_active(operator: str) -> bool:
    """Whether ours runs now: installed, switched on, and no stock() block open."""
    return _adapter is not None and _adapter.is_active(operator)


def install(kernels: Iterable[str] | None = None, keep: Iterable[str] = ()) -> None:
    """Puts the corrected kernels into the Paddle of this process; see `paddlemend.install`."""
    global _adapter
    operators = _chosen(kernels)
    kept = behaviour_changes.check_names(keep)
    with _lock:
        if _adapter is None:
            import paddle

            _adapter = Adapter(adapter_version(paddle))
        outcomes = _adapter.install(operators)
        _outcomes.update(outcomes)
        behaviour_changes.keep(kept)
        installed = [entry for entry in operators if not _outcomes[entry.name].refused]
        graph_breaks.add(installed)
        python_apis.install(installed)
    for name, result in outcomes.items():
        if result.refused:
            message = f"paddlemend leaves {name} as it is in this Paddle: {result.refused}"
            warnings.warn(message, RuntimeWarning, stacklevel=3)


def uninstall() -> None:
    """Gives every operator of this process back to the wheel's kernels.

    Nothing is unloaded: static programs keep running. Without an install it does nothing.
    """
    with _lock:
        if _adapter is not None:
            _adapter.uninstall()
            graph_breaks.clear()
            python_apis.uninstall()
            behaviour_changes.clear()


@contextmanager
def stock() -> Iterator[None]:
    """Runs the wheel's own kernels inside the block, in every thread of the process.

    Blocks nest and may be open in several threads; ours run again when the last one closes. A
    dtype that the wheel does not have raises the wheel's "is not registered" error inside.
    """
    adapter = _adapter
    if adapter is None:
        yield
        return
    adapter.enter_stock()
    try:
        yield
    finally:
        adapter.leave_stock()


def _chosen(kernels: Iterable[str] | None) -> list[catalogue.Operator]:
    if kernels is None:
        return list(catalogue.OPERATORS)
    if isinstance(kernels, str):
        raise ValueError(f"kernels is the string {kernels!r}; expected a list of operator names")
    known = {operator.name: operator for operator in catalogue.OPERATORS}
    names = list(kernels)
    for name in names:
        if name not in known:
            raise ValueError(f"kernels names {name!r}; expected names among {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)]
