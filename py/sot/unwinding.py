"""Exceptions inside a translated frame: from where they are raised to the handler that has them.

Python 3.11 and later find handlers in a table of the code object, earlier ones on a stack of
blocks. Values are the translator's variables; an exception's stands for its type, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from paddlemend.sot.bytecode import HAS_TABLE, Code
from paddlemend.sot.captured import Captured

Target = TypeVar("Target")


class Stack(Protocol):
    """A value stack."""

    def push(self, value: Any) -> None: ...

    def pop(self) -> Any: ...

    def __len__(self) -> int: ...


@dataclass
class Block(Generic[Target]):
    """An entry of the block stack of Python 3.10 and earlier; without target, a running handler."""

    target: Target | None
    depth: int


@dataclass
class Handling(Generic[Target]):
    """The exceptions of one frame: `handled` are those whose handlers run, the innermost last.

    `constant` makes a variable of a constant; `has_adopted` says that Paddle had `blocks` first.
    """

    code: Code
    constant: Callable[[Any], Any]
    handled: list[Any] = field(default_factory=list)
    blocks: list[Block[Target]] = field(default_factory=list)
    has_adopted: bool = False

    def is_protected(self, offset: int) -> bool:
        """Whether a handler of the program would see an exception raised at `offset` now."""
        if HAS_TABLE:
            return self.code.is_protected(offset)
        targets = [block.target for block in self.blocks if block.target is not None]
        return not all(self.code.only_unbinds(getattr(each, "offset", each)) for each in targets)

    # Python 3.11 and later -----------------------------------------------------------------------

    def catch_by_table(self, offset: int, captured: Captured, stack: Stack) -> int | None:
        """The offset where the frame goes on after an exception at `offset`, None if nowhere."""
        handler = self.code.handler_at(offset)
        if handler is None:
            return None
        while len(stack) > handler.depth:
            stack.pop()
        if handler.keeps_position:
            stack.push(self.constant(offset))
        stack.push(captured.variable)
        return handler.target

    def push_exc_info(self, stack: Stack) -> None:
        error = stack.pop()
        stack.push(self.handled[-1] if self.handled else self.constant(None))
        self.handled.append(error)
        stack.push(error)

    def pop_except(self, stack: Stack) -> None:
        stack.pop()
        self.handled.pop()

    # Python 3.10 and earlier ---------------------------------------------------------------------

    def catch_by_blocks(self, captured: Captured, stack: Stack) -> Target | None:
        """Where the frame goes on after an exception, None if nowhere."""
        while self.blocks:
            block = self.blocks.pop()
            while len(stack) > block.depth:
                stack.pop()
            if block.target is None:
                self.handled.pop()
                continue
            old = self.handled[-1] if self.handled else self.constant(None)
            self.blocks.append(Block(None, len(stack)))
            for variable in (self.constant(None), old, old):
                stack.push(variable)
            for variable in (self.constant(None), captured.variable, captured.variable):
                stack.push(variable)
            self.handled.append(captured.variable)
            return block.target
        return None

    def setup_finally(self, target: Target, stack: Stack) -> None:
        self.blocks.append(Block(target, len(stack)))

    def pop_block(self) -> None:
        self.blocks.pop()

    def pop_except_block(self, stack: Stack) -> None:
        self.blocks.pop()
        self.handled.pop()
        for _ in range(3):
            stack.pop()


def matches(error: BaseException, expected: Any) -> bool | None:
    """Whether `except expected` takes `error`; None if `expected` is no exception type."""
    kinds = expected if isinstance(expected, tuple) else (expected,)
    if not all(isinstance(kind, type) and issubclass(kind, BaseException) for kind in kinds):
        return None
    return any(kind in type(error).__mro__ for kind in kinds)
