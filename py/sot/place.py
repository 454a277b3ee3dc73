"""Where an import statement stands: module bodies may see it, and warnings name it."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any


@dataclass(frozen=True)
class Place:
    """A line of a function. `scope` has the globals of the function, a dictionary."""

    code: CodeType
    line: int
    scope: dict[str, Any]

    def run_import(
        self,
        name: str,
        module_globals: Mapping[str, Any],
        fromlist: Sequence[str] | None,
        level: int,
    ) -> Any:
        """Imports as the statement does, from a frame that has its file, line and globals.

        A warning with `stacklevel=2` in a module body names this frame, and is noted in its
        globals so that it is shown once.
        """
        like = self.code
        code = _call.__code__.replace(
            co_filename=like.co_filename, co_name=like.co_name, co_firstlineno=self.line - 1
        )
        call = FunctionType(code, self.scope)
        return call(builtins.__import__, (name, module_globals, None, fromlist, level))


def _call(function: Any, arguments: tuple[Any, ...]) -> Any:
    return function(*arguments)  # one line below that of `def`: `run_import` counts on it
