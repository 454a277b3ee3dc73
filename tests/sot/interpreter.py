"""A small interpreter of bytecode that runs imports and exceptions by the code under test.

It shows that the opcode logic agrees with the bytecode which this Python emits, 3.14 included, for
which there is no Paddle. Values are themselves; of other opcodes it has what the tests need.
"""

from __future__ import annotations

import builtins
import dis
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from paddlemend.sot import statements, unwinding
from paddlemend.sot.bytecode import HAS_TABLE, Code
from paddlemend.sot.captured import Captured
from paddlemend.sot.checks import Answer, Check
from paddlemend.sot.place import Place


class Broke(Exception):
    """The logic asked for a graph break or for the interpreter."""


class RecordingHost(statements.Host):
    """Keeps the checks; nothing is pending."""

    def __init__(self) -> None:
        self.checks: list[Check] = []
        self.pending = False

    def require(self, check: Check) -> None:
        self.checks.append(check)

    def break_graph(self, reason: str) -> Exception:
        return Broke(reason)

    fall_back = break_graph

    def raise_error(self, error: Exception) -> BaseException:
        return Captured(error, error)

    def has_pending_effects(self) -> bool:
        return self.pending

    def has_pending_changes_of(self, objects: Sequence[Any]) -> bool:
        return False

    def forget_reads(self) -> None:
        pass

    def note_answer(self, module: Any, names: Sequence[str], answer: Answer, check: Check) -> None:
        pass

    def fail_import(self, names: Sequence[str], error: BaseException) -> Exception:
        return Broke(f"{names[0]} raised {error!r}")

    def place(self) -> Place:
        return Place(RecordingHost.place.__code__, 1, globals())

    def watch_reads(self) -> Callable[[], None]:
        return lambda: None

    def frame(self) -> Any:
        return None

    def is_standard(self) -> bool:
        return True

    def require_package(self) -> None:
        pass


class Stack(list):
    """A list with the translator's names."""

    push = list.append


class Interpreter:
    """Runs one function without arguments."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.code = function.__code__
        self.globals = function.__globals__
        self.host = RecordingHost()
        self.stack = Stack()
        self.variables: dict[str, Any] = {}
        self.handling = unwinding.Handling(Code.of(self.code), lambda value: value)
        self.instructions = [
            each for each in dis.get_instructions(self.code) if each.opname != "EXTENDED_ARG"
        ]
        self.position = 0

    def run(self) -> Any:
        """What the function returns; raises what it raises, or Broke."""
        while True:
            instruction = self.instructions[self.position]
            self.position += 1
            if instruction.opname in ("RETURN_VALUE", "RETURN_CONST"):
                is_constant = instruction.opname == "RETURN_CONST"
                return instruction.argval if is_constant else self.stack.pop()
            try:
                getattr(self, instruction.opname)(instruction)
            except Captured as captured:
                self._catch(instruction.offset, captured)

    def _catch(self, offset: int, captured: Captured) -> None:
        if HAS_TABLE:
            target = self.handling.catch_by_table(offset, captured, self.stack)
        else:
            target = self.handling.catch_by_blocks(captured, self.stack)
        if target is None:
            raise captured.error
        self._jump(target)

    def _jump(self, offset: int) -> None:
        self.position = next(
            index for index, each in enumerate(self.instructions) if each.offset >= offset
        )

    # Imports and exceptions --------------------------------------------------------------------

    def IMPORT_NAME(self, instruction: dis.Instruction) -> None:
        fromlist, level = self.stack.pop(), self.stack.pop()
        imported = statements.import_name(
            self.host, dict(self.globals), instruction.argval, fromlist, level
        )
        self.taken: Mapping[str, Any] = imported.taken
        self.stack.push(imported.module)

    def IMPORT_FROM(self, instruction: dis.Instruction) -> None:
        name = instruction.argval
        if name in self.taken:
            self.stack.push(self.taken[name])
        else:
            self.stack.push(statements.import_from(self.host, self.stack[-1], name))

    def PUSH_EXC_INFO(self, instruction: dis.Instruction) -> None:
        self.handling.push_exc_info(self.stack)

    def CHECK_EXC_MATCH(self, instruction: dis.Instruction) -> None:
        expected = self.stack.pop()
        self.stack.push(unwinding.matches(self.stack[-1], expected))

    def JUMP_IF_NOT_EXC_MATCH(self, instruction: dis.Instruction) -> None:
        expected, error = self.stack.pop(), self.stack.pop()
        if not unwinding.matches(error, expected):
            self._jump(instruction.argval)

    def POP_EXCEPT(self, instruction: dis.Instruction) -> None:
        if HAS_TABLE:
            self.handling.pop_except(self.stack)
        else:
            self.handling.pop_except_block(self.stack)

    def RERAISE(self, instruction: dis.Instruction) -> None:
        error = self.stack.pop()
        if not HAS_TABLE:
            error = self.stack.pop()
            self.stack.pop()
        raise Captured(error, error)

    def SETUP_FINALLY(self, instruction: dis.Instruction) -> None:
        self.handling.setup_finally(instruction.argval, self.stack)

    def POP_BLOCK(self, instruction: dis.Instruction) -> None:
        self.handling.pop_block()

    # The rest ------------------------------------------------------------------------------------

    def NOP(self, instruction: dis.Instruction) -> None:
        pass

    RESUME = PRECALL = CACHE = NOT_TAKEN = NOP
    JUMP_BACKWARD_NO_INTERRUPT = TO_BOOL = NOP

    def LOAD_CONST(self, instruction: dis.Instruction) -> None:
        self.stack.push(instruction.argval)

    LOAD_SMALL_INT = LOAD_CONST

    def STORE_FAST(self, instruction: dis.Instruction) -> None:
        self.variables[instruction.argval] = self.stack.pop()

    def LOAD_FAST(self, instruction: dis.Instruction) -> None:
        self.stack.push(self.variables[instruction.argval])

    LOAD_FAST_CHECK = LOAD_FAST_BORROW = LOAD_FAST

    def LOAD_FAST_LOAD_FAST(self, instruction: dis.Instruction) -> None:
        self.stack += [self.variables[name] for name in instruction.argval]

    LOAD_FAST_BORROW_LOAD_FAST_BORROW = LOAD_FAST_LOAD_FAST

    def STORE_FAST_STORE_FAST(self, instruction: dis.Instruction) -> None:
        for name in instruction.argval:
            self.variables[name] = self.stack.pop()

    def STORE_FAST_LOAD_FAST(self, instruction: dis.Instruction) -> None:
        first, second = instruction.argval
        self.variables[first] = self.stack.pop()
        self.stack.push(self.variables[second])

    def DELETE_FAST(self, instruction: dis.Instruction) -> None:
        del self.variables[instruction.argval]

    def LOAD_GLOBAL(self, instruction: dis.Instruction) -> None:
        name = instruction.argval
        self.stack.push(self.globals.get(name, getattr(builtins, name, None)))

    def LOAD_ATTR(self, instruction: dis.Instruction) -> None:
        self.stack.push(getattr(self.stack.pop(), instruction.argval))

    def BUILD_TUPLE(self, instruction: dis.Instruction) -> None:
        values = [self.stack.pop() for _ in range(instruction.arg)]
        self.stack.push(tuple(reversed(values)))

    def BINARY_ADD(self, instruction: dis.Instruction) -> None:
        right, left = self.stack.pop(), self.stack.pop()
        self.stack.push(operator.add(left, right))

    BINARY_OP = BINARY_ADD

    def POP_TOP(self, instruction: dis.Instruction) -> None:
        self.stack.pop()

    def COPY(self, instruction: dis.Instruction) -> None:
        self.stack.push(self.stack[-instruction.arg])

    def DUP_TOP(self, instruction: dis.Instruction) -> None:
        self.stack.push(self.stack[-1])

    def SWAP(self, instruction: dis.Instruction) -> None:
        at = -instruction.arg
        self.stack[-1], self.stack[at] = self.stack[at], self.stack[-1]

    def ROT_TWO(self, instruction: dis.Instruction) -> None:
        self.stack.insert(-1, self.stack.pop())

    def ROT_THREE(self, instruction: dis.Instruction) -> None:
        self.stack.insert(-2, self.stack.pop())

    def ROT_FOUR(self, instruction: dis.Instruction) -> None:
        self.stack.insert(-3, self.stack.pop())

    def JUMP_FORWARD(self, instruction: dis.Instruction) -> None:
        self._jump(instruction.argval)

    JUMP_ABSOLUTE = JUMP_BACKWARD = JUMP_FORWARD

    def POP_JUMP_IF_FALSE(self, instruction: dis.Instruction) -> None:
        if not self.stack.pop():
            self._jump(instruction.argval)

    POP_JUMP_FORWARD_IF_FALSE = POP_JUMP_IF_FALSE

    def POP_JUMP_IF_TRUE(self, instruction: dis.Instruction) -> None:
        if self.stack.pop():
            self._jump(instruction.argval)

    POP_JUMP_FORWARD_IF_TRUE = POP_JUMP_IF_TRUE
