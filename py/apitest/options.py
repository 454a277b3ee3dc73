"""The options that every command of the harness takes, and the values they accept."""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path
from typing import Annotated, List, Optional

import typer
from paddlemend.apitest import device as devices
from paddlemend.apitest import row

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class PaddleKind(str, Enum):
    """The values of --paddle."""

    stock = "stock"
    mended = "mended"
    both = "both"
    library = "library"


Paddle = Annotated[
    PaddleKind,
    typer.Option(help="The wheel as it is, the mended one, both, or the library without Paddle."),
]
Device = Annotated[
    str, typer.Option(metavar="cpu|cuda[:N]", help="Where Paddle, Torch or the library compute.")
]
ApiConfig = Annotated[
    Optional[List[str]],
    typer.Option(metavar="LINE", help="A case line; may be repeated."),
]
ApiConfigFile = Annotated[
    Optional[List[Path]],
    typer.Option(metavar="FILE", help="A file of case lines; may be repeated."),
]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Changes the random inputs.")]
Jobs = Annotated[
    int,
    typer.Option(
        min=1, metavar="N", help="Worker processes; on a cluster the threads of its workers decide."
    ),
]
Timeout = Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help="What one case may take.")]
MaxBytes = Annotated[
    str,
    typer.Option(
        metavar="N",
        help="Cases that are estimated to need more memory are not run: too_large. 500MB, 2GiB.",
    ),
]
MaxOperations = Annotated[
    float,
    typer.Option(
        min=0,
        metavar="N",
        help="Cases whose call needs more multiply-adds are not run: too_large, reason time.",
    ),
]
MaxMemory = Annotated[
    Optional[str],
    typer.Option(
        metavar="N",
        show_default="4 x --max-bytes",
        help="A case that really takes more memory is killed: crash, reason memory.",
    ),
]
Cluster = Annotated[
    Optional[str],
    typer.Option(
        metavar="ADDRESS",
        help="Run on the workers of this Dask scheduler, such as tcp://host:8786.",
    ),
]
Json = Annotated[
    Optional[Path],
    typer.Option(metavar="FILE", help="Write every row when it comes, as a line of JSON."),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Keep the rows that the --json file has; run the rest.")
]
Retest = Annotated[
    Optional[str],
    typer.Option(
        metavar="CLASS,…",
        help="Run only the cases of the --json file in these classes again; replace their rows.",
    ),
]
Report = Annotated[
    Optional[Path], typer.Option(metavar="FILE", help="Write a page of HTML about the results.")
]
JUnit = Annotated[
    Optional[Path], typer.Option("--junit", metavar="FILE", help="Write the results as JUnit XML.")
]


def byte_count(option: str, text: str) -> int:
    """Bytes from "1048576", "500MB" or "2GiB"; units are powers of 1024. BadParameter else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", text.strip().upper())
    if match is None:
        raise typer.BadParameter(f"{option} {text!r} is no size such as 1048576, 500MB or 2GiB")
    return int(float(match.group(1)) * _UNITS[match.group(2)])


def class_names(text: str) -> frozenset[str]:
    """The classes of rows in "crash,timeout". BadParameter for a name that is none."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in row.CLASSES:
            known = ", ".join(row.CLASSES)
            raise typer.BadParameter(f"--retest {name!r} is no class of rows; these are: {known}")
    return frozenset(names)


def device_name(text: str) -> str:
    """ "cpu" or "cuda:N". BadParameter for another text."""
    try:
        return devices.device_name(text)
    except ValueError as error:
        raise typer.BadParameter(f"--device {error}") from error


def resolved(path: Path) -> Path:
    """A user's path; `bazel run` starts in another folder and names the user's own."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), path)


def output_path(option: str, path: Path | None) -> Path | None:
    """Where a report will be written. BadParameter, before anything runs, if it cannot be."""
    if path is None:
        return None
    target = resolved(path)
    folder = target.parent
    if target.is_dir():
        raise typer.BadParameter(f"{option} {path}: Is a directory")
    if not folder.is_dir():
        raise typer.BadParameter(f"{option} {path}: No such file or directory")
    if not os.access(folder, os.W_OK):
        raise typer.BadParameter(f"{option} {path}: Permission denied")
    return target
