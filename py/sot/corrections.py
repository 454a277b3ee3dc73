"""What Paddle's translator gets wrong in functions that only the interpreter ran before.

Its own users meet these faults in functions without imports, which are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

import paddle
from paddle.jit.sot.opcode_translator.executor import opcode_inline_executor
from paddle.jit.sot.opcode_translator.executor.dispatch_functions import (
    operator_in,
    operator_not_in,
)
from paddle.jit.sot.opcode_translator.executor.function_graph import FunctionGraph
from paddle.jit.sot.opcode_translator.executor.guard import StringifiedExpression
from paddle.jit.sot.opcode_translator.executor.opcode_executor import OpcodeExecutorBase
from paddle.jit.sot.opcode_translator.executor.variables import (
    BuiltinVariable,
    ConstantVariable,
    DictVariable,
    ListVariable,
    ObjectVariable,
    TensorVariable,
    TupleVariable,
    VariableBase,
    VariableFactory,
    basic,
)
from paddle.jit.sot.opcode_translator.executor.variables.callable import (
    UserDefinedFunctionVariable,
)
from paddle.jit.sot.utils.exceptions import FallbackError
from paddlemend.sot import checks, finders, frames, opcodes, translation
from paddlemend.sot.patches import Patches
from paddlemend.sot.variables import MemberVariable, PinnedTracker, require


def install(patches: Patches) -> None:
    """Puts the corrections before Paddle's functions, for frames that have to do with imports."""
    patches.wrap(UserDefinedFunctionVariable, "call_function", guard_defaults)
    patches.wrap(BuiltinVariable, "call_function", guard_membership)
    patches.wrap(ObjectVariable, "__init__", guard_class)
    patches.wrap(OpcodeExecutorBase, "LOAD_GLOBAL", guard_builtin)
    patches.wrap(VariableBase, "getattr", call_property)
    patches.wrap(FunctionGraph, "call_tensor_method", refuse_in_place_method)
    patches.wrap(FunctionGraph, "call_paddle_api", refuse_state)
    patches.wrap(TensorVariable, "setattr", refuse_stop_gradient)
    patches.wrap(OpcodeExecutorBase, "get_var", refuse_unbound)
    names = ("NumpyNumberVariable", "NumPyNumberVariable")  # until 3.0, since
    numbers = [getattr(basic, name) for name in names if hasattr(basic, name)]
    for kind in (ConstantVariable, *numbers):
        patches.wrap(kind, "make_stringified_guard", guard_sign)
        patches.wrap(kind, "make_faster_guard", guard_sign_in_tree)
    generators = getattr(opcode_inline_executor, "OpcodeInlineGeneratorExecutor", None)
    if generators is not None:
        for name in ("GET_YIELD_FROM_ITER", "YIELD_FROM"):
            patches.wrap(generators, name, refuse_yield_from)


def guard_defaults(stock: Callable[..., Any], function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Default values of a function that is called are guarded: they may be replaced."""
    value = function.value
    is_python = isinstance(value, FunctionType) and not _is_paddles(value)
    if is_python and (value.__defaults__ is not None or value.__kwdefaults__ is not None):
        translation.check_if_it_imports(function.graph, checks.defaults_are(value))
    return stock(function, *args, **kwargs)


def guard_class(stock: Callable[..., Any], variable: Any, /, *args: Any, **kwargs: Any) -> None:
    """The methods of an object's class are guarded: operators find them without being read."""
    stock(variable, *args, **kwargs)
    for kind in type(variable.value).__mro__:
        if kind.__flags__ & _MADE_BY_PROGRAM and not finders.is_installed(kind.__module__):
            translation.check_if_it_imports(variable.graph, checks.members_are(kind))


_MADE_BY_PROGRAM = 1 << 9  # Py_TPFLAGS_HEAPTYPE


def guard_builtin(stock: Callable[..., Any], executor: Any, instruction: Any, /) -> Any:
    """A builtin is guarded by there being no global variable of its name."""
    result = stock(executor, instruction)
    scope, name = frames.module_globals_of(executor), instruction.argval
    is_real = type(scope) is dict and isinstance(scope.get("__name__"), str)
    if is_real and name not in scope and not name.startswith("_"):
        translation.check_if_it_imports(executor._graph, checks.name_absent(scope, name))
    return result


def guard_membership(stock: Callable[..., Any], function: Any, /, *args: Any, **kwargs: Any) -> Any:
    """What depends on whether a key is there is guarded by that, and not by the container alone."""
    used = function.value
    if any(used is each for each in _MEMBERSHIP) and len(args) > 1:
        key, owner = args if used in (operator_in, operator_not_in) else (args[1], args[0])
        is_container = isinstance(owner, (ObjectVariable, DictVariable))
        if is_container and isinstance(key, ConstantVariable) and owner.tracker.is_traceable():
            _guard_membership(owner, key)
    return stock(function, *args, **kwargs)


_MEMBERSHIP = (operator_in, operator_not_in, dict.get, dict.pop, dict.setdefault)


def _guard_membership(owner: Any, key: Any) -> None:
    value = key.get_py_value()
    container = owner.proxy.original_data if isinstance(owner, DictVariable) else owner.value
    try:
        found = value in container
    except TypeError:  # the statement raises it
        return
    for variable in (key, owner, MemberVariable(owner, value, found)):
        translation.guard_if_it_imports(variable)


def guard_sign(stock: Callable[..., Any], variable: Any, /) -> Any:
    """0.0 and -0.0 are equal, which is all that Paddle asks for, and not the same."""
    guards = stock(variable)
    if not translation.has_imported() or not _has_sign(variable):
        return guards
    number = variable.tracker.trace_value_from_frame()
    expression = f"__pm_repr({{}}) == {repr(variable.value)!r}"
    names = {**number.free_vars, "__pm_repr": repr}
    return [*guards, StringifiedExpression(expression, [number], names)]


def guard_sign_in_tree(stock: Callable[..., Any], variable: Any, /) -> Any:
    """`guard_sign` for Paddle's other way to keep guards."""
    guards = stock(variable)
    if not translation.has_imported() or not _has_sign(variable):
        return guards
    core, text = paddle.framework.core, repr(variable.value)
    holds = core.LambdaGuard(lambda value: repr(value) == text)
    return [*guards, core.GuardNode(holds, [variable.tracker.guard_tree_expr_node()])]


def _has_sign(variable: Any) -> bool:
    """Whether a variable is a zero that has a sign."""
    value = getattr(variable, "value", None)
    return isinstance(value, (float, complex)) and not value


def call_property(
    stock: Callable[..., Any], variable: Any, /, name: str, *default: Any, **kwargs: Any
) -> Any:
    """A property is translated as the function that it is; Paddle reads it, in guards, too."""
    found = _property_of(variable, name)
    if found is not None and translation.import_is_near():
        owner, getter = found
        variable.graph.add_global_guarded_variable(variable)
        require(variable.graph, checks.attribute_is(owner, name, owner.__dict__[name]))
        function = VariableFactory.from_value(getter, variable.graph, PinnedTracker(getter))
        return function(variable)
    _guard_class(variable, name)
    return stock(variable, name, *default, **kwargs)


def _guard_class(variable: Any, name: str) -> None:
    """What an object that the frame itself made has of its class is guarded there."""
    if not isinstance(variable, ObjectVariable) or variable.tracker.is_traceable():
        return
    if name in getattr(variable.value, "__dict__", {}) or not translation.import_is_near():
        return
    kinds = type(variable.value).__mro__
    owner = next((each for each in kinds if each is not object and name in vars(each)), None)
    if owner is not None:
        require(variable.graph, checks.attribute_is(owner, name, vars(owner)[name]))


def _property_of(variable: Any, name: str) -> tuple[type, FunctionType] | None:
    """The class that has the property `name` of an object of the program's, and its function."""
    if not isinstance(variable, ObjectVariable):
        return None
    kind = type(variable.value)
    if kind.__getattribute__ is not object.__getattribute__:
        return None
    owner = next((each for each in kind.__mro__ if name in vars(each)), None)
    found = vars(owner)[name] if owner is not None else None
    getter = found.fget if type(found) is property else None
    return (owner, getter) if isinstance(getter, FunctionType) else None


def refuse_in_place_method(
    stock: Callable[..., Any], graph: Any, /, method_name: str, *args: Any, **kwargs: Any
) -> Any:
    """`y.add_(x)`: Paddle computes the sum and leaves y as it was."""
    _refuse_in_place(method_name)
    _refuse_negative_zero(*args, *kwargs.values())
    return stock(graph, method_name, *args, **kwargs)


def refuse_state(
    stock: Callable[..., Any], graph: Any, /, func: Any, *args: Any, **kwargs: Any
) -> Any:
    """`paddle.add_(y, x)`, as the method; `paddle.seed(n)`, which is no operation of a graph."""
    _refuse_in_place(getattr(func, "__name__", ""))
    if func is paddle.seed:
        _refuse("paddle.seed")
    _refuse_negative_zero(*args, *kwargs.values())
    return stock(graph, func, *args, **kwargs)


def _refuse_in_place(name: str) -> None:
    if name.endswith("_") and not name.endswith("__"):
        _refuse(f"{name}, which changes a tensor in place")


def _refuse_negative_zero(*variables: Any) -> None:
    """Paddle's programs have one constant for 0.0 and -0.0: that which any of them had first."""
    for variable in variables:
        if isinstance(variable, (ListVariable, TupleVariable)):
            _refuse_negative_zero(*variable.get_wrapped_items())
        elif _has_sign(variable) and "-" in repr(variable.value):
            _refuse(f"the constant {variable.value!r}")


def refuse_stop_gradient(stock: Callable[..., Any], variable: Any, /, key: str, value: Any) -> Any:
    """`x.stop_gradient = False`: Paddle carries it out when the graph has run, without gradient."""
    if key == "stop_gradient":
        _refuse("an assignment of stop_gradient")
    return stock(variable, key, value)


def refuse_unbound(
    stock: Callable[..., Any], executor: Any, /, name: str, *args: Any, **kwargs: Any
) -> Any:
    """A variable that has no value where the graph breaks would get one in what comes after."""
    unbound = name not in frames.locals_of(executor)
    if unbound and name in frames.code_of(executor).co_varnames and opcodes.is_breaking(executor):
        _refuse(f"{name}, which has no value yet")
    return stock(executor, name, *args, **kwargs)


def refuse_yield_from(stock: Callable[..., Any], executor: Any, /, *args: Any) -> Any:
    """`yield from`: Paddle stops at the end of the inner generator."""
    _refuse("yield from")
    return stock(executor, *args)


def _refuse(what: str) -> None:
    """Leaves a function that imports to the interpreter."""
    if translation.import_is_near():
        raise FallbackError(what)


def _is_paddles(function: FunctionType) -> bool:
    return str(function.__module__).partition(".")[0] == "paddle"
