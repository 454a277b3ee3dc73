"""Reads the pages of docs/: the files that they show, their commands and what those print."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_PART = re.compile(
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$|^!\[\w+\]\(pictures/(?P<picture>\w+)\.svg\)$",
    re.MULTILINE | re.DOTALL,
)
_FILE_NAME = re.compile(r"(?:#|//) (\S+\.\w+)\n")


@dataclass
class Step:
    """Files to write, then commands to run, and what they print.

    Attributes:
      files: name -> text.
      commands: shell lines.
      printed: texts, each of which is part of the output.
      picture: the name of the picture of the output, if there is one.
    """

    files: dict[str, str] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)
    picture: str = ""


def read_steps(page: Path) -> list[Step]:
    """The steps of a page. A step ends before the next files or commands that follow commands.

    A ```console block is set-up that depends on the machine: it is left out.
    """
    steps = [Step()]
    for part in _PART.finditer(page.read_text(encoding="utf-8")):
        language, text = part["language"], part["text"]
        if language in ("sh", "python", "cpp") and steps[-1].commands:
            steps.append(Step())
        step = steps[-1]
        if part["picture"]:
            step.picture = part["picture"]
        elif language == "sh":
            step.commands = text.splitlines()
        elif language in ("python", "cpp"):
            name = _FILE_NAME.match(text)
            if not name:
                raise ValueError(f"{page}: {text[:40]!r} …; expected the name of the file first")
            step.files[name[1]] = text
        elif language == "text":
            step.printed = text.splitlines()
        elif language != "console":
            raise ValueError(f"{page}: a block of {language!r}; expected sh, text, console, …")
    return steps
