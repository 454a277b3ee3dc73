"""Trackers and variables of the translator: imported modules, checks, captured exceptions."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import paddle
from paddle.jit.sot.opcode_translator.executor.guard import StringifiedExpression
from paddle.jit.sot.opcode_translator.executor.tracker import DummyTracker, Tracker
from paddle.jit.sot.opcode_translator.executor.variables import (
    ConstantVariable,
    VariableBase,
    VariableFactory,
)
from paddle.jit.sot.opcode_translator.executor.variables.basic import ModuleVariable
from paddle.jit.sot.utils.exceptions import BreakGraphError, FallbackError
from paddlemend.sot import checks, resolution
from paddlemend.sot.checks import Check

_core = paddle.framework.core


def break_graph(reason: str) -> Exception:
    """The translator's error for a statement that the interpreter shall run in its place."""
    try:
        from paddle.jit.sot.utils.exceptions import UnsupportedOperationBreak
    except ImportError:
        return BreakGraphError(reason)
    return BreakGraphError(UnsupportedOperationBreak(reason_str=reason))


class PinnedTracker(Tracker):
    """The tracker of an object that generated code and guards hold themselves.

    What is reached from it is guarded as anything else; that it is the right object is for checks.
    """

    def __init__(self, value: Any) -> None:
        super().__init__([])
        self.value = value

    def need_guard(self) -> bool:
        return not checks.is_simple(self.value)  # nothing is reached from a constant

    def trace_value_from_frame(self) -> StringifiedExpression:
        name = checks.name_of(self.value)
        return StringifiedExpression(name, [], {name: self.value})

    def guard_tree_expr_node(self) -> Any:
        return _core.ConstantExprNode(self.value)

    def gen_instructions(self, codegen: Any) -> None:
        codegen.gen_load_object(self.value, checks.name_of(self.value), push_null=False)

    def __repr__(self) -> str:
        return f"PinnedTracker({self.value!r})"


class CheckTracker(Tracker):
    """The tracker of a check: there is nothing to load."""

    def __init__(self, check: Check) -> None:
        super().__init__([])
        self.check = check

    def trace_value_from_frame(self) -> StringifiedExpression:
        expression = self.check.expression.replace("{", "{{").replace("}", "}}")
        return StringifiedExpression(expression, [], self.check.names)

    def guard_tree_expr_node(self) -> Any:
        return _core.ConstantExprNode(True)

    def gen_instructions(self, codegen: Any) -> None:
        codegen.gen_load_const(True)


class CheckVariable(ConstantVariable):
    """A check as a variable that the graph guards."""

    def __init__(self, check: Check, graph: Any) -> None:
        super().__init__(True, graph, CheckTracker(check))
        self.check = check

    def make_stringified_guard(self) -> list[StringifiedExpression]:
        return [self.tracker.trace_value_from_frame()]

    def make_faster_guard(self) -> list[Any]:
        guard = _core.LambdaGuard(self.check.holds)
        return [_core.GuardNode(guard, [_core.ConstantExprNode(None)])]


class MemberVariable(ConstantVariable):
    """That `key` is, or is not, in the container of the variable `owner`, as a guard."""

    def __init__(self, owner: Any, key: Any, found: bool) -> None:
        super().__init__(found, owner.graph, owner.tracker)
        self.key = key

    def make_stringified_guard(self) -> list[StringifiedExpression]:
        key = checks.name_of(self)
        container = self.tracker.trace_value_from_frame()
        names = {**container.free_vars, key: self.key}
        return [StringifiedExpression(f"({key} in {{}}) is {self.value}", [container], names)]

    def make_faster_guard(self) -> list[Any]:
        holds = lambda container: (self.key in container) is self.value  # noqa: E731
        return [_core.GuardNode(_core.LambdaGuard(holds), [self.tracker.guard_tree_expr_node()])]


class ImportedModuleVariable(ModuleVariable):
    """A module that an import statement of the program gave.

    `taken` has the values, or errors, of names that its `__getattr__` was asked for.
    """

    def __init__(self, module: Any, graph: Any, taken: Any = ()) -> None:
        super().__init__(module, graph, PinnedTracker(module))
        self.taken = dict(taken)
        if resolution.is_plain(module):
            require(graph, checks.answers_plainly(module))

    def make_stringified_guard(self) -> list[StringifiedExpression]:
        return []  # there is a check for it

    def make_faster_guard(self) -> list[Any]:
        return []

    def getattr(self, name: str, default: Any = None) -> Any:
        changed = self.attr_proxy.has_changed and self.attr_proxy.check_changed(name)
        if not changed and not resolution.has_plain_attribute(self.value, name):
            raise break_graph(f"{self.value.__name__} has no plain attribute {name}")
        return super().getattr(name, default) if changed else self._pinned(name)

    def _pinned(self, name: str) -> Any:
        """An attribute that the program has not changed."""
        value = self.value.__dict__[name]
        is_number = type(value) is float and (value != value or abs(value) == float("inf"))
        if is_number or isinstance(value, ModuleType):
            require(self.graph, checks.attribute_is(self.value, name, value))
            if is_number:  # Paddle's own guards cannot spell it
                return ConstantVariable(value, self.graph, PinnedTracker(value))
            return ImportedModuleVariable(value, self.graph)
        if callable(value) and not isinstance(value, paddle.Tensor):
            require(self.graph, checks.attribute_is(self.value, name, value))
        return super().getattr(name)


class CapturedVariable(VariableBase):
    """An exception of the program inside its handlers: the ImportError that an import raised."""

    _READABLE = ("name", "path", "msg", "args")

    def __init__(self, error: Exception, graph: Any) -> None:
        super().__init__(graph, DummyTracker([]))
        self.value = error

    def get_py_value(self, allow_tensor: bool = False) -> Exception:
        return self.value

    @property
    def main_info(self) -> dict[str, Any]:
        return {"exception": type(self.value).__name__}

    def getattr(self, name: str, default: Any = None) -> Any:
        if name not in self._READABLE or not hasattr(self.value, name):
            raise break_graph(f"attribute {name} of an exception")
        return VariableFactory.from_value(getattr(self.value, name), self.graph, DummyTracker([]))

    def text(self) -> ConstantVariable:
        """`str()` of the exception."""
        return ConstantVariable(str(self.value), self.graph, DummyTracker([]))

    def _reconstruct(self, codegen: Any) -> None:
        raise FallbackError("an exception leaves its handler")


def require(graph: Any, check: Check) -> None:
    """Guards a translation with `check`, once."""
    if not is_guarded(graph, check):
        graph.add_global_guarded_variable(CheckVariable(check, graph))


def is_guarded(graph: Any, check: Check) -> bool:
    """Whether a translation is guarded with `check`, and what needs it was not taken back."""
    guarded = graph._global_guarded_variables
    return any(isinstance(each, CheckVariable) and each.check == check for each in guarded)
