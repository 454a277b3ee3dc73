"""Functions of Paddle that run other code.

Such a function stays the object that it is: each of its aliases, and each reference that a program
took before install(), runs the new code, and SOT and full graph know it for the Paddle API that it
is.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType, ModuleType


class Redirect:
    """`function` of Paddle, which runs the code of `replacement` while it is on.

    `replacement` takes the parameters of `function`, reads no name of its own module (it runs with
    those of Paddle's: it imports what it calls) and calls `stock` for the function as it was.
    """

    def __init__(self, function: FunctionType, replacement: FunctionType) -> None:
        self._function = function
        code = function.__code__
        self.stock = FunctionType(
            code, function.__globals__, code.co_name, function.__defaults__, function.__closure__
        )
        self.stock.__kwdefaults__ = function.__kwdefaults__
        # Python demands as many names of a closure as before; none of them is read.
        self._code = replacement.__code__.replace(
            co_freevars=code.co_freevars, co_filename=code.co_filename, co_name=code.co_name
        )

    def set_on(self, on: bool) -> None:
        """Has the function run the new code or its own."""
        self._function.__code__ = self._code if on else self.stock.__code__


class AttributeRedirect:
    """A function of Paddle that is not Python: `replacement` takes its place in `holder`.

    `replacement` calls `stock` for the function as it was.
    """

    def __init__(self, holder: ModuleType, name: str, replacement: Callable) -> None:
        self._holder = holder
        self._name = name
        self._replacement = replacement
        self.stock = getattr(holder, name)

    def set_on(self, on: bool) -> None:
        """Has the name mean the replacement or the function as it was."""
        setattr(self._holder, self._name, self._replacement if on else self.stock)
