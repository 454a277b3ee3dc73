"""What the executors of the four Paddles call differently: the frame that they simulate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import CodeType
from typing import Any


def code_of(executor: Any) -> CodeType:
    """The code object that an executor runs."""
    return executor.vframe.code if hasattr(executor, "vframe") else executor._code


def locals_of(executor: Any) -> dict[str, Any]:
    """Local variables by name."""
    return executor.vframe.locals if hasattr(executor, "vframe") else executor._locals


def globals_of(executor: Any) -> Any:
    """The translator's variable of the frame's globals."""
    return executor.vframe.globals if hasattr(executor, "vframe") else executor._globals


def builtins_of(executor: Any) -> dict[str, Any]:
    """Variables of the builtins by name."""
    return executor.vframe.builtins if hasattr(executor, "vframe") else executor._builtins


def position_of(executor: Any) -> int:
    """The index of the instruction after the running one."""
    return executor.vframe.lasti if hasattr(executor, "vframe") else executor._lasti


def module_globals_of(executor: Any) -> Mapping[str, Any]:
    """The globals themselves; those of a function made in the frame have variables as values."""
    return globals_of(executor).proxy.original_data


def scope_of(executor: Any, outer: Any) -> dict[str, Any]:
    """The globals as a real dictionary. `outer` is the frame that is translated."""
    scope = module_globals_of(executor)
    name = scope.get("__name__")
    if any(hasattr(each, "tracker") for each in (name, scope.get("__package__"))):
        name = name.get_py_value()  # of a function made in the frame
        return outer.f_globals if outer.f_globals.get("__name__") == name else {"__name__": name}
    return scope


def offset_of(executor: Any) -> int:
    """The offset in bytes of the running instruction, or of the one that it was split from."""
    for index in range(position_of(executor) - 1, -1, -1):
        offset = executor._instructions[index].offset
        if offset is not None:
            return offset
    return 0


def statements_of(graph: Any) -> int:
    """The number of operations that a graph has recorded."""
    builder = getattr(graph, "sir_builder", None)
    return len((builder.current_sir if builder is not None else graph.sir_ctx.TOS).statements)


def changed_variables(graph: Any) -> Iterator[Any]:
    """The variables of outside objects with changes that are carried out after the graph ran."""
    for variable in graph.side_effects.proxy_variables:
        if type(variable.tracker).__name__ != "DummyTracker":  # that of what the frame itself made
            yield variable


def has_pending_effects(graph: Any) -> bool:
    """Whether a graph has changes, output or in-place results that come after it."""
    changed = next(changed_variables(graph), None) is not None
    return changed or bool(graph._print_variables or graph._inplace_tensors)


def proxied_objects(variable: Any) -> Iterator[Any]:
    """The objects behind a changed variable."""
    for name in ("proxy", "attr_proxy"):
        proxy = vars(variable).get(name)
        if proxy is not None:
            yield proxy.original_data
    if "proxy" not in vars(variable):  # the value of a container would be built anew
        with suppress(Exception):
            yield variable.get_py_value()


def containers_read(graph: Any) -> Iterator[dict[Any, Any] | list[Any]]:
    """The dictionaries and lists of the outside world that a translation has met."""
    for proxy in graph.side_effects.data_id_to_proxy.values():
        if isinstance(proxy.original_data, (dict, list)):
            yield proxy.original_data


def forget_reads(graph: Any) -> None:
    """Has the values of containers and attributes read again from where they come."""
    for proxy in list(graph.side_effects.data_id_to_proxy.values()):
        if proxy.has_changed:
            continue
        if isinstance(proxy.read_cache, dict):
            proxy.read_cache.clear()
        else:
            proxy.read_cache[:] = [
                proxy.getter(proxy, index) for index in range(len(proxy.original_data))
            ]
