"""Functions with exception handlers, which Paddle's frame hook refuses on Python 3.11 and later.

A function that has none calls them, so that they are translated as its callees.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import CodeType, MethodType, TracebackType
from typing import Any

from paddle.jit.sot import translate as paddle_translate
from paddlemend.redirect import Redirect
from paddlemend.sot import translation
from paddlemend.sot.bytecode import Code
from paddlemend.sot.patches import Patches

_GRAPHS = paddle_translate.__file__.rpartition("translate")[0] + "symbolic"
_numbers = itertools.count()
_codes: dict[CodeType, CodeType] = {}


def install(patches: Patches) -> None:
    """Makes `symbolic_translate` take functions with handlers."""
    redirect = Redirect(paddle_translate.symbolic_translate, _delegate)
    patches.set(paddle_translate, "_paddlemend_symbolic_translate", _entry_for(redirect.stock))
    redirect.set_on(True)
    patches.on_undo(lambda: redirect.set_on(False))


def _delegate(fn, **kwargs):  # type: ignore[no-untyped-def]
    return _paddlemend_symbolic_translate(fn, **kwargs)  # type: ignore[name-defined]  # noqa: F821


def _entry_for(stock: Callable[..., Any]) -> Callable[..., Any]:
    def symbolic_translate(fn: Any, **kwargs: Any) -> Any:
        code = getattr(fn, "__code__", None)
        if isinstance(code, CodeType) and Code.of(code).is_entered_by_trampoline:
            return _enter_by_trampoline(stock, fn, kwargs)
        return stock(fn, **kwargs)

    return symbolic_translate


def _enter_by_trampoline(stock: Callable[..., Any], fn: Any, kwargs: dict[str, Any]) -> Any:
    bound = (fn.__self__,) if isinstance(fn, MethodType) else ()
    function = fn.__func__ if bound else fn
    run = stock(_trampoline(function), **kwargs)

    def translated(*args: Any, **kwargs: Any) -> Any:
        try:
            return run(*bound, *args, **kwargs)
        except Exception as error:
            if not _graph_failed(error.__traceback__, function.__code__):
                raise
        return fn(*args, **kwargs)  # nothing has been changed yet: the handlers shall see it

    return translated


def _trampoline(function: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    code = _codes.get(function.__code__)
    if code is None:
        like = function.__code__
        code = call.__code__.replace(
            co_name=like.co_name,
            co_filename=like.co_filename,
            co_firstlineno=like.co_firstlineno,
            # Code objects are compared by value: a constant keeps this one apart from others.
            co_consts=(*call.__code__.co_consts, f"paddlemend {next(_numbers)}"),
        )
        _codes[like] = code
        translation.trampolines.add(code)
    call.__code__ = code
    return call


def _graph_failed(traceback: TracebackType | None, code: CodeType) -> bool:
    """Whether an error came out of a graph that was called in place of a function's own code."""
    in_graph = False
    while traceback is not None:
        running = traceback.tb_frame.f_code
        if running == code:
            return False
        in_graph = in_graph or running.co_filename.startswith(_GRAPHS)
        traceback = traceback.tb_next
    return in_graph
