"""Functions under `functools.lru_cache` that import: they run once, as for the interpreter.

Paddle translates what is under the cache in their place, so that a body which found that a module
is missing would run again, and see that it is there by now.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from paddle.jit.sot.opcode_translator.executor.variables import ConstantVariable, VariableFactory
from paddle.jit.sot.opcode_translator.executor.variables import callable as callables
from paddle.jit.sot.utils.exceptions import FallbackError
from paddlemend.sot import checks, frames, translation
from paddlemend.sot.bytecode import Code
from paddlemend.sot.patches import Patches
from paddlemend.sot.variables import PinnedTracker, break_graph, require


def install(patches: Patches) -> None:
    """Has the translator call them, and guard what they give."""
    kind = getattr(callables, "FunctoolsLruCacheWrapperVariable", None)
    if kind is not None:
        patches.wrap(kind, "call_function", _call)


def _call(stock: Callable[..., Any], variable: Any, /, *args: Any, **kwargs: Any) -> Any:
    function, graph = variable.value, variable.graph
    if not translation.import_is_near() and not _imports(function.__wrapped__):
        return stock(variable, *args, **kwargs)
    given = [*args, *kwargs.values()]
    if not all(isinstance(each, ConstantVariable) for each in given):
        raise break_graph("a cached function with arguments that are no constants")
    if frames.has_pending_effects(graph):
        raise break_graph("a cached function, which may see earlier side effects")
    for each in given:
        graph.add_global_guarded_variable(each)
    values = [each.get_py_value() for each in args]
    named = {key: each.get_py_value() for key, each in kwargs.items()}
    value = _run(graph, function, values, named)
    require(graph, checks.call_gives(function, values, named, value))
    return VariableFactory.from_value(value, graph, PinnedTracker(value))


def _imports(function: Any) -> bool:
    return isinstance(function, FunctionType) and Code.of(function.__code__).concerns_imports


def _run(graph: Any, function: Any, values: list[Any], named: dict[str, Any]) -> Any:
    compare_reads, misses = translation.watch_reads(graph), function.cache_info().misses
    try:
        with translation.importing():
            return function(*values, **named)
    except Exception as error:
        raise FallbackError(f"{function!r} raised {error!r}") from None
    finally:
        if function.cache_info().misses != misses:  # its body ran
            compare_reads()
            frames.forget_reads(graph)
