"""What goes wrong in a build."""

from __future__ import annotations


class BuildError(RuntimeError):
    """An operator cannot be built; the text ends with what the compiler said, if it was asked."""
