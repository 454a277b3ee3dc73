"""What surrounds a translation: one at a time, never a crash because of an import."""

from __future__ import annotations

import importlib.abc
import operator
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import CodeType
from typing import Any

import paddle
from paddle.jit.sot import translate as paddle_translate
from paddle.jit.sot.opcode_translator.custom_code import CustomCode
from paddle.jit.sot.opcode_translator.executor import executor_cache, function_graph
from paddle.jit.sot.opcode_translator.executor.dispatcher import Dispatcher
from paddle.jit.sot.opcode_translator.executor.opcode_executor import OpcodeExecutorBase
from paddle.jit.sot.utils import envs
from paddlemend.sot import finders, frames, threads
from paddlemend.sot.answers import Given
from paddlemend.sot.bytecode import Code
from paddlemend.sot.captured import Captured
from paddlemend.sot.checks import Check, Replay
from paddlemend.sot.patches import Patches
from paddlemend.sot.variables import CheckVariable, is_guarded

# Of the function that switches Paddle's frame hook on and off, and runs what is translated between.
_hook_holder = next(
    each
    for each in paddle_translate.symbolic_translate.__code__.co_consts
    if isinstance(each, CodeType) and each.co_name == "impl"
)

_GUARD_TREES = [
    getattr(envs, name)
    for name in ("ENV_SOT_ENABLE_GUARD_TREE", "ENV_SOT_ENABLE_STRICT_GUARD_CHECK")
    if hasattr(envs, name)
]

# Functions whose frames are run again, by the interpreter, if their graph fails.
trampolines: set[CodeType] = set()

# Paddle keeps the state of a translation in classes: two at once would mix.
_lock = threading.RLock()
_PATIENCE = 0.02  # seconds between two looks at what the other thread does
_state = threading.local()


class _Holder:
    """What the thread that translates does."""

    imports = 0


def install(patches: Patches) -> None:
    """Surrounds Paddle's translation."""
    patches.wrap(executor_cache, "start_translate", _start_translate)
    patches.wrap(executor_cache.OpcodeExecutorCache, "translate", _translate)
    patches.wrap(function_graph, "find_traceable_vars", _order_guards)
    patches.on_undo(_RaisingFinder.withdraw)
    threads.install(patches, lambda: _takes_part(current_frame().f_code))


def _order_guards(stock: Callable[..., list[Any]], variables: list[Any]) -> list[Any]:
    """Checks stand before guards that read attributes of modules, which may have become properties.

    Those that ask come last: what is cheaper may fail before.
    """
    conditional = _state.conditional if has_imported() else []
    return sorted(stock([*variables, *conditional]), key=_rank)


def _rank(variable: Any) -> int:
    if not isinstance(variable, CheckVariable):
        return 1
    return 2 if variable.check.asks else 0


@contextmanager
def importing() -> Iterator[None]:
    """While an import statement runs: its module may translate functions of its own."""
    _state.has_imported = True
    saved = (list(OpcodeExecutorBase.call_stack), Dispatcher.graph)
    _Holder.imports += 1
    try:
        yield
    finally:
        _Holder.imports -= 1
        OpcodeExecutorBase.call_stack[:], Dispatcher.graph = saved


def is_run_again_on_errors(executor: Any) -> bool:
    """Whether the outermost frame is a trampoline's."""
    outer = OpcodeExecutorBase.call_stack[0]
    return executor is not outer and frames.code_of(outer) in trampolines


def _translate(stock: Callable[..., Any], cache: Any, frame: Any, **kwargs: Any) -> Any:
    if _is_in_import() or not _acquire():
        return _left_for_now()
    try:
        _forget_what_never_serves(cache, frame.f_code)
        if _is_ours(frame.f_code) and not _may_translate():
            return _left_for_now()
        return stock(cache, frame, **kwargs)
    finally:
        Replay.forget()
        _lock.release()


def _forget_what_never_serves(cache: Any, code: CodeType) -> None:
    """Paddle keeps what serves one call, too, and gives a code object up that has twenty."""
    kept = cache.cache.get(code)
    if kept is None or any(each.get() for each in _GUARD_TREES):  # which number them
        return
    kept = kept[0] if isinstance(kept, tuple) else kept
    kept[:] = [each for each in kept if each[1] is not _never]


def _may_translate() -> bool:
    threads.note_caller()
    return threads.is_alone()


def require_alone() -> None:
    """Leaves the frame that is translated to the interpreter, for this call, if need be."""
    if not _may_translate():
        raise threads.NotAlone


def _is_in_import() -> bool:
    """Whether the frame belongs to a module that is being imported, or to a finder.

    The interpreter imports what the translator leaves to it while Paddle's frame hook is on. An
    import that the call of the translated function is part of does not count.
    """
    frame = sys._getframe()
    while frame is not None and frame.f_code is not _hook_holder:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _acquire() -> bool:
    """Waits for the other thread's translation, unless that may wait for an import of this one."""
    while not _lock.acquire(timeout=_PATIENCE):
        if _Holder.imports:
            return False
    return True


def _never(frame: Any) -> bool:
    return False


_never.expr = _never.inlined_expr = "lambda frame: False"  # type: ignore[attr-defined]
_never.mirror_guard = _never  # type: ignore[attr-defined]


def _start_translate(stock: Callable[..., Any], frame: Any, **kwargs: Any) -> Any:
    outer = vars(_state).copy()
    try:
        result = _translate_once(stock, frame, False, kwargs)
        if _state.has_imported and _state.has_doubts:
            result = _translate_once(stock, frame, True, kwargs)
        return result
    finally:
        vars(_state).clear()
        vars(_state).update(outer)


def _translate_once(
    stock: Callable[..., Any], frame: Any, expects_imports: bool, kwargs: dict[str, Any]
) -> Any:
    _state.has_imported, _state.frame, _state.answers, _state.conditional = False, frame, [], []
    _state.expects_imports, _state.has_doubts, _state.serves_once = expects_imports, False, False
    kept = False
    try:
        result = stock(frame, **kwargs)
        if _takes_part(frame.f_code):
            _parted.add(_origin(frame.f_code))
        kept = result[0].code is not None and not (_state.has_imported and _state.has_doubts)
        return _result(result[0], _never) if kept and _state.serves_once else result
    except threads.NotAlone:
        return _left_for_now()
    except Captured:  # the interpreter raises it
        return _result(CustomCode(None, True), executor_cache.dummy_guard)
    except Exception as error:
        if not _takes_part(frame.f_code) or _is_strict_fallback(error):
            raise
        return _native()
    finally:
        for graph, check, given in reversed(_state.answers):
            if not kept or not is_guarded(graph, check):
                given.repeat()


def _takes_part(code: CodeType) -> bool:
    """Whether the frame of `code` is translated, if it is, because of the handlers of imports."""
    return has_imported() or _is_ours(code)


def _is_ours(code: CodeType) -> bool:
    """Whether that is to be seen before its translation."""
    if code in trampolines or Code.of(code).imports:
        return True
    return code.co_name.startswith("$") and _origin(code) in _parted


def _origin(code: CodeType) -> tuple[str, str]:
    """The function that a code object is, or is the rest of after a graph break: file and name."""
    name = (
        _RESUMED.sub("", code.co_name.rpartition("@")[2]) if "@" in code.co_name else code.co_name
    )
    return code.co_filename, name


# Paddle names what is left of `f` after a graph break "$resume_0@f_1a2b3".
_RESUMED = re.compile("(_[0-9a-f]{5})+$")
_parted: set[tuple[str, str]] = set()  # functions, or their beginnings, that took part


def note_answer(graph: Any, check: Check, given: Given) -> None:
    """Keeps an answer for the case that the interpreter runs the statement which got it."""
    _state.answers.append((graph, check, given))


def has_imported() -> bool:
    """Whether the translation that runs in this thread has met an import."""
    return getattr(_state, "has_imported", False)


def import_is_near() -> bool:
    """Whether a frame that is being simulated has to do with imports.

    If not, and an import comes after all, the frame is translated once more with the answer True.
    """
    if getattr(_state, "expects_imports", True):
        return True
    stack = OpcodeExecutorBase.call_stack
    near = any(Code.of(frames.code_of(each)).concerns_imports for each in stack)
    _state.has_doubts = _state.has_doubts or not near
    return near


def import_errors_are_near() -> bool:
    """Whether a frame that is being simulated imports, or names an error of imports."""
    codes = [Code.of(frames.code_of(each)) for each in OpcodeExecutorBase.call_stack]
    return any(each.concerns_imports or each.names_import_errors for each in codes)


def guard_if_it_imports(variable: Any) -> None:
    """Guards a translation with a variable, which Paddle's would not be, if it has imports."""
    _state.conditional.append(variable)


def check_if_it_imports(graph: Any, check: Check) -> None:
    """The same for a check, once."""
    known = getattr(_state, "conditional", [])  # no translation may be running
    if not any(isinstance(each, CheckVariable) and each.check == check for each in known):
        known.append(CheckVariable(check, graph))


def watch_reads(graph: Any) -> Callable[[], None]:
    """To be called after a module body ran: a translation that read before what the body changed
    is used for this call alone, since guards of containers are made of what is in them at its end.
    """
    read = [(each, _parts(each)) for each in frames.containers_read(graph)]

    def compare() -> None:
        for container, before in read:
            now = _parts(container)
            if len(now) != len(before) or not all(map(operator.is_, now, before)):
                _state.serves_once = True

    return compare


def _parts(container: dict[Any, Any] | list[Any]) -> list[Any]:
    if container is sys.modules:
        return []  # there are checks for it
    return [*container, *container.values()] if isinstance(container, dict) else list(container)


def current_frame() -> Any:
    """The frame that this thread translates, None if none."""
    return getattr(_state, "frame", None)


def _is_strict_fallback(error: Exception) -> bool:
    """Paddle's strict mode asks for the error instead of dygraph."""
    return executor_cache.is_strict_mode() and isinstance(error, executor_cache.FallbackError)


def _left_for_now() -> Any:
    """The result of a translation that leaves one call to the interpreter."""
    return _result(CustomCode(None, True), _never)


def _native() -> Any:
    """The result of a translation that leaves the function to the interpreter, for good."""
    return _result(CustomCode(None, False), executor_cache.dummy_guard)


def _result(custom_code: Any, guard: Any) -> Any:
    if not hasattr(paddle.framework.core, "GuardNode"):  # 3.0
        return custom_code, guard
    core = paddle.framework.core
    node = core.GuardNode(core.LambdaGuard(guard), [core.ConstantExprNode(None)])
    return custom_code, guard, [node]


# An import that raised ---------------------------------------------------------------------------


def raise_again(names: Sequence[str], error: BaseException) -> None:
    """Has the next import of the first of `names` that is not loaded raise `error`, once.

    The translation ran the module body, and gives the function to the interpreter, whose import
    must not run it again in the same call.
    """
    name = next((each for each in names if each not in sys.modules), None)
    if name is not None:
        _RaisingFinder.withdraw()
        sys.meta_path.insert(0, _RaisingFinder(name, error))


class _RaisingFinder(importlib.abc.MetaPathFinder):
    def __init__(self, name: str, error: BaseException) -> None:
        self.name = name
        self.error = error
        self.thread = threading.get_ident()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> None:
        if fullname == self.name and threading.get_ident() == self.thread:
            if finders.is_asking():
                raise ImportError(f"the import of {fullname} is going to raise", name=fullname)
            self.withdraw()
            raise self.error

    @staticmethod
    def withdraw() -> None:
        sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, _RaisingFinder)]
