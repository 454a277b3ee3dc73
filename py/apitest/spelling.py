"""PaddleAPITest's spelling of the command line, so that its commands run here unchanged.

--api_config_file=FILE --accuracy=True      is      accuracy --api-config-file=FILE
"""

from __future__ import annotations

from collections.abc import Sequence

import typer
from paddlemend.apitest.worker import MODES, STABLE

# Options with another name there; a mode is a flag there.
_OTHER_NAMES = {"--random-seed": "--seed"}
_MODE_FLAGS = {f"--{mode}": mode for mode in MODES} | {"--accuracy-stable": STABLE}

_TRUE = frozenset({"true", "1", "yes", "y"})
_FALSE = frozenset({"false", "0", "no", "n"})


def in_our_spelling(arguments: Sequence[str]) -> list[str]:
    """The arguments with dashes in option names and the mode as the first word.

    Raises BadParameter if they name no mode, or two.
    """
    modes: list[str] = []
    words: list[str] = []
    waiting = list(arguments)
    while waiting:
        name, equals, value = waiting.pop(0).partition("=")
        if name.startswith("--"):
            name = name.replace("_", "-")
            name = _OTHER_NAMES.get(name, name)
        if name in _MODE_FLAGS:
            if not equals and waiting and waiting[0].lower() in _TRUE | _FALSE:
                value = waiting.pop(0)
            if _is_true(name, value or "true"):
                modes.append(_MODE_FLAGS[name])
        else:
            words.append(name + equals + value)
    command = bool(words) and not words[0].startswith("-")
    named = modes + words[:1] if command else modes
    if len(named) > 1:
        raise typer.BadParameter(f"two modes at once: {named[0]} and {named[1]}")
    if arguments and not named and "--help" not in words:
        raise typer.BadParameter(f"no mode is named; these are: {', '.join(MODES)}")
    return modes + words


def _is_true(name: str, text: str) -> bool:
    if text.lower() not in _TRUE | _FALSE:
        raise typer.BadParameter(f"{name} is True or False, not {text!r}")
    return text.lower() in _TRUE
