"""Makes the pictures of docs/: what the commands of the pages print, as SVG.

./bazelw run //tests/docs:make_pictures
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from pages import read_steps
from rich.console import Console
from rich.text import Text

PAGES = ["first_hour.md"]


def main() -> None:
    docs = Path(os.environ["BUILD_WORKSPACE_DIRECTORY"]) / "docs"
    for page in PAGES:
        for step in read_steps(docs / page):
            if step.picture:
                command = step.commands[-1]
                write_svg(command, printed_by(command), docs / f"pictures/{step.picture}.svg")


def printed_by(command: str) -> str:
    """What a `python -m …` line prints, with the packages of this program; their place is an
    environment's, as readers have it."""
    printed = subprocess.run(
        ["sh", "-c", command.replace("python", sys.executable, 1)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    ).stdout
    return re.sub(r"\S+(?=/paddlemend/lib/)", ".venv/lib/python3.11/site-packages", printed)


def write_svg(command: str, text: str, path: Path) -> None:
    """A picture of a terminal as wide as the longest line; equal texts make equal files."""
    lines = [f"$ {command}", *(line.rstrip() for line in text.splitlines())]
    width = max(80, *(len(line) for line in lines[1:]))
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=width, file=nowhere)
        console.print(Text("\n".join(lines)))
    path.parent.mkdir(exist_ok=True)
    console.save_svg(str(path), title=path.stem, unique_id=path.stem)
    print(path)


if __name__ == "__main__":
    main()
