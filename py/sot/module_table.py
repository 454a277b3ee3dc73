"""`sys.modules` read by a function that imports: guarded a name at a time.

Paddle guards a dictionary by its length and the values that were read when the translation ends. An
import changes both, so that what was read before would be guarded by what came after.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from paddle.jit.sot.opcode_translator.executor.dispatch_functions import (
    operator_in,
    operator_not_in,
)
from paddle.jit.sot.opcode_translator.executor.variables import (
    BuiltinVariable,
    ConstantVariable,
    DictVariable,
)
from paddle.jit.sot.utils.exceptions import FallbackError
from paddlemend.sot import checks, opcodes, translation
from paddlemend.sot.patches import Patches
from paddlemend.sot.variables import require


def install(patches: Patches) -> None:
    """Has built-in functions treat `sys.modules` apart."""
    patches.wrap(BuiltinVariable, "call_function", _call)


def _call(stock: Callable[..., Any], function: Any, /, *args: Any, **kwargs: Any) -> Any:
    if not any(map(_is_table, args)) or not translation.import_is_near():
        return stock(function, *args, **kwargs)
    used = function.value
    if used in (operator_in, operator_not_in) and _is_name(args[0]):
        return _literal(args[0], _is_present(args[0]) == (used is operator_in))
    if used in (dict.get, operator.getitem) and _is_name(args[1]):
        if _is_present(args[1]):
            return _module(args[1])
        if used is dict.get:
            return args[2] if len(args) > 2 else _literal(args[1], None)
    raise FallbackError(f"{used!r} of sys.modules")


def _is_table(variable: Any) -> bool:
    return isinstance(variable, DictVariable) and variable.proxy.original_data is sys.modules


def _is_name(variable: Any) -> bool:
    return isinstance(variable, ConstantVariable) and isinstance(variable.get_py_value(), str)


def _is_present(variable: Any) -> bool:
    name = variable.get_py_value()
    variable.graph.add_global_guarded_variable(variable)
    found = name in sys.modules
    require(variable.graph, checks.loaded(name) if found else checks.not_loaded(name))
    return found


def _module(variable: Any) -> Any:
    name = variable.get_py_value()
    require(variable.graph, checks.module_is(name, sys.modules[name]))
    return opcodes.variable_of(variable.graph, sys.modules[name])


def _literal(variable: Any, value: Any) -> Any:
    return ConstantVariable.wrap_literal(value, variable.graph)
