"""The translator's handlers of import statements, and of the exceptions that they raise."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Sequence
from typing import Any

from paddle.jit.sot.opcode_translator.executor.opcode_executor import (
    OpcodeExecutor,
    OpcodeExecutorBase,
    call_break_graph_decorator,
)
from paddle.jit.sot.opcode_translator.executor.side_effects import SideEffects
from paddle.jit.sot.opcode_translator.executor.tracker import BuiltinTracker, DanglingTracker
from paddle.jit.sot.opcode_translator.executor.variables import (
    BuiltinVariable,
    ConstantVariable,
    NullVariable,
    VariableBase,
    VariableFactory,
)
from paddle.jit.sot.utils import exceptions
from paddle.jit.sot.utils.exceptions import FallbackError
from paddlemend.sot import answers, checks, frames, resolution, statements, translation, unwinding
from paddlemend.sot.bytecode import HAS_TABLE, Code
from paddlemend.sot.captured import Captured
from paddlemend.sot.patches import Patches
from paddlemend.sot.place import Place
from paddlemend.sot.unwinding import Block, Handling
from paddlemend.sot.variables import (
    CapturedVariable,
    ImportedModuleVariable,
    PinnedTracker,
    break_graph,
    require,
)

# What the translator itself raises in the program; 3.0 has no such thing.
_CapturedByPaddle = getattr(exceptions, "SotCapturedException", ())

_PACKAGE_NAMES = ("__package__", "__spec__", "__name__", "__path__")


class GraphHost(statements.Host):
    """The translation of a frame into a graph, as import statements see it."""

    def __init__(self, graph: Any, executor: Any = None) -> None:
        self.graph = graph
        self.executor = executor

    def require(self, check: checks.Check) -> None:
        require(self.graph, check)

    def break_graph(self, reason: str) -> Exception:
        return break_graph(reason)

    def fall_back(self, reason: str) -> Exception:
        return FallbackError(reason)

    def raise_error(self, error: Exception) -> BaseException:
        error.__traceback__ = None
        return Captured(error, CapturedVariable(error, self.graph))

    def has_pending_effects(self) -> bool:
        return frames.has_pending_effects(self.graph)

    def has_pending_changes_of(self, objects: Sequence[Any]) -> bool:
        return any(
            changed is each
            for variable in frames.changed_variables(self.graph)
            for changed in frames.proxied_objects(variable)
            for each in objects
        )

    def forget_reads(self) -> None:
        frames.forget_reads(self.graph)

    def fail_import(self, names: Sequence[str], error: BaseException) -> Exception:
        translation.raise_again(names, error)
        return FallbackError(f"the import of {names[0]} raised {error!r}")

    def note_answer(
        self, module: Any, names: Sequence[str], answer: checks.Answer, check: checks.Check
    ) -> None:
        translation.note_answer(self.graph, check, answers.Given(module, names, answer))

    def place(self) -> Place:
        executor = self.executor or OpcodeExecutorBase.call_stack[-1]
        code, outer = frames.code_of(executor), translation.current_frame()
        line = Code.of(code).line_at(frames.offset_of(executor))
        return Place(code, line, frames.scope_of(executor, outer))

    def watch_reads(self) -> Callable[[], None]:
        return translation.watch_reads(self.graph)

    def frame(self) -> Any:
        return translation.current_frame()

    def is_standard(self) -> bool:
        if self.executor is None:
            return True
        used = frames.module_globals_of(self.executor).get("__builtins__", builtins)
        used = used.value if isinstance(used, VariableBase) else used
        return used is builtins or used is vars(builtins)

    def require_package(self) -> None:
        module_globals = frames.globals_of(self.executor)
        for name in _PACKAGE_NAMES[:3]:
            if name not in frames.module_globals_of(self.executor):
                raise break_graph(f"a module without {name}")
            variable = module_globals.get(name)
            self.graph.add_global_guarded_variable(variable)
            if name == "__package__" and variable.get_py_value() is not None:
                break


def unwrapped(value: Any) -> Any:
    """The object behind a variable; any other object itself."""
    return value.get_py_value() if isinstance(value, VariableBase) else value


def handling_of(executor: Any) -> Handling:
    """The exception state of an executor's frame."""
    state = vars(executor).get("_pm_handling")
    if state is None:
        wrap = lambda value: ConstantVariable.wrap_literal(value, executor._graph)  # noqa: E731
        state = executor._pm_handling = Handling(Code.of(frames.code_of(executor)), wrap)
    return state


# Import statements -------------------------------------------------------------------------------


def import_name(executor: Any, instruction: Any) -> None:
    """IMPORT_NAME."""
    fromlist = executor.stack.pop().get_py_value()
    level = executor.stack.pop().get_py_value()
    name = frames.code_of(executor).co_names[instruction.arg]
    executor.stack.push(run_import(executor._graph, executor, name, fromlist, level))


def run_import(graph: Any, executor: Any, name: str, fromlist: Any, level: int) -> Any:
    """The variable of what an import statement gives; `executor` is None for a call."""
    translation.require_alone()
    module_globals = package_globals(executor) if executor is not None else {}
    with translation.importing():
        imported = statements.import_name(
            GraphHost(graph, executor), module_globals, name, fromlist, level
        )
    return variable_of(graph, imported.module, imported.taken)


def package_globals(executor: Any) -> dict[str, Any]:
    """The globals of a frame that relative imports resolve against."""
    found = frames.module_globals_of(executor)
    return {key: unwrapped(found[key]) for key in _PACKAGE_NAMES if key in found}


def variable_of(graph: Any, module: Any, taken: Any = ()) -> Any:
    """A variable of an imported object, which need not be a module."""
    if isinstance(module, type(sys)):
        return ImportedModuleVariable(module, graph, taken)
    variable = VariableFactory.from_value(module, graph, PinnedTracker(module))
    if taken:
        variable.taken = dict(taken)
    return variable


def import_from(executor: Any, instruction: Any) -> None:
    """IMPORT_FROM."""
    source = executor.stack.top
    name = frames.code_of(executor).co_names[instruction.arg]
    graph = executor._graph
    taken = getattr(source, "taken", {})
    if name in taken:
        executor.stack.push(_taken(executor, source, name, taken[name]))
        return
    if _is_changed(source, name):
        executor.stack.push(_getattr(source, name, graph))
        return
    module = source.get_py_value()
    with translation.importing():
        value = statements.import_from(GraphHost(graph, executor), module, name)
    if name in getattr(module, "__dict__", {}):
        executor.stack.push(_getattr(source, name, graph))
    else:
        executor.stack.push(variable_of(graph, value))


def _taken(executor: Any, source: Any, name: str, value: Any) -> Any:
    if value is checks.MISSING:
        raise GraphHost(executor._graph).raise_error(resolution.absent(source.value, name))
    if isinstance(value, type(sys)):
        return ImportedModuleVariable(value, executor._graph)
    return VariableFactory.from_value(value, executor._graph, PinnedTracker(value))


def _is_changed(source: Any, name: str) -> bool:
    proxy = vars(source).get("attr_proxy")
    return proxy is not None and proxy.has_changed and proxy.check_changed(name)


def _getattr(source: Any, name: str, graph: Any) -> Any:
    get = BuiltinVariable(getattr, graph=graph, tracker=DanglingTracker())
    return get(source, ConstantVariable.wrap_literal(name, graph))


# Exceptions --------------------------------------------------------------------------------------


def step(stock: Callable[..., Any], executor: Any, instruction: Any) -> Any:
    """Runs one instruction; an exception that it raises in the program goes to its handler."""
    handling = handling_of(executor)
    if not handling.code.handles_exceptions:
        return stock(executor, instruction)
    recorded = frames.statements_of(executor._graph)
    try:
        stop = stock(executor, instruction)
    except Captured as captured:
        catch(executor, captured)
        return None
    except _CapturedByPaddle as captured:
        if handling.is_protected(frames.offset_of(executor)) and translation.import_is_near():
            raise FallbackError(f"{captured!r}, which these handlers do not know") from None
        raise
    if frames.statements_of(executor._graph) != recorded:
        _check_protection(executor, handling)
    return stop


def _check_protection(executor: Any, handling: Handling) -> None:
    """An operation may fail when the graph runs: then handlers around it must not be lost."""
    if not handling.code.concerns_imports or translation.is_run_again_on_errors(executor):
        return
    if handling.is_protected(frames.offset_of(executor)):
        raise FallbackError("an operation inside a try statement")


def catch(executor: Any, captured: Captured) -> None:
    """Goes on at the handler of an exception, or raises it again for the caller's frame."""
    stack = OpcodeExecutorBase.call_stack
    while stack and stack[-1] is not executor:
        stack.pop()
    handling = handling_of(executor)
    if HAS_TABLE:
        offset = handling.catch_by_table(frames.offset_of(executor), captured, executor.stack)
        target = next((each for each in executor._instructions if each.offset == offset), None)
        if offset is not None and target is None:
            raise FallbackError(f"no instruction at offset {offset}")
    else:
        _adopt_blocks(executor, handling)
        target = handling.catch_by_blocks(captured, executor.stack)
    if target is None:
        raise captured
    executor.jump_to(target)


def _adopt_blocks(executor: Any, handling: Handling) -> None:
    """The try statements of a frame without imports, up to now simulated by Paddle, are ours."""
    blocks = getattr(getattr(executor, "vframe", None), "block_stack", [])
    if any(block.type != "SETUP_FINALLY" for block in blocks):
        raise FallbackError("an import failed inside a handler of another exception")
    handling.blocks += [Block(block.handler, block.level) for block in blocks]
    handling.has_adopted = handling.has_adopted or bool(blocks)
    blocks.clear()


def push_exc_info(executor: Any, instruction: Any) -> None:
    handling_of(executor).push_exc_info(executor.stack)


def check_exc_match(executor: Any, instruction: Any) -> None:
    expected = executor.stack.pop()
    matched = _matches(executor, executor.stack.top, expected)
    executor.stack.push(ConstantVariable.wrap_literal(matched, executor._graph))


def jump_if_not_exc_match(executor: Any, instruction: Any) -> None:
    expected = executor.stack.pop()
    if not _matches(executor, executor.stack.pop(), expected):
        executor.jump_to(instruction.jump_to)


def _matches(executor: Any, variable: Any, expected: Any) -> bool:
    if not isinstance(variable, CapturedVariable):
        raise FallbackError("an exception that no import raised")
    _guard_type(executor._graph, expected)
    matched = unwinding.matches(variable.value, expected.get_py_value())
    if matched is None:
        raise FallbackError("an except clause with something that is no exception type")
    return matched


def _guard_type(graph: Any, expected: Any) -> None:
    """Guards the operand of an except clause; Paddle's guard tree takes builtins for constant."""
    graph.add_global_guarded_variable(expected)
    if isinstance(expected.tracker, BuiltinTracker):
        name = expected.tracker.name
        require(graph, checks.attribute_is(builtins, name, expected.get_py_value()))


def pop_except(executor: Any, instruction: Any) -> None:
    handling_of(executor).pop_except(executor.stack)


def reraise(executor: Any, instruction: Any) -> None:
    raise _captured(executor.stack.pop())


def raise_varargs(executor: Any, instruction: Any) -> None:
    handling = handling_of(executor)
    if instruction.arg == 0 and handling.handled:
        raise _captured(handling.handled[-1])
    if instruction.arg == 1 and isinstance(executor.stack.top, CapturedVariable):
        raise _captured(executor.stack.pop())
    raise FallbackError("a raise statement")


def _captured(variable: Any) -> BaseException:
    if isinstance(variable, CapturedVariable):
        return Captured(variable.value, variable)
    return FallbackError("an exception that no import raised")


def setup_finally(executor: Any, instruction: Any) -> None:
    handling_of(executor).setup_finally(instruction.jump_to, executor.stack)


def pop_block(executor: Any, instruction: Any) -> None:
    handling_of(executor).pop_block()


def pop_except_block(executor: Any, instruction: Any) -> None:
    handling_of(executor).pop_except_block(executor.stack)


def reraise_block(executor: Any, instruction: Any) -> None:
    executor.stack.pop()
    error = executor.stack.pop()
    executor.stack.pop()
    raise _captured(error)


# What else frames with imports need --------------------------------------------------------------


def load_fast_and_clear(executor: Any, instruction: Any) -> None:
    """LOAD_FAST_AND_CLEAR of inlined comprehensions (3.12): puts a variable by."""
    if not Code.of(frames.code_of(executor)).imports:
        raise FallbackError("opcode: LOAD_FAST_AND_CLEAR is not supported.")
    variables = frames.locals_of(executor)
    executor.stack.push(variables.pop(instruction.argval, None) or NullVariable())


def store_fast(stock: Callable[..., Any], executor: Any, instruction: Any) -> Any:
    """STORE_FAST, which after a comprehension may have nothing to put back."""
    if isinstance(executor.stack.top, NullVariable):
        executor.stack.pop()
        frames.locals_of(executor).pop(instruction.argval, None)
        return None
    return stock(executor, instruction)


def change_global(stock: Callable[..., Any], executor: Any, instruction: Any) -> Any:
    """STORE_GLOBAL and DELETE_GLOBAL: Paddle carries them out in the globals of the outer frame."""
    imports = Code.of(frames.code_of(executor)).imports
    outer = OpcodeExecutorBase.call_stack[0]
    if imports and frames.module_globals_of(executor) is not frames.module_globals_of(outer):
        raise break_graph("a global variable of another module")
    return stock(executor, instruction)


def store_deref(stock: Callable[..., Any], executor: Any, instruction: Any) -> Any:
    """STORE_DEREF: what Paddle generates for an outermost frame does not set the outer variable."""
    code = frames.code_of(executor)
    is_outermost = isinstance(executor, OpcodeExecutor)
    if is_outermost and Code.of(code).imports and instruction.argval in code.co_freevars:
        raise FallbackError("a nonlocal variable")
    return stock(executor, instruction)


def format_captured(stock: Callable[..., Any], executor: Any, instruction: Any) -> Any:
    """FORMAT_VALUE and FORMAT_SIMPLE, which only know constants: f"{error}"."""
    wants_text = instruction.opname == "FORMAT_SIMPLE" or instruction.arg in (0, 1)
    if wants_text and isinstance(executor.stack.top, CapturedVariable):
        executor.stack.push(executor.stack.pop().text())
    return stock(executor, instruction)


def record_change(stock: Callable[..., Any], side_effects: Any, variable: Any) -> Any:
    """Paddle replays a changed dictionary by clearing it: no way to treat sys.modules."""
    if translation.has_imported():
        state = statements.import_state()
        changed = frames.proxied_objects(variable)
        if any(each is one for each in changed for one in state):
            raise FallbackError("the import system is changed")
    return stock(side_effects, variable)


def break_outside_handlers(stock: Callable[..., Any], executor: Any, *args: Any) -> Any:
    """A break loses the handlers and the exception of the frame: not inside them."""
    handling = handling_of(executor)
    if handling.blocks or handling.handled or _is_in_table(executor, handling):
        raise FallbackError("a graph break inside a try statement")
    executor._pm_is_breaking = True
    return stock(executor, *args)


def is_breaking(executor: Any) -> bool:
    """Whether the functions that come after a graph break are being made."""
    return vars(executor).get("_pm_is_breaking", False)


def _is_in_table(executor: Any, handling: Handling) -> bool:
    return bool(handling.code.handlers)


def for_iter(stock: Callable[..., Any], executor: Any, instruction: Any) -> Any:
    """The outermost frame translates a loop as a function, whose variables an exception loses."""
    try:
        return stock(executor, instruction)
    except Captured as captured:
        raise FallbackError(f"{captured.error!r} leaves a loop") from None


_BLOCK_HANDLERS = {
    "SETUP_FINALLY": setup_finally,
    "POP_BLOCK": pop_block,
    "POP_EXCEPT": pop_except_block,
    "JUMP_IF_NOT_EXC_MATCH": jump_if_not_exc_match,
    "RERAISE": reraise_block,
    "RAISE_VARARGS": raise_varargs,
}
_TABLE_HANDLERS = {
    "PUSH_EXC_INFO": push_exc_info,
    "CHECK_EXC_MATCH": check_exc_match,
    "POP_EXCEPT": pop_except,
    "RERAISE": reraise,
    "RAISE_VARARGS": raise_varargs,
    "LOAD_FAST_AND_CLEAR": load_fast_and_clear,
}


def install(patches: Patches) -> None:
    """Gives the executors the handlers."""
    patches.set(OpcodeExecutorBase, "IMPORT_NAME", call_break_graph_decorator(1)(import_name))
    patches.set(OpcodeExecutorBase, "IMPORT_FROM", call_break_graph_decorator(1)(import_from))
    for name, handler in (_TABLE_HANDLERS if HAS_TABLE else _BLOCK_HANDLERS).items():
        stock = getattr(OpcodeExecutorBase, name, None)
        patches.set(
            OpcodeExecutorBase, name, handler if HAS_TABLE else _for_imports(handler, stock)
        )
    patches.wrap(OpcodeExecutorBase, "step", step)
    for name in ("STORE_GLOBAL", "DELETE_GLOBAL"):
        patches.wrap(OpcodeExecutorBase, name, change_global)
    for name in ("FORMAT_VALUE", "FORMAT_SIMPLE"):
        patches.wrap(OpcodeExecutorBase, name, format_captured)
    patches.wrap(OpcodeExecutorBase, "STORE_FAST", store_fast)
    patches.wrap(OpcodeExecutorBase, "STORE_DEREF", store_deref)
    patches.wrap(SideEffects, "record_proxy_variable", record_change)
    patches.wrap(OpcodeExecutor, "FOR_ITER", for_iter)
    for name in ("_break_graph_when_call", "_break_graph_when_if", "_break_graph_when_for_loop"):
        patches.wrap(OpcodeExecutor, name, break_outside_handlers)


def _for_imports(handler: Callable[..., Any], stock: Callable[..., Any] | None) -> Any:
    """`handler` in frames with imports, else what Paddle has or says."""

    def choose(executor: Any, instruction: Any) -> Any:
        if Code.of(frames.code_of(executor)).concerns_imports or handling_of(executor).has_adopted:
            return handler(executor, instruction)
        if stock is None and translation.import_errors_are_near():
            return handler(executor, instruction)
        if stock is None:
            raise FallbackError(f"opcode: {instruction.opname} is not supported.")
        return stock(executor, instruction)

    return choose
