"""One build at a time in one folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from paddlemend.custom_op.errors import BuildError


@contextmanager
def build_lock(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Holds the lock of a folder, and says so if it must wait for another build.

    The lock file lies in the temporary folder, so that nothing is left in the user's. It is the
    kernel's lock: it ends with the process that holds it, however that ends.
    """
    with _lock_file(folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another build in {os.fspath(folder)}", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lock_file(folder: str | os.PathLike[str]) -> TextIO:
    locks = Path(tempfile.gettempdir(), f"paddlemend-locks-{os.getuid()}")
    digest = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:16]
    try:
        locks.mkdir(mode=0o700, exist_ok=True)
        return open(locks / f"{digest}.lock", "a")
    except OSError as error:
        raise BuildError(
            f"cannot lock the build: {locks} is expected to be a folder to write to "
            f"({error.strerror}); TMPDIR names another place"
        ) from None
