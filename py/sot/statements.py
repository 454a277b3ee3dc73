"""Import statements as a translator meets them: run now, remembered with the checks they need.

`Host` is what a translator has to offer. Nothing here knows Paddle.
"""

from __future__ import annotations

import builtins
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paddlemend.sot import checks, finders, resolution
from paddlemend.sot.checks import Answer, Check, Replay
from paddlemend.sot.place import Place
from paddlemend.sot.resolution import FRESH, LOADED, Situation


class Host(ABC):
    """The translation of one frame. Variables are whatever the translator calls so."""

    @abstractmethod
    def require(self, check: Check) -> None:
        """Lets the translation be used again only while `check` holds."""

    @abstractmethod
    def break_graph(self, reason: str) -> Exception:
        """What to raise for the interpreter to run the statement itself, in its place."""

    @abstractmethod
    def fall_back(self, reason: str) -> Exception:
        """What to raise for the interpreter to run the whole function."""

    @abstractmethod
    def raise_error(self, error: Exception) -> Exception:
        """What to raise for the program to see `error` here."""

    @abstractmethod
    def has_pending_effects(self) -> bool:
        """Whether the program has changed anything that is not done yet, but after the graph."""

    @abstractmethod
    def has_pending_changes_of(self, objects: Sequence[Any]) -> bool:
        """Whether such changes concern one of these objects."""

    @abstractmethod
    def forget_reads(self) -> None:
        """A module body ran: what was read of the outside world may be different now."""

    @abstractmethod
    def note_answer(self, module: Any, names: Sequence[str], answer: Answer, check: Check) -> None:
        """A module's `__getattr__` was asked: if the interpreter runs the statement after all, it
        must not be asked again in this call."""

    @abstractmethod
    def fail_import(self, names: Sequence[str], error: BaseException) -> Exception:
        """What to raise when a module body raised: it must not run a second time in this call.

        It is that of the first of `names` that is not loaded.
        """

    @abstractmethod
    def place(self) -> Place:
        """Where the statement stands."""

    @abstractmethod
    def watch_reads(self) -> Callable[[], None]:
        """A module body is about to run. To be called after it: what was read of the outside world
        before, and is different now, was right for this call alone."""

    @abstractmethod
    def frame(self) -> Any:
        """The frame that is translated, as its guards get it."""

    @abstractmethod
    def is_standard(self) -> bool:
        """Whether the frame's builtins are the interpreter's."""

    @abstractmethod
    def require_package(self) -> None:
        """Guards what relative imports of the frame resolve against."""


@dataclass(frozen=True)
class Imported:
    """What IMPORT_NAME gives: an object, its key in sys.modules, the names taken of it already.

    `taken` has those of a module that answers by a `__getattr__`, which may be asked only once.
    """

    key: str
    module: Any
    taken: Mapping[str, Any]


def import_name(
    host: Host, module_globals: dict[str, Any], name: str, fromlist: Any, level: int
) -> Imported:
    """Runs `import name` or `from name import …`; what it raises goes through the host."""
    if not resolution.is_real_import(builtins.__import__) or not host.is_standard():
        raise host.break_graph("__import__ is overridden")
    if host.has_pending_changes_of(import_state()):
        raise host.fall_back("the import system was changed before in the same function")
    host.require(checks.real_import())
    if level:
        host.require_package()
    absolute = resolution.absolute_name(name, module_globals, level)
    if absolute is None:
        raise host.raise_error(_error_of(host, module_globals, name, fromlist, level))
    found = resolution.situation(absolute, fromlist)
    if found.kind == FRESH and host.has_pending_effects():
        host.require(checks.not_loaded(found.names[0]))
        raise host.break_graph(f"first import of {found.names[0]} after other side effects")
    if found.kind == LOADED and checks.is_asked(sys.modules[absolute], fromlist):
        module = sys.modules[absolute]
        taken = _ask(host, absolute, module, fromlist, found)
    else:
        module = _run(host, module_globals, name, fromlist, level, absolute, found)
        taken = _take(host, absolute, module, fromlist)
    key = absolute if fromlist else absolute.partition(".")[0]
    if sys.modules.get(key) is not module:
        raise host.break_graph(f"sys.modules[{key!r}] is not what the import gave")
    host.require(checks.module_is(key, module))
    if key != absolute:
        host.require(checks.module_is(absolute, sys.modules.get(absolute)))
    return Imported(key, module, taken)


def _run(
    host: Host,
    module_globals: dict[str, Any],
    name: str,
    fromlist: Any,
    level: int,
    absolute: str,
    found: Situation,
) -> Any:
    compare_reads = host.watch_reads() if found.kind == FRESH else None
    try:
        module = host.place().run_import(name, module_globals, fromlist, level)
    except ModuleNotFoundError as error:
        if compare_reads is not None:
            compare_reads()
            host.forget_reads()
        reason = finders.quietly_missing(absolute)
        if reason is None or reason[1] != error.name:
            raise host.fail_import(resolution.modules_of(absolute, fromlist), error) from None
        host.require(checks.still_missing(absolute, reason))
        raise host.raise_error(error) from None
    except BaseException as error:
        raise host.fail_import(resolution.modules_of(absolute, fromlist), error) from None
    if compare_reads is not None:
        compare_reads()
        host.forget_reads()
        absent = [each for each in found.names if each not in sys.modules]
        if absent:  # a finder that may notice was asked, and is not to be asked again in this call
            error = ModuleNotFoundError(f"No module named {absent[0]!r}", name=absent[0])
            raise host.fail_import(absent, error)
    for submodule, reason in zip(found.names, found.reasons):
        host.require(checks.still_missing(submodule, reason))
    return module


def _ask(
    host: Host, key: str, module: Any, names: Sequence[str], found: Situation
) -> Mapping[str, Any]:
    """Takes `names` of a loaded module that answers by a `__getattr__`."""
    if host.has_pending_effects():
        raise host.break_graph(f"{key} has a __getattr__, which may see earlier side effects")
    answer = Replay.take(host.frame(), key, names)
    if answer is None:
        answer = checks.ask(module, names, resolution.import_from)
    for submodule, reason in zip(found.names, found.reasons):
        host.require(checks.still_missing(submodule, reason))
    return _answered(host, key, module, names, answer)


def _take(host: Host, key: str, module: Any, names: Sequence[str] | None) -> Mapping[str, Any]:
    """Takes `names` of a module just imported, which has been asked for `__path__` by that."""
    if not names or not checks.is_asked(module, names):
        return {}
    attributes = getattr(module, "__dict__", {})
    found = tuple(True for _ in names) if "__path__" in attributes else None
    answer = Answer(found, checks.values_of(module, names, resolution.import_from))
    return _answered(host, key, module, names, answer)


def _answered(
    host: Host, key: str, module: Any, names: Sequence[str], answer: Answer
) -> Mapping[str, Any]:
    host.forget_reads()
    check = Replay(key, module, names, answer).check()
    host.require(check)
    host.note_answer(module, names, answer, check)
    return dict(zip(names, answer.values))


def import_from(host: Host, module: Any, name: str) -> Any:
    """The value of one name of `from module import name`, not among those taken already.

    What the statement raises goes through the host.
    """
    if resolution.has_plain_attribute(module, name):
        return module.__dict__[name]
    if resolution.runs_code(module, name):
        raise host.break_graph(f"reading {name} of {module!r} runs code")
    full = f"{module.__dict__.get('__name__')}.{name}"
    try:
        value = resolution.import_from(module, name)
    except ImportError as error:
        host.require(checks.attribute_absent(module, name, full))
        raise host.raise_error(error) from None
    if sys.modules.get(full) is not value:
        raise host.break_graph(f"{name} is no plain attribute of {module!r}")
    host.require(checks.module_is(full, value))
    host.require(checks.attribute_absent(module, name))
    return value


def import_state() -> tuple[Any, ...]:
    """The objects that imports depend on."""
    return (
        sys.modules,
        sys,
        builtins,
        vars(builtins),
        sys.path,
        sys.meta_path,
        sys.path_hooks,
        sys.path_importer_cache,
    )


def _error_of(
    host: Host, module_globals: dict[str, Any], name: str, fromlist: Any, level: int
) -> Exception:
    """What an import that resolves to no absolute name raises."""
    try:
        host.place().run_import(name, module_globals, fromlist, level)
    except Exception as error:
        return error
    raise AssertionError(f"the import of {name!r} at level {level} was expected to fail")
