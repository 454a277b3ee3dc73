"""Functions that import, in programs with several threads.

Paddle compiles in static mode, which is one for the whole process: an operation that another thread
runs meanwhile is recorded instead of carried out. And a graph that runs in two threads at once
gives one the values of the other. Dygraph, in which functions with imports ran before, does
neither. So they are translated only while no other thread can compute anything, and their graphs
run in one thread at a time.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import paddle
from paddle.jit.sot.symbolic import compile_cache
from paddle.jit.sot.utils import StepInfoManager
from paddlemend.sot import finders
from paddlemend.sot.patches import Patches

# A thread that only runs code of these waits, reads or reports: a data loader, a notebook's server.
_INSTALLED = (*finders.INSTALLED, os.path.dirname(paddle.__file__) + os.sep, "<frozen ")

_callers: set[int] = set()  # of functions that import: they compute, whatever their code is


class NotAlone(BaseException):
    """Another thread may compute: the interpreter is to run the frame that is being translated.

    Derived from BaseException so that no `except Exception` of the translator stops it.
    """


def install(patches: Patches, is_ours: Callable[[], bool]) -> None:
    """Has graphs run one at a time that are made while `is_ours` is true."""

    def mark(stock: Callable[..., Any], cache: Any, /, *args: Any, **kwargs: Any) -> Any:
        graph = stock(cache, *args, **kwargs)
        if is_ours() and type(graph) is compile_cache.FallbackWrapper:
            graph.__class__ = _OneAtATime
        return graph

    patches.wrap(compile_cache.CompileSIRCache, "__call__", mark)
    patches.set(StepInfoManager, "need_back_trace", property(_needs_back_trace))


def _needs_back_trace(manager: Any) -> bool:
    """As in Paddle 3.3; in 3.0, a thread whose call ends takes the step away from the others."""
    step = manager.current_step_info
    return step is not None and step.need_back_trace()


def note_caller() -> None:
    """This thread calls functions that import."""
    _callers.add(threading.get_ident())


def is_alone() -> bool:
    """Whether no other thread runs code of the program's, or calls functions that import."""
    others = sys._current_frames()
    del others[threading.get_ident()]
    _callers.intersection_update((*others, threading.get_ident()))
    return not any(each in _callers or _is_programs(frame) for each, frame in others.items())


def _is_programs(frame: FrameType | None) -> bool:
    while frame is not None:
        if not frame.f_code.co_filename.startswith(_INSTALLED):
            return True
        frame = frame.f_back
    return False


class _OneAtATime(compile_cache.FallbackWrapper):
    """A graph of a function that imports."""

    _running = threading.RLock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        note_caller()
        with self._running:
            return super().__call__(*args, **kwargs)
