"""The JSONL file of rows, which survives a run that is killed."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path

import typer
from paddlemend.apitest.options import resolved
from paddlemend.apitest.row import Row


class RowFile:
    """Rows on disk, one a line, written as they come; nothing at all without `path`.

    It is opened at once, so that a bad path fails early. A row is written in one piece and without
    a buffer: a run that is killed leaves at most one truncated line, the last.
    """

    def __init__(self, path: Path | None, keep: bool = False):
        """Empties an existing file, or, to `keep` its rows, drops a truncated last line.

        Raises BadParameter if the file cannot be opened, has other lines, or is in use.
        """
        self._path = path
        self._file: FileIO | None = None
        if path is None:
            return
        try:
            self._file = _opened(resolved(path))
            if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):  # /dev/stdout need not be one
                self._file.truncate(self._whole_bytes() if keep else 0)
        except BlockingIOError as error:
            raise self._problem("another run is writing it") from error
        except OSError as error:
            raise self._problem(error.strerror or str(error)) from error

    def __enter__(self) -> RowFile:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, entry: Row) -> None:
        """Writes a row. Raises BadParameter, for example if the disk is full."""
        if self._file is None:
            return
        try:
            self._file.write(_line(entry))
        except OSError as error:
            raise self._problem(error.strerror or str(error)) from error

    def rows(self) -> Iterator[Row]:
        """The rows, from the first."""
        for line in self._lines():
            yield Row.from_json(line.decode())

    def replace(self, rows: Iterable[Row]) -> None:
        """Puts `rows` in the place of all that are there: entirely or, on an error, not at all."""
        assert self._path is not None and self._file is not None
        path = resolved(self._path).resolve()
        try:
            descriptor, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with open(descriptor, "wb") as file:
                    file.writelines(_line(entry) for entry in rows)
                    file.flush()
                    os.fchmod(descriptor, os.fstat(self._file.fileno()).st_mode & 0o777)
                    os.fsync(descriptor)
                os.replace(new, path)
            except BaseException:
                os.unlink(new)
                raise
            self._file.close()
            self._file = _opened(path)
        except OSError as error:
            raise self._problem(error.strerror or str(error)) from error

    def _whole_bytes(self) -> int:
        """Bytes up to the end of the last whole line. BadParameter if a line is no row."""
        size = 0
        for number, line in enumerate(self._lines(), 1):
            if not line.endswith(b"\n"):
                break
            try:
                Row.from_json(line.decode())
            except (ValueError, TypeError) as error:
                raise self._problem(f"line {number} is not a row of this harness") from error
            size += len(line)
        return size

    def _lines(self) -> Iterator[bytes]:
        if self._file is not None:
            with open(f"/proc/self/fd/{self._file.fileno()}", "rb") as lines:
                yield from lines

    def _problem(self, text: str) -> typer.BadParameter:
        return typer.BadParameter(f"--json {self._path}: {text}")


def _opened(path: Path) -> FileIO:
    """The file, which this process alone writes. Raises OSError."""
    file = FileIO(os.fspath(path), "ab")
    try:
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    return file


def _line(entry: Row) -> bytes:
    return entry.to_json().encode() + b"\n"
