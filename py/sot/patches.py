"""Attributes of Paddle's that are replaced, and put back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_ABSENT = object()


class Patches:
    """Remembers what it replaces, so that `undo` restores all of it."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Replaces, or adds, an attribute of a class or a module."""
        old = vars(owner).get(name, _ABSENT)
        setattr(owner, name, value)
        self.on_undo(lambda: delattr(owner, name) if old is _ABSENT else setattr(owner, name, old))

    def wrap(self, owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
        """Replaces a function by `wrapper(function, …)`; nothing where there is none."""
        stock = getattr(owner, name, None)
        if stock is None:
            return

        @functools.wraps(stock)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return wrapper(stock, *args, **kwargs)

        self.set(owner, name, wrapped)

    def on_undo(self, action: Callable[[], None]) -> None:
        """Has `undo` call `action`."""
        self._undo.append(action)

    def undo(self) -> None:
        """Puts everything back, the last replaced first."""
        while self._undo:
            self._undo.pop()()
