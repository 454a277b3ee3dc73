"""install() and uninstall() of the import handlers."""

from __future__ import annotations

import importlib
import sys
import threading

from paddlemend.sot.patches import Patches

_lock = threading.Lock()
_patches: Patches | None = None


def install() -> None:
    """Has the SOT of this process translate import statements. Again, it changes nothing.

    Functions that were translated before keep what they have until `uninstall()` clears it.

    Raises ImportError where Paddle, or the translator in it, is not as in 3.0 to 3.3.
    """
    global _patches
    with _lock:
        if _patches is not None:
            return
        patches = Patches()
        try:
            for name in ("opcodes", "calls", "translation", "entry"):
                importlib.import_module(f"paddlemend.sot.{name}").install(patches)
            _forget_translations()
        except BaseException:
            patches.undo()
            raise
        _patches = patches


def uninstall() -> None:
    """Gives the translator back as it was; what has been translated is translated anew."""
    global _patches
    with _lock:
        if _patches is not None:
            _patches.undo()
            _patches = None
            _forget_translations()


def is_installed() -> bool:
    """Whether import statements are translated in this process."""
    return _patches is not None


def _forget_translations() -> None:
    """Clears Paddle's cache: what it holds was translated with other handlers."""
    cache = sys.modules["paddle.jit.sot.opcode_translator.executor.executor_cache"]
    cache.OpcodeExecutorCache().clear()
