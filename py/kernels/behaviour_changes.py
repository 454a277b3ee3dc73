"""Changes to programs that run today: which are on, and a warning at the first use of each."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from paddlemend import catalogue

_changes = {
    change.name: change for operator in catalogue.OPERATORS for change in operator.behaviour_changes
}
_kept: set[str] = set()
_warned: set[str] = set()


def check_names(names: Iterable[str]) -> list[str]:
    """The names as a list; ValueError for one that is not that of a behaviour change."""
    if isinstance(names, str):
        raise ValueError(f"keep is the string {names!r}; expected a list of behaviour changes")
    checked = list(names)
    for name in checked:
        if name not in _changes:
            known = ", ".join(_changes)
            raise ValueError(f"keep names {name!r}; expected names among {known}")
    return checked


def keep(names: Iterable[str]) -> None:
    """Keeps the wheel's behaviour in these until `clear()`."""
    _kept.update(names)


def clear() -> None:
    """Forgets what was to be kept."""
    _kept.clear()


def is_kept(name: str) -> bool:
    """Whether the wheel's behaviour was asked for."""
    return name in _kept


def warn_once(name: str, stacklevel: int) -> None:
    """At the first use in this process, says what is new and how to keep what was.

    `stacklevel` is that of `warnings.warn` in the caller.
    """
    if name in _warned:
        return
    _warned.add(name)
    warnings.warn(
        f"with paddlemend {_changes[name].description}; "
        f'install(keep=["{name}"]) keeps the behaviour of the wheel',
        stacklevel=stacklevel + 1,
    )
