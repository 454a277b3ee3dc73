"""Runs a plan: with ninja, which rebuilds what changed, or without."""

from __future__ import annotations

import concurrent.futures
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from paddlemend.custom_op import toolchain
from paddlemend.custom_op.errors import BuildError
from paddlemend.custom_op.plan import Plan, Step

_FILE = "build.ninja"

_HEADER = """\
ninja_required_version = 1.5
rule compile
  command = $words
  depfile = $out.d
  deps = gcc
  description = $label
rule link
  command = $words
  description = link $label
rule link_listed
  command = $words
  rspfile = $out.inputs
  rspfile_content = $listed
  description = link $label
"""


def run(plan: Plan, folder: Path) -> Path:
    """Makes what is out of date of the plan in `folder`; returns the library.

    The commands run in the current folder. Raises BuildError; its text ends with what the compiler
    or the linker said.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ninja = shutil.which("ninja")
    if ninja:
        _run_ninja(ninja, plan, folder)
    else:
        print(
            "ninja is not on PATH: every source is compiled; `pip install ninja` for builds that "
            "compile what changed",
            flush=True,
        )
        _run_threads(plan)
    return plan.library


def _run_ninja(ninja: str, plan: Plan, folder: Path) -> None:
    file = folder / _FILE
    file.write_text(ninja_file(plan, folder), encoding="utf-8", errors="surrogateescape")
    # In the current folder, to which the user's flags are relative.
    command = [ninja, "-f", str(file), f"-j{toolchain.max_jobs()}"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    lines: list[str] = []
    with process:
        for line in process.stdout:
            failed = bool(lines) or line.startswith(("FAILED:", "ninja: error", "ninja: fatal"))
            if failed:
                lines.append(line)
            elif not line.startswith("ninja: "):
                print(line, end="", flush=True)
    if process.returncode:
        raise BuildError(_ninja_failure(lines))


def ninja_file(plan: Plan, folder: Path) -> str:
    """The plan in ninja's language; ninja keeps its log in `folder`."""
    text = [f"builddir = {_path(str(folder))}", _HEADER]
    for step in plan.compile:
        text += _ninja_step(step, "compile", {"words": step.command})
    for step in plan.link[:-1]:
        text += _ninja_step(step, "link", {"words": step.command})
    if plan.link:
        # A shell takes a command of 128 KiB at most: the objects stand in a file.
        step = plan.link[-1]
        inputs = frozenset(step.inputs)
        listed = [word for word in step.command if word in inputs]
        first = step.command.index(listed[0])
        others = [word for word in step.command if word not in inputs]
        words = [*others[:first], f"@{step.output}.inputs", *others[first:]]
        text += _ninja_step(step, "link_listed", {"words": words, "listed": listed})
    return "\n".join(text) + "\n"


def _ninja_step(step: Step, rule: str, commands: Mapping[str, Sequence[str]]) -> list[str]:
    inputs = " ".join(map(_path, step.inputs))
    return [
        f"build {_path(str(step.output))}: {rule} {inputs}",
        *(f"  {name} = {_value(shlex.join(words))}" for name, words in commands.items()),
        f"  label = {_value(step.label)}",
    ]


def _path(text: str) -> str:
    return re.sub(r"([$ :])", r"$\1", text)


def _value(text: str) -> str:
    return text.replace("$", "$$").replace("\n", " ")


def _ninja_failure(lines: list[str]) -> str:
    """What the tools said in ninja's report, without ninja's own words."""
    said: list[str] = []
    after_failed = False
    for line in lines:
        if line.startswith("FAILED:"):
            after_failed = True  # the command follows
        elif after_failed:
            after_failed = False
        elif not line.startswith("ninja: build stopped") and not re.match(r"\[\d+/\d+\] ", line):
            said.append(line)
    return "the build failed\n" + "".join(said).rstrip()


def _run_threads(plan: Plan) -> None:
    with concurrent.futures.ThreadPoolExecutor(toolchain.max_jobs()) as pool:
        pending = [pool.submit(_run_step, step) for step in plan.compile]
        try:
            for count, done in enumerate(concurrent.futures.as_completed(pending), 1):
                print(f"[{count}/{len(plan.steps)}] {done.result()}", flush=True)
        finally:
            for future in pending:
                future.cancel()
    for step in plan.link:
        print(f"[{len(plan.steps)}/{len(plan.steps)}] link {_run_step(step)}", flush=True)


def _run_step(step: Step) -> str:
    result = subprocess.run(
        step.command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode:
        raise BuildError(f"the build failed\n{result.stdout.rstrip()}")
    if result.stdout:
        print(result.stdout, end="", flush=True)
    return step.label
