"""`globals()` and `locals()` in a function that imports.

The translator would call them in a frame of its own. They stand for the program's frame here, which
is enough for `__import__(name, globals(), locals(), …)`; for all else the interpreter runs the
function.
"""

from __future__ import annotations

import builtins
import sys
import warnings
from collections.abc import Callable
from typing import Any

from paddle.jit.sot.opcode_translator.executor.opcode_executor import OpcodeExecutorBase
from paddle.jit.sot.opcode_translator.executor.tracker import DummyTracker
from paddle.jit.sot.opcode_translator.executor.variables import BuiltinVariable, VariableBase
from paddle.jit.sot.utils.exceptions import FallbackError
from paddlemend.sot import translation
from paddlemend.sot.patches import Patches

_OF_THE_FRAME = (globals, locals, vars, dir, eval, exec)
# Called after a graph break, they would take the translator's frame for the program's.
_OF_THE_CALLER = (warnings.warn, sys._getframe)


class ScopeVariable(VariableBase):
    """The globals or the locals of the frame that `executor` simulates."""

    def __init__(self, executor: Any) -> None:
        super().__init__(executor._graph, DummyTracker([]))
        self.executor = executor

    @property
    def main_info(self) -> dict[str, Any]:
        return {}

    def get_py_value(self, allow_tensor: bool = False) -> Any:
        raise FallbackError("globals() or locals() are used")

    def getattr(self, name: str, default: Any = None) -> Any:
        return self.get_py_value()

    def _reconstruct(self, codegen: Any) -> None:
        self.get_py_value()


def install(patches: Patches) -> None:
    """Has built-in functions that look at their caller's frame find the program's."""
    patches.wrap(BuiltinVariable, "call_function", _call)


def _call(stock: Callable[..., Any], function: Any, /, *args: Any, **kwargs: Any) -> Any:
    used = function.value
    least = 1 if used in (eval, exec) else 0
    if any(used is each for each in _OF_THE_CALLER) and translation.import_is_near():
        raise FallbackError(f"{used!r} of a frame")
    looks = any(used is each for each in _OF_THE_FRAME) and len(args) <= least and not kwargs
    if not looks or not translation.import_is_near():
        return stock(function, *args, **kwargs)
    if used in (builtins.globals, builtins.locals):
        return ScopeVariable(OpcodeExecutorBase.call_stack[-1])
    raise FallbackError(f"{used!r} of a frame")
