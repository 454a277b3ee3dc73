"""What an import statement does, split into its parts: which module, what from it, which error."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from paddlemend.sot import finders

LOADED = "loaded"  # nothing of the module runs
MISSING = "missing"  # ModuleNotFoundError, and nothing runs
FRESH = "fresh"  # a module body runs, or a finder of the user's


@dataclass(frozen=True)
class Situation:
    """What an import meets: `kind` is LOADED, MISSING or FRESH.

    `names` are the modules that decide it; for MISSING, `reasons` says why for each of them.
    """

    kind: str
    names: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...] = ()


def package_of(module_globals: Mapping[str, Any]) -> str | None:
    """The package that relative imports start from, None where the import shall complain.

    As CPython: `__package__`, else `__spec__.parent`, else `__name__` with `__path__`.
    """
    package = module_globals.get("__package__")
    if package is not None:
        return package if isinstance(package, str) and package else None
    spec = module_globals.get("__spec__")
    if spec is not None:
        parent = getattr(spec, "parent", None)
        return parent if isinstance(parent, str) and parent else None
    name = module_globals.get("__name__")
    if not isinstance(name, str):
        return None
    return name if "__path__" in module_globals else name.rpartition(".")[0] or None


def absolute_name(name: str, module_globals: Mapping[str, Any], level: int) -> str | None:
    """The absolute name of the module to import, None where the import raises ImportError."""
    if level == 0:
        return name or None
    package = package_of(module_globals)
    if package is None:
        return None
    parts = package.rsplit(".", level - 1)
    if len(parts) < level:
        return None
    return f"{parts[0]}.{name}" if name else parts[0]


def situation(name: str, fromlist: Sequence[str] | None) -> Situation:
    """What importing the absolute `name` with `fromlist` meets now."""
    if sys.modules.get(name) is None:
        reason = finders.quietly_missing(name)
        return Situation(MISSING, (name,), (reason,)) if reason else Situation(FRESH, (name,))
    submodules = _submodules_to_load(name, fromlist)
    if not submodules:
        return Situation(LOADED, (name,))
    reasons = tuple(map(finders.quietly_missing, submodules))
    fresh = tuple(each for each, reason in zip(submodules, reasons) if reason is None)
    if fresh:
        return Situation(FRESH, fresh)
    return Situation(LOADED, submodules, reasons)


def modules_of(name: str, fromlist: Sequence[str] | None) -> list[str]:
    """The modules that an import may load, in its order."""
    parts = name.split(".")
    parents = [".".join(parts[: count + 1]) for count in range(len(parts))]
    return parents + [f"{name}.{each}" for each in fromlist or ()]


def _submodules_to_load(name: str, fromlist: Sequence[str] | None) -> tuple[str, ...]:
    """The modules that `from name import …` tries to import because `name` lacks the attribute."""
    attributes = _dict_of(sys.modules[name])
    if not fromlist or "__path__" not in attributes:
        return ()
    missing = (each for each in fromlist if each != "*" and each not in attributes)
    return tuple(
        full for full in (f"{name}.{each}" for each in missing) if sys.modules.get(full) is None
    )


def is_real_import(function: Any) -> bool:
    """Whether `function` is the interpreter's own `__import__`."""
    return (
        isinstance(function, BuiltinFunctionType)
        and function.__name__ == "__import__"
        and function.__self__ is builtins
    )


def is_plain(module: Any) -> bool:
    """Whether reading what is in the `__dict__` of `module` runs no code of the user's."""
    kind = type(module)
    return (
        kind.__getattribute__ in (object.__getattribute__, ModuleType.__getattribute__)
        and type(getattr(module, "__dict__", None)) is dict
    )


def has_plain_attribute(module: Any, name: str) -> bool:
    """Whether `module.name` is what the module's own `__dict__` says, and nothing else runs."""
    if not is_plain(module) or name not in module.__dict__:
        return False
    inherited = (vars(kind)[name] for kind in type(module).__mro__ if name in vars(kind))
    return not any(hasattr(each, "__set__") or hasattr(each, "__delete__") for each in inherited)


def asks_user_code(module: Any, fromlist: Sequence[str] | None) -> bool:
    """Whether `from module import …` calls a `__getattr__`, the module's (PEP 562) or its type's.

    It does so even for names that are there: `__path__` is looked for first.
    """
    if not is_plain(module):
        return True
    if "__getattr__" not in module.__dict__ and not hasattr(type(module), "__getattr__"):
        return False
    return any(name not in module.__dict__ for name in ("__path__", *(fromlist or ())))


def runs_code(module: Any, name: str) -> bool:
    """Whether reading `module.name`, which is no plain attribute, may run code of the user's."""
    if not is_plain(module) or "__getattr__" in module.__dict__:
        return True
    kinds = type(module).__mro__
    return hasattr(type(module), "__getattr__") or any(name in vars(kind) for kind in kinds)


def import_from(module: Any, name: str) -> Any:
    """`from module import name`, by the interpreter's own IMPORT_FROM.

    Raises what the statement raises, the ImportError with its message, `name` and `path`.
    """
    return _import_from_function(module, name)()


def absent(module: Any, name: str) -> ImportError:
    """The error of `from module import name` where its `__getattr__` has been asked in vain."""
    stand_in = ModuleType(str(module.__dict__.get("__name__")))
    for each in ("__spec__", "__file__", "__path__"):
        if each in module.__dict__:
            setattr(stand_in, each, module.__dict__[each])
    try:
        import_from(stand_in, name)
    except ImportError as error:
        return error
    raise AssertionError(f"{name!r} was expected to be missing in {stand_in!r}")


def _import_from_function(module: Any, name: str) -> Callable[[], Any]:
    template = _template.__code__
    names = tuple(name if each == "attribute_" else each for each in template.co_names)
    scope = {"__builtins__": {"__import__": lambda *_: module}}
    return FunctionType(template.replace(co_names=names), scope)


def _template() -> Any:
    from module_ import attribute_  # type: ignore[import-not-found]

    return attribute_


def _dict_of(module: Any) -> Mapping[str, Any]:
    attributes = getattr(module, "__dict__", None)
    return attributes if isinstance(attributes, dict) else {}
