"""What a code object says about its imports and its exception handlers, on Python 3.9 to 3.14."""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import CodeType

HAS_TABLE = sys.version_info >= (3, 11)  # before, try statements push blocks at run time

_IMPORT = dis.opmap["IMPORT_NAME"]
_IMPORT_FUNCTIONS = frozenset({"import_module", "__import__"})
_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
# Statements that the translator cannot follow into, whatever they contain.
_UNSUPPORTED = frozenset({"BEFORE_WITH", "SETUP_WITH", "LOAD_SPECIAL", "BEFORE_ASYNC_WITH"})
_GENERATOR = 0x20 | 0x80 | 0x200  # generators, coroutines, asynchronous generators


@dataclass(frozen=True)
class Handler:
    """Where an exception raised in [start, end) goes on: all are offsets in bytes.

    The stack is cut to `depth`; then, with `keeps_position`, the offset is pushed, then the
    exception.
    """

    start: int
    end: int
    target: int
    depth: int
    keeps_position: bool


@dataclass(frozen=True, eq=False)
class Code:
    """A code object seen from here; `Code.of` keeps one for each."""

    code: CodeType

    @cached_property
    def imports(self) -> bool:
        """Whether it has an import statement."""
        return _IMPORT in self.code.co_code[::2]

    @cached_property
    def concerns_imports(self) -> bool:
        """Whether it has an import statement, or names a function that imports."""
        return self.imports or not _IMPORT_FUNCTIONS.isdisjoint(self.code.co_names)

    @cached_property
    def names_import_errors(self) -> bool:
        """Whether it names a type of error that imports raise."""
        return not _IMPORT_ERRORS.isdisjoint(self.code.co_names)

    @cached_property
    def handlers(self) -> tuple[Handler, ...]:
        """The exception table of Python 3.11 and later; empty before."""
        return tuple(_parse(self.code.co_exceptiontable)) if HAS_TABLE else ()

    @cached_property
    def instructions(self) -> dict[int, dis.Instruction]:
        return {each.offset: each for each in dis.get_instructions(self.code)}

    def line_at(self, offset: int) -> int:
        """The line of the instruction at `offset`."""
        started = [
            line for start, line in dis.findlinestarts(self.code) if start <= offset and line
        ]
        return started[-1] if started else self.code.co_firstlineno

    @cached_property
    def handles_exceptions(self) -> bool:
        """Whether it has a `try` statement, or what compiles to one."""
        if HAS_TABLE:
            return bool(self.handlers)
        return any(each.opname == "SETUP_FINALLY" for each in self.instructions.values())

    @cached_property
    def is_entered_by_trampoline(self) -> bool:
        """Whether the translator can take it only as the callee of a function without handlers."""
        return (
            self.handles_exceptions
            and not self.code.co_flags & _GENERATOR
            and (self.concerns_imports or self.names_import_errors)
            and _UNSUPPORTED.isdisjoint(each.opname for each in self.instructions.values())
        )

    def handler_at(self, offset: int) -> Handler | None:
        """The innermost handler of an exception raised by the instruction at `offset`."""
        return next((each for each in self.handlers if each.start <= offset < each.end), None)

    def is_protected(self, offset: int) -> bool:
        """Whether code of the user's would see an exception raised at `offset`.

        A handler that only puts variables back and raises again, as the compiler adds to
        comprehensions and to `except … as …`, sees nothing.
        """
        seen = set()
        handler = self.handler_at(offset)
        while handler is not None and handler.target not in seen:
            if self.instructions[handler.target].opname == "PUSH_EXC_INFO":
                return True
            seen.add(handler.target)
            handler = self.handler_at(handler.target)
        return False

    def only_unbinds(self, offset: int) -> bool:
        """Whether the handler at `offset`, before Python 3.11, is what `except … as name` adds."""
        names = [each.opname for at, each in self.instructions.items() if at >= offset][:4]
        return (
            len(names) == 4
            and names[0] == "LOAD_CONST"
            and names[1].startswith("STORE_")
            and names[2].startswith("DELETE_")
            and names[3] == "RERAISE"
        )

    @staticmethod
    def of(code: CodeType) -> Code:
        """The one `Code` of a code object."""
        found = _codes.get(code)
        if found is None:
            found = _codes[code] = Code(code)
        return found


# Equal code objects, which may stand in different files, are alike in all that is asked here.
_codes: dict[CodeType, Code] = {}


def _parse(table: bytes) -> Iterator[Handler]:
    """Reads CPython's table of variable-length numbers (Objects/exception_handling_notes.txt)."""
    numbers = iter(table)

    def number(first: int) -> int:
        value = first & 63
        while first & 64:
            first = next(numbers)
            value = value << 6 | first & 63
        return value

    for first in numbers:
        start, length, target, depth = (
            number(first) * 2,
            *(number(next(numbers)) * 2 for _ in range(2)),
            number(next(numbers)),
        )
        yield Handler(start, start + length, target, depth >> 1, bool(depth & 1))
