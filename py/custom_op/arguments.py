"""A check of arguments that setup() and load() have in common."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any


def check_lists(arguments: Mapping[str, Any]) -> None:
    """Raises TypeError if one of the arguments, name -> value, is a text or a path, which Python
    would take for the list of its letters."""
    for name, value in arguments.items():
        if isinstance(value, (str, bytes, os.PathLike)):
            raise TypeError(f"{name} is {value!r}, expected a list")
