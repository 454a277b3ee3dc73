"""APIs that Paddle has in dygraph only: SOT leaves the graph at them instead of raising.

Such a call in a function that SOT translates fails in stock Paddle, because SOT takes every public
function for one that static programs have. Its own lists of exceptions say otherwise.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable
from types import ModuleType

from paddlemend.catalogue import Operator
from paddlemend.import_hook import when_imported

_CONFIG = "paddle.jit.sot.utils.paddle_api_config"
_METHOD = "paddle.Tensor."

_paths: set[str] = set()
_waiting = False


def add(operators: Iterable[Operator]) -> None:
    """Has SOT break the graph at the APIs of the operators that are dygraph_only.

    SOT is not imported for it, which takes a second: its lists are changed when it is.
    """
    global _waiting
    for operator in operators:
        if operator.dygraph_only:
            _paths.update(path for api in operator.apis for path in api.paths)
    if _CONFIG in sys.modules:
        _fill_lists(sys.modules[_CONFIG])
    elif _paths and not _waiting:
        when_imported(_CONFIG, _fill_lists)
        _waiting = True


def clear() -> None:
    """Gives SOT's lists back as they were."""
    if _CONFIG in sys.modules:
        functions, methods = _lists(sys.modules[_CONFIG])
        for path in _paths:
            functions.discard(_resolve(path))
            methods.discard(path.removeprefix(_METHOD))
    _paths.clear()


def _fill_lists(config: ModuleType) -> None:
    functions, methods = _lists(config)
    for path in _paths:
        functions.add(_resolve(path))
        if path.startswith(_METHOD):
            methods.add(path.removeprefix(_METHOD))


def _lists(config: ModuleType) -> tuple[set, set]:
    """Functions, and names of tensor methods, at which SOT breaks the graph."""
    name = (
        "break_graph_functions" if hasattr(config, "break_graph_functions") else "break_graph_set"
    )
    return getattr(config, name), config.break_graph_tensor_method


def _resolve(path: str) -> object:
    first, *names = path.split(".")
    return functools.reduce(getattr, names, sys.modules[first])
