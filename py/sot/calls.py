"""`importlib.import_module(name)` and `__import__(name)`, called with constants."""

from __future__ import annotations

import builtins
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any

from paddle.jit.sot.opcode_translator.executor.variables import (
    BuiltinVariable,
    ConstantVariable,
    ListVariable,
    TupleVariable,
    VariableBase,
    VariableFactory,
)
from paddle.jit.sot.opcode_translator.executor.variables.callable import FunctionVariable
from paddlemend.sot import checks, opcodes, resolution
from paddlemend.sot.patches import Patches
from paddlemend.sot.scopes import ScopeVariable
from paddlemend.sot.variables import CapturedVariable, PinnedTracker, break_graph

_import_module = importlib.import_module
_import = builtins.__import__
_NONE = type(None)
_CONSTANTS = (ConstantVariable, TupleVariable, ListVariable)


class ImportCallVariable(FunctionVariable):
    """`importlib.import_module` or `__import__` as a variable."""

    def call_function(self, /, *args: Any, **kwargs: Any) -> Any:
        run = self._run_import if self.value is _import else self._import_module
        try:
            bound = inspect.signature(run).bind(*args, **kwargs)
        except TypeError:  # the interpreter shall say so
            raise break_graph("an import function with other arguments than it has") from None
        return run(*bound.args, **bound.kwargs)

    def _constant(self, variable: Any, kinds: Any) -> Any:
        """The value of an argument, which is guarded."""
        if isinstance(variable, VariableBase) and not isinstance(variable, _CONSTANTS):
            raise break_graph(f"{self.value.__name__} with an argument that is no constant")
        if isinstance(variable, VariableBase):
            self.graph.add_global_guarded_variable(variable)
            variable = variable.get_py_value()
        if not isinstance(variable, kinds):
            raise break_graph(f"{self.value.__name__} with the argument {variable!r}")
        return variable

    def _run_import(
        self, name: Any, globals: Any = None, locals: Any = None, fromlist: Any = (), level: Any = 0
    ) -> Any:
        words, level = self._constant(fromlist, (tuple, list, _NONE)), self._constant(level, int)
        name = self._constant(name, str)
        if words and not all(isinstance(each, str) and each != "*" for each in words):
            raise break_graph(f"__import__ with the fromlist {words!r}")
        executor = globals.executor if isinstance(globals, ScopeVariable) else None
        if level < 0 or (level and executor is None):
            raise break_graph(f"__import__ at level {level} from other globals")
        absolute = name
        if level:
            module_globals = opcodes.package_globals(executor)
            absolute = resolution.absolute_name(name, module_globals, level)
        if words and checks.is_asked(sys.modules.get(absolute), words):
            raise break_graph(f"__import__ of {name!r}, which has a __getattr__")
        return opcodes.run_import(self.graph, executor, name, tuple(words or ()) or None, level)

    def _import_module(self, name: Any, package: Any = None) -> Any:
        name, package = self._constant(name, str), self._constant(package, (str, _NONE)) or ""
        level = len(name) - len(name.lstrip("."))
        absolute = resolution.absolute_name(name[level:], {"__package__": package}, level)
        if absolute is None or absolute.endswith("."):
            raise break_graph(f"import_module({name!r}, {package!r})")
        # A name is asked for so that the module itself comes, and not the package it starts with.
        opcodes.run_import(self.graph, None, absolute, None, 0)
        if sys.modules.get(absolute) is None:
            raise break_graph(f"import_module({name!r}, {package!r})")
        opcodes.require(self.graph, checks.module_is(absolute, sys.modules[absolute]))
        return opcodes.variable_of(self.graph, sys.modules[absolute])

    @property
    def main_info(self) -> dict[str, Any]:
        return {"name": self.value.__name__}


def install(patches: Patches) -> None:
    """Has the translator know the two functions, and captured exceptions as arguments."""
    _register(patches, _import_module, "UserDefinedFunctionVariable")
    _register(patches, _import, "BuiltinVariable")
    patches.wrap(BuiltinVariable, "call_function", _call_builtin)


def _register(patches: Patches, function: Any, before: str) -> None:
    """Has the variable factory try ours before the variable class `before`."""
    names, makers = VariableFactory.registered_funcs, VariableFactory.mapping_str_func
    key = f"Paddlemend_{function.__name__}"
    is_new = before not in names

    def from_value(value: Any, graph: Any, tracker: Any) -> Any:
        return ImportCallVariable(value, graph, tracker) if value is function else None

    makers[key] = from_value
    names.setdefault(before, []).insert(0, key)

    def undo() -> None:
        del makers[key]
        names[before].remove(key)
        if is_new:
            del names[before]

    patches.on_undo(undo)


def _call_builtin(stock: Callable[..., Any], function: Any, /, *args: Any, **kwargs: Any) -> Any:
    if not (args and isinstance(args[0], CapturedVariable)) or kwargs:
        return stock(function, *args, **kwargs)
    graph, error = args[0].graph, args[0]
    if function.value is str and len(args) == 1:
        return error.text()
    if function.value is type and len(args) == 1:
        kind = type(error.value)
        return VariableFactory.from_value(kind, graph, PinnedTracker(kind))
    if function.value is isinstance and len(args) == 2:
        graph.add_global_guarded_variable(args[1])
        found = isinstance(error.value, args[1].get_py_value())
        return ConstantVariable.wrap_literal(found, graph)
    if function.value is getattr:
        return stock(function, *args)
    raise break_graph(f"{function.value!r} of an exception")
