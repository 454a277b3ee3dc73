"""What has to hold for a translated function to be used again: small tests of the outside world.

A check is an expression over `frame`, which Paddle compiles into its guards, and the objects that
it names. None imports anything; all but `replays` and `still_missing` cost a dictionary look-up.
"""

from __future__ import annotations

import builtins
import itertools
import math
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from paddlemend.sot import finders, resolution

_ABSENT = object()
_numbers = itertools.count()


@dataclass(frozen=True)
class Check:
    """A test: `expression` may name `frame` and what `names` has.

    Equal expressions are equal tests: names of objects have their ids in them. One that `asks` runs
    finders or code of the program's, and stands last among guards.
    """

    expression: str
    names: dict[str, Any] = field(hash=False, compare=False)
    asks: bool = False

    @cached_property
    def function(self) -> Callable[[Any], bool]:
        """The expression as a function of the frame."""
        return eval(f"lambda frame: {self.expression}", dict(self.names))

    def holds(self, frame: Any = None) -> bool:
        return bool(self.function(frame))


def module_is(name: str, module: Any) -> Check:
    """sys.modules still has this very object under `name`."""
    pinned = name_of(module)
    return Check(
        f"__pm_modules.get({name!r}) is {pinned}", {"__pm_modules": sys.modules, pinned: module}
    )


def loaded(name: str) -> Check:
    """`name` is in sys.modules."""
    return Check(f"{name!r} in __pm_modules", {"__pm_modules": sys.modules})


def not_loaded(name: str) -> Check:
    """`name` is not in sys.modules."""
    return Check(f"{name!r} not in __pm_modules", {"__pm_modules": sys.modules})


def real_import() -> Check:
    """`builtins.__import__` is the interpreter's own."""
    return Check(
        "__pm_builtins['__import__'] is __pm_import",
        {"__pm_builtins": vars(builtins), "__pm_import": builtins.__import__},
    )


def still_missing(name: str, reason: tuple[str, str]) -> Check:
    """Importing `name` would still fail, for the same reason. Asks the finders."""
    return Check(
        f"__pm_missing({name!r}) == {reason!r}", {"__pm_missing": finders.quietly_missing}, True
    )


def attribute_is(owner: Any, name: str, value: Any) -> Check:
    """The `__dict__` of `owner` still has `value` as `name`: the object, or an equal constant."""
    attributes, pinned = f"__pm_dict_{id(owner)}", name_of(value)
    names = {attributes: owner.__dict__, pinned: value, "__pm_absent": _ABSENT}
    found = f"{attributes}.get({name!r}, __pm_absent)"
    if is_simple(value):
        names["__pm_same"] = same_constant
        return Check(f"__pm_same({found}, {pinned})", names)
    return Check(f"{found} is {pinned}", names)


def answers_plainly(module: Any) -> Check:
    """Reading an attribute of `module` runs no more code than it did: its type, `__getattr__`."""
    attributes, kind = f"__pm_dict_{id(module)}", name_of(type(module))
    pinned = name_of(module)
    names = {attributes: module.__dict__, kind: type(module), pinned: module, "__pm_type": type}
    expression = f"__pm_type({pinned}) is {kind}"
    if "__getattr__" not in module.__dict__:
        expression += f" and '__getattr__' not in {attributes}"
    return Check(f"({expression})", names)


def attribute_absent(owner: Any, name: str, full_name: str = "") -> Check:
    """`owner` has no attribute `name`, nor sys.modules a module `full_name` if one is given."""
    attributes = f"__pm_dict_{id(owner)}"
    expression = f"{name!r} not in {attributes}"
    names = {attributes: owner.__dict__}
    if full_name:
        expression += f" and {full_name!r} not in __pm_modules"
        names["__pm_modules"] = sys.modules
    return Check(f"({expression})", names)


def defaults_are(function: Any) -> Check:
    """The default values of a Python function are the same objects."""
    pinned, named = name_of(function), dict(function.__kwdefaults__ or {})
    names = {
        pinned: function,
        f"{pinned}_defaults": function.__defaults__,
        f"{pinned}_named": named,
        "__pm_same_items": _same_items,
    }
    return Check(
        f"({pinned}.__defaults__ is {pinned}_defaults"
        f" and __pm_same_items({pinned}.__kwdefaults__, {pinned}_named))",
        names,
    )


def _same_items(found: dict[str, Any] | None, expected: dict[str, Any]) -> bool:
    found = found or {}
    return found.keys() == expected.keys() and all(found[key] is expected[key] for key in expected)


def members_are(kind: type) -> Check:
    """A class has members of the same names, and the same functions and descriptors."""
    pinned = name_of(kind)
    functions = {name: each for name, each in vars(kind).items() if hasattr(each, "__get__")}
    names = {
        pinned: kind,
        f"{pinned}_names": frozenset(vars(kind)),
        f"{pinned}_functions": functions,
        "__pm_same_members": _same_members,
    }
    return Check(f"__pm_same_members({pinned}, {pinned}_names, {pinned}_functions)", names)


def _same_members(kind: type, names: frozenset[str], functions: dict[str, Any]) -> bool:
    found = kind.__dict__
    return found.keys() == names and all(found[name] is functions[name] for name in functions)


def name_absent(scope: dict[str, Any], name: str) -> Check:
    """A dictionary of globals, which is pinned, has no `name`."""
    pinned = f"__pm_scope_{id(scope)}"
    return Check(f"{name!r} not in {pinned}", {pinned: scope})


def call_gives(function: Any, values: Sequence[Any], named: dict[str, Any], value: Any) -> Check:
    """Calling `function` gives `value` again: the object, or an equal constant."""
    symbol = f"__pm_gives_{next(_numbers)}"

    def gives() -> bool:
        return _same(function(*values, **named), value)

    return Check(f"{symbol}()", {symbol: gives}, True)


def name_of(value: Any) -> str:
    """The name under which an object is pinned in generated code and guards."""
    return f"___pm_{id(value)}"


def is_simple(value: Any) -> bool:
    """Whether a value is a constant, which is compared by value and not by identity."""
    return type(value) in (int, float, str, bool, bytes, complex, type(None))


def same_constant(found: Any, value: Any) -> bool:
    """Whether two constants are interchangeable: of one type and equal, NaN and signs included."""
    if type(found) is not type(value):
        return False
    if found == value:
        return value != 0 or type(value) is not float or _sign(found) == _sign(value)
    return found != found and value != value


def _sign(value: float) -> float:
    return math.copysign(1.0, value)


MISSING = "missing"  # in an answer, of a name that the module does not have


@dataclass(frozen=True)
class Answer:
    """What a module with a `__getattr__` says to `from module import names`.

    `found` says for a package which names `hasattr` finds, None for a plain module; `values` has
    the names' values, up to the first MISSING.
    """

    found: tuple[bool, ...] | None
    values: tuple[Any, ...]

    def agrees(self, other: Answer) -> bool:
        return (
            self.found == other.found
            and len(self.values) == len(other.values)
            and all(map(_same, self.values, other.values))
        )


def ask(module: Any, names: Sequence[str], read: Callable[[Any, str], Any] = getattr) -> Answer:
    """Asks as the statement does: `__path__`, each name of a package, then each name by `read`."""
    found = tuple([hasattr(module, name) for name in names]) if has_path(module) else None
    return Answer(found, values_of(module, names, read))


def has_path(module: Any) -> bool:
    """Whether the module says that it is a package."""
    return hasattr(module, "__path__")


def values_of(
    module: Any, names: Sequence[str], read: Callable[[Any, str], Any] = getattr
) -> tuple[Any, ...]:
    """The values of `names`, MISSING for the first that there is not, and no further."""
    values = []
    for name in names:
        try:
            values.append(read(module, name))
        except (AttributeError, ImportError):
            return (*values, MISSING)
    return tuple(values)


class Replay:
    """Does what `from module import names` does with a module whose `__getattr__` is asked.

    Python calls it at every execution of the statement, so that a guard has to as well. The answer
    is kept for other guards of the same frame, and for its translation, which would otherwise ask
    a second time.
    """

    _kept = threading.local()

    def __init__(self, name: str, module: Any, names: Sequence[str], answer: Answer) -> None:
        self.name = name
        self.module = module
        self.names = tuple(names)
        self.answer = answer

    def check(self) -> Check:
        symbol = f"__pm_replay_{next(_numbers)}"
        return Check(f"{symbol}(frame)", {symbol: self._holds}, True)

    def _holds(self, frame: Any) -> bool:
        if sys.modules.get(self.name) is not self.module:
            return False
        answer = self.take(frame, self.name, self.names)
        if answer is None:
            try:
                answer = ask(self.module, self.names)
            except Exception:  # the translation that follows meets it where the statement stands
                return False
        Replay._kept.entry = (frame, self.name, self.names, answer)
        return answer.agrees(self.answer)

    @classmethod
    def take(cls, frame: Any, name: str, names: Sequence[str]) -> Answer | None:
        """The answer that a guard of this frame got to the same statement; only once."""
        entry, cls._kept.entry = getattr(cls._kept, "entry", None), None
        # A guard tree does not say which frame it is for.
        if (
            entry is None
            or entry[0] is None
            or entry[0] is not frame
            or entry[1:3] != (name, tuple(names))
        ):
            return None
        return entry[3]

    @classmethod
    def forget(cls) -> None:
        """Drops what a guard kept: the translation that it was kept for is over."""
        cls._kept.entry = None


def _same(found: Any, value: Any) -> bool:
    return same_constant(found, value) if is_simple(value) else found is value


def is_asked(module: Any, names: Sequence[str] | None) -> bool:
    """Whether `from module import names` asks a `__getattr__`, so that it takes a `Replay`."""
    return bool(names) and resolution.asks_user_code(module, names)
