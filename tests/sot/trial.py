"""One form in one process: what its calls give, log and leave behind."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import Any

NATIVE, STOCK, MENDED = "native", "stock", "mended"
CALLS = 4


def run(folder: str, form: str, mode: str, environment: dict[str, str] | None = None) -> list[dict]:
    """Calls the function of a form of the package in `folder` CALLS times; one record a call.

    A record has the result or the exception, the log, the globals of the form's module, the
    modules of the sample package in sys.modules, and the number of graphs that ran.
    """
    os.environ["MIN_GRAPH_SIZE"] = "0"  # smaller graphs run eagerly, which would prove nothing
    os.environ.update(environment or {})
    import paddle

    gc.freeze()  # Paddle collects garbage after each translation, which costs most of the time

    paddle.seed(1)
    if mode == MENDED:
        from paddlemend.sot import installation

        installation.install()
    from paddle.jit.sot import symbolic_translate

    sys.path.insert(0, folder)
    module = __import__(f"formpkg.forms.{form}", fromlist=["f"])
    function = module.make() if hasattr(module, "make") else module.f
    before = getattr(module, "before", lambda number: None)
    arguments = getattr(module, "arguments", lambda: ())
    translated = function if mode == NATIVE else symbolic_translate(function)
    graphs = Counter()
    records = []
    for number in range(CALLS):
        before(number)
        values = [paddle.to_tensor([1.0, 2.0]), *arguments()]
        start = graphs.count
        record = _call(translated, values)
        record["graphs"] = graphs.count - start
        record["log"] = list(sys.modules["formpkg.log"].LOG) if "formpkg.log" in sys.modules else []
        record["globals"] = _globals(module)
        record["modules"] = _modules()
        records.append(_without(folder, record))
    return records


class Counter:
    """Counts the graphs that run from now on."""

    def __init__(self) -> None:
        from paddle.jit.sot.symbolic import compile_cache

        self.count = 0
        call = compile_cache.FallbackWrapper.__call__

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            return call(*args, **kwargs)

        compile_cache.FallbackWrapper.__call__ = counted


def _call(function: Callable, values: list) -> dict[str, Any]:
    try:
        return {"result": plain(function(*values))}
    except Exception as error:
        return {"error": described(error)}


def described(error: BaseException | None) -> Any:
    """An exception with all that a program can see of it but its traceback."""
    if error is None:
        return None
    return (
        type(error).__name__,
        str(error),
        getattr(error, "name", None),
        getattr(error, "path", None),
        described(error.__cause__),
        error.__suppress_context__,
    )


def plain(value: Any) -> Any:
    """A value that pickles and compares: tensors as lists, modules by name."""
    if hasattr(value, "numpy"):
        return plain(value.numpy().tolist())
    if isinstance(value, float):
        return repr(value)  # NaN is to equal NaN
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, BaseException):
        return described(value)
    if isinstance(value, type(sys)):
        return f"module {value.__name__}"
    return value if isinstance(value, (int, str, type(None))) else type(value).__name__


def _globals(module: Any) -> dict[str, Any]:
    """The form's globals without what Paddle's translator and tests put beside them."""
    return {
        name: plain(value)
        for name, value in vars(module).items()
        if not name.startswith(("_", "object_", "$")) and not callable(value)
    }


def _without(folder: str, value: Any) -> Any:
    """A record that names no folder, so that those of two folders compare."""
    if isinstance(value, dict):
        return {key: _without(folder, each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without(folder, each) for each in value]
    return value.replace(folder, "FOLDER") if isinstance(value, str) else value


def _modules() -> list[str]:
    return sorted(
        name for name, module in sys.modules.items() if name.startswith(("formpkg", "virtual_"))
    )
