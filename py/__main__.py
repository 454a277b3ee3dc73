"""`python -m paddlemend`: see `--help`."""

from __future__ import annotations

from paddlemend.cli import app

app(prog_name="python -m paddlemend")
