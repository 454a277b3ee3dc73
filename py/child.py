"""Runs a function in a fresh child process that may crash, hang or exit without harm.

Children are forked from multiprocessing's fork server, a process of its own that has started no
thread and run no kernel. That is as safe as a newly spawned interpreter, whatever the caller has
done with Paddle, and as fast as a fork once the server has imported what the children need
(`prepare_server`). The result comes back in a file and what the child prints goes to another, so
that no pipe can fill up and no surviving grandchild can keep the caller waiting.
"""

from __future__ import annotations

import fcntl
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
from multiprocessing.process import BaseProcess
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
_preparing = threading.Lock()


def prepare_server(
    modules: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> None:
    """Starts the fork server with `modules` imported and `environment` added to its variables.

    Call it before the first child; a server that runs already is left as it is. A module that
    cannot be imported is skipped, and the children find out for themselves.
    """
    # Older servers ignore the caller's sys.path when they preload.
    additions = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with _preparing:
        if _prepared.is_set():
            return
        CONTEXT.set_forkserver_preload(list(modules))
        with _environment({**additions, **(environment or {})}), _short_temporary_folder():
            forkserver.ensure_running()
        _prepared.set()


def run_in_child(
    target: Callable[..., Any],
    *args: Any,
    timeout: float,
    output_bytes: int = 16384,
) -> Outcome:
    """Calls `target(*args)` in a fresh process and waits at most `timeout` seconds.

    `target` must be importable from a module, arguments and value must pickle. The child leads a
    process group of its own, which is killed when the call ends, however it ends, and the child is
    killed when this process dies.
    """
    with tempfile.TemporaryDirectory(prefix="paddlemend-child-") as folder:
        try:
            process, lifeline = start_child(_child_main, folder, target, args)
        except (OSError, EOFError) as error:
            return Outcome(
                RAISED,
                error_type=type(error).__name__,
                error_message=f"no child process could be started: {error}",
            )
        with lifeline:
            try:
                ended = bool(wait([process.sentinel], timeout))
            finally:
                kill_group(process.pid)
                process.join()
        return _outcome(Path(folder), ended, process.exitcode, output_bytes)


def start_child(target: Callable[..., None], *args: Any) -> tuple[BaseProcess, Connection]:
    """Starts a child process that calls `target(lifeline, *args)`; returns it and its lifeline.

    The target calls `settle(lifeline, …)` first. The other end, which is returned, must be kept
    open as long as the child may live. Raises OSError or EOFError if no child can be started.
    """
    if not _prepared.is_set():
        prepare_server()
    multiprocessing.current_process().daemon = False  # a Dask worker is one, and may not start any
    theirs, ours = CONTEXT.Pipe(duplex=False)
    with theirs:
        process = CONTEXT.Process(target=target, args=(theirs, *args), daemon=True)
        try:
            process.start()
        except BaseException:
            ours.close()
            raise
    return process, ours


def settle(lifeline: Connection, output: str) -> None:
    """What a child does first.

    It leads a process group, leaves no core file, is killed when its caller dies, and appends what
    it prints to the file `output`.
    """
    with suppress(PermissionError):  # the leader of a session already leads its group
        os.setsid()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    end_at_abort()
    multiprocessing.current_process().daemon = False  # what it runs may start processes
    _die_when_closed(lifeline)
    # Append mode keeps the two streams, which share no position, from overwriting each other.
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)


def end_at_abort() -> None:
    """Has SIGABRT end this process at once; call it again after Paddle was imported.

    Paddle's handler allocates, which hangs where the C library aborts over a damaged heap.
    """
    signal.signal(signal.SIGABRT, signal.SIG_DFL)


def _die_when_closed(lifeline: Connection) -> None:
    """Has the kernel kill this process group when the other end of `lifeline` is closed.

    A thread that waits for the end would not run while a hanging kernel holds the interpreter, and
    PR_SET_PDEATHSIG speaks of the fork server, which lives as long as any of its children.
    """
    pipe = lifeline.fileno()
    fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if lifeline.poll():  # the caller died before this was set up
        os._exit(1)


def _child_main(
    lifeline: Connection, folder: str, target: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    settle(lifeline, os.path.join(folder, _OUTPUT))
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
    text = tail_of(output, output_bytes)
    if result.exists():
        outcome: Outcome = pickle.loads(result.read_bytes())
        return Outcome(**{**vars(outcome), "output": text})
    if not ended:
        return Outcome(TIMED_OUT, output=text)
    return outcome_of_exit(exit_code, text)


def outcome_of_exit(exit_code: int | None, output: str) -> Outcome:
    """How a child ended that left no result; negative codes are signals."""
    if exit_code is not None and exit_code < 0:
        return Outcome(CRASHED, signal_name=signal_name(exit_code), output=output)
    return Outcome(EXITED, exit_status=exit_code, output=output)


def tail_of(file: Path, size: int = 16384) -> str:
    """The last `size` bytes of a file as text; nothing if there is no such file."""
    try:
        with open(file, "rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - size))
            return stream.read(size).decode(errors="replace")
    except FileNotFoundError:
        return ""


def signal_name(exit_code: int) -> str:
    """The name of the signal behind a negative exit code, such as "SIGSEGV" for -11."""
    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


def kill_group(pid: int | None) -> None:
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
