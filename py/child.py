"""Runs a function in a fresh child process that may crash, hang or exit without harm.

Children are forked from multiprocessing's fork server, a process of its own that has started no
thread and run no kernel. That is as safe as a newly spawned interpreter, whatever the caller has
done with Paddle, and as fast as a fork once the server has imported what the children need
(`prepare_server`). The result comes back in a file and what the child prints goes to another, so
that no pipe can fill up and no surviving grandchild can keep the caller waiting.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import resource
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver, util
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

RETURNED = "returned"
RAISED = "raised"
CRASHED = "crashed"
EXITED = "exited"
TIMED_OUT = "timed_out"

CONTEXT = multiprocessing.get_context("forkserver")

_RESULT = "result"
_OUTPUT = "output"


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    `kind` is one of RETURNED (with `value`), RAISED (with `error_type`, `error_message` and
    `traceback`), CRASHED (with `signal_name`), EXITED (the child ended itself with `exit_status`
    and no result) and TIMED_OUT. `output` is the end of what the child wrote to stdout and stderr.
    """

    kind: str
    value: Any = None
    error_type: str = ""
    error_message: str = ""
    traceback: str = ""
    signal_name: str = ""
    exit_status: int | None = None
    output: str = ""

    @property
    def returned(self) -> bool:
        return self.kind == RETURNED

    def describe(self) -> str:
        """The outcome in one line."""
        return {
            RETURNED: f"returned {self.value!r}",
            RAISED: f"{self.error_type}: {self.error_message}",
            CRASHED: f"crashed with {self.signal_name}",
            EXITED: f"ended itself with status {self.exit_status}",
            TIMED_OUT: "gave no answer in time",
        }[self.kind]


# A socket's path, the server's included, is limited to 107 bytes, of which it needs about 40.
_LONGEST_TEMPORARY_FOLDER = 60

_prepared = threading.Event()


def prepare_server(
    modules: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> None:
    """Starts the fork server with `modules` imported and `environment` added to its variables.

    Call it before the first child; a server that runs already is left as it is. A module that
    cannot be imported is skipped, and the children find out for themselves.
    """
    CONTEXT.set_forkserver_preload(list(modules))
    # Older servers ignore the caller's sys.path when they preload.
    additions = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with _environment({**additions, **(environment or {})}), _short_temporary_folder():
        forkserver.ensure_running()
    _prepared.set()


def run_in_child(
    target: Callable[..., Any],
    *args: Any,
    timeout: float,
    output_bytes: int = 16384,
    cancel: Connection | None = None,
) -> Outcome:
    """Calls `target(*args)` in a fresh process and waits at most `timeout` seconds.

    `target` must be importable from a module, arguments and value must pickle. The child leads a
    process group of its own, which is killed when the call ends, however it ends. It ends early,
    as if the time were up, when `cancel` becomes readable: another thread closes its other end.
    """
    if not _prepared.is_set():
        prepare_server()
    with tempfile.TemporaryDirectory(prefix="paddlemend-child-") as folder:
        process = CONTEXT.Process(target=_child_main, args=(folder, target, args), daemon=False)
        try:
            process.start()
        except (OSError, EOFError) as error:
            return Outcome(
                RAISED,
                error_type=type(error).__name__,
                error_message=f"no child process could be started: {error}",
            )
        try:
            awaited: list[Any] = (
                [process.sentinel] if cancel is None else [process.sentinel, cancel]
            )
            ended = process.sentinel in wait(awaited, timeout)
        finally:
            _kill_group(process.pid)
            process.join()
        return _outcome(Path(folder), ended, process.exitcode, output_bytes)


def _child_main(folder: str, target: Callable[..., Any], args: tuple[Any, ...]) -> None:
    with suppress(PermissionError):  # the leader of a session already leads its group
        os.setsid()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Append mode keeps the two streams, which share no position, from overwriting each other.
    output = os.open(os.path.join(folder, _OUTPUT), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        outcome = Outcome(RETURNED, value=target(*args))
        payload = pickle.dumps(outcome)
    except BaseException as error:
        payload = pickle.dumps(
            Outcome(
                RAISED,
                error_type=type(error).__name__,
                error_message=str(error),
                traceback=traceback.format_exc(),
            )
        )
    temporary = Path(folder, _RESULT + ".partial")
    temporary.write_bytes(payload)
    temporary.rename(Path(folder, _RESULT))
    sys.stdout.flush()
    sys.stderr.flush()
    # Destructors at exit are not the caller's concern, and with two frameworks loaded they crash.
    os._exit(0)


def _outcome(folder: Path, ended: bool, exit_code: int | None, output_bytes: int) -> Outcome:
    result = folder / _RESULT
    output = folder / _OUTPUT
    tail = output.read_bytes()[-output_bytes:] if output.exists() else b""
    text = tail.decode(errors="replace")
    if result.exists():
        outcome: Outcome = pickle.loads(result.read_bytes())
        return Outcome(**{**vars(outcome), "output": text})
    if not ended:
        return Outcome(TIMED_OUT, output=text)
    if exit_code is not None and exit_code < 0:
        return Outcome(CRASHED, signal_name=signal_name(exit_code), output=text)
    return Outcome(EXITED, exit_status=exit_code, output=text)


def signal_name(exit_code: int) -> str:
    """The name of the signal behind a negative exit code, such as "SIGSEGV" for -11."""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


def _kill_group(pid: int | None) -> None:
    """Kills a child and its descendants; a child that leads no group yet is killed alone."""
    if pid is None:
        return
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


@contextmanager
def _short_temporary_folder() -> Iterator[None]:
    """Lets multiprocessing choose the folder of its sockets where their paths fit."""
    saved = tempfile.tempdir
    if len(tempfile.gettempdir()) > _LONGEST_TEMPORARY_FOLDER:
        tempfile.tempdir = "/tmp"
    try:
        util.get_temp_dir()
        yield
    finally:
        tempfile.tempdir = saved


@contextmanager
def _environment(additions: Mapping[str, str]) -> Iterator[None]:
    """Variables that hold while the block runs."""
    saved = {name: os.environ.get(name) for name in additions}
    os.environ.update(additions)
    try:
        yield
    finally:
        for name, value in saved.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
