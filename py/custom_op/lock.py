"""One build at a time in one folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def build_lock(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Holds the lock of a folder, and says so if it must wait for another build.

    The lock file lies in the temporary folder, so that nothing is left in the user's. It is the
    kernel's lock: it ends with the process that holds it, however that ends.
    """
    locks = Path(tempfile.gettempdir(), f"paddlemend-locks-{os.getuid()}")
    locks.mkdir(mode=0o700, exist_ok=True)
    digest = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:16]
    with open(locks / f"{digest}.lock", "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another build in {os.fspath(folder)}", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
