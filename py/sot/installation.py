"""install() and uninstall() of the import handlers."""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from types import ModuleType

from paddlemend.import_hook import when_imported
from paddlemend.sot.patches import Patches

_SOT = "paddle.jit.sot"
_PARTS = (
    "opcodes",
    "calls",
    "module_table",
    "scopes",
    "cached_functions",
    "corrections",
    "translation",
    "entry",
)

_lock = threading.Lock()
_wanted = False
_awaited = False
_patches: Patches | None = None
_refusal = ""


def install() -> None:
    """Has the SOT of this process translate import statements. Again, it changes nothing.

    Paddle imports SOT at its first use: the handlers follow then. Functions that were translated
    before are translated anew.
    """
    global _wanted, _awaited
    with _lock:
        _wanted = True
        if _SOT in sys.modules:
            _apply()
        elif not _awaited:
            _awaited = True
            when_imported(_SOT, _sot_imported)


def uninstall() -> None:
    """Gives the translator back as it was; what has been translated is translated anew."""
    global _wanted, _patches
    with _lock:
        _wanted = False
        if _patches is not None:
            _patches.undo()
            _patches = None
            _forget_translations()


def state() -> str:
    """Whether it is "on" or "off"; or "off: " and why it is in spite of `install()`."""
    if not _wanted:
        return "off"
    return f"off: {_refusal}" if _refusal else "on"


def _sot_imported(_: ModuleType) -> None:
    with _lock:
        if _wanted:
            _apply()


def _apply() -> None:
    """Patches the translator; one that is not as in Paddle 3.0 to 3.3 is left as it is."""
    global _patches, _refusal
    if _patches is not None:
        return
    patches = Patches()
    try:
        for name in _PARTS:
            importlib.import_module(f"paddlemend.sot.{name}").install(patches)
    except (ImportError, AttributeError) as error:
        patches.undo()
        _refusal = f"this Paddle's translator is another: {error}"
        message = f"paddlemend leaves SOT as it is: {_refusal}"
        warnings.warn(message, RuntimeWarning, stacklevel=4)
        return
    _patches = patches
    _forget_translations()


def _forget_translations() -> None:
    """Clears Paddle's cache: what it holds was translated with other handlers."""
    cache = sys.modules[f"{_SOT}.opcode_translator.executor.executor_cache"]
    cache.OpcodeExecutorCache().clear()
