"""Answers of a module's `__getattr__` that the interpreter shall hear instead of asking again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from paddlemend.sot.checks import MISSING, Answer


class Given:
    """The answer that a module gave to `from module import names` while it was translated."""

    def __init__(self, module: Any, names: Sequence[str], answer: Answer) -> None:
        self._module = module
        self._said = [] if answer.found is not None else [("__path__", MISSING)]
        if answer.found is not None and "__path__" not in module.__dict__:
            return  # a package by its __getattr__: left as it is
        for name, found, value in zip(names, answer.found or (), answer.values):
            self._said.append((name, value if found else MISSING))
        self._said += list(zip(names, answer.values))
        self._said = [each for each in self._said if each[0] not in module.__dict__]

    def repeat(self) -> None:
        """Has the module say the same again, once, without its `__getattr__` being called."""
        attributes = self._module.__dict__
        stock = attributes.get("__getattr__")
        if stock is None or not self._said:
            return
        left = list(self._said)

        def __getattr__(name: str) -> Any:
            if not left or left[0][0] != name:
                attributes["__getattr__"] = stock
                return stock(name)
            _, value = left.pop(0)
            if not left:
                attributes["__getattr__"] = stock
            if value is MISSING:
                raise AttributeError(
                    f"module {attributes.get('__name__')!r} has no attribute {name!r}"
                )
            return value

        attributes["__getattr__"] = __getattr__
