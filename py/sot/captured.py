"""The exceptions of a translation: one of the program's own, or that the translation stops."""

from __future__ import annotations

from typing import Any


class Captured(BaseException):
    """An exception that the translated program raises here, on its way to the program's handlers.

    Derived from BaseException so that the `except Exception` of the translator let it through.
    `variable` is the translator's variable of `error`.
    """

    def __init__(self, error: Exception, variable: Any) -> None:
        super().__init__(error)
        self.error = error
        self.variable = variable
