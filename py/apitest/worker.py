"""What runs in a worker process: one case, from its line to its row."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from paddlemend import catalogue
from paddlemend.apitest import row
from paddlemend.apitest.case_line import CaseSyntaxError, api_of, parse_case_line
from paddlemend.apitest.device import select_device
from paddlemend.apitest.row import Row
from paddlemend.child import end_at_abort

if TYPE_CHECKING:  # Torch is imported in workers alone
    from paddlemend.apitest.binding import BoundCall
    from paddlemend.apitest.execution import Execution
    from paddlemend.apitest.host_tensor import HostTensor
    from paddlemend.apitest.trial import Trial
    from paddlemend.apitest.verdict import Verdict

STOCK = "stock"
MENDED = "mended"
LIBRARY = "library"

# The modes: what a task asks of a case.
ACCURACY = "accuracy"
PADDLE_ONLY = "paddle-only"
STABLE = "stable"
STATIC = "static"
MODES = (ACCURACY, PADDLE_ONLY, STABLE, STATIC)

# Multiply-adds of one call whose trial still takes less than a minute on one core: some twenty
# times as many are made for it, a third of them in float64.
MAX_OPERATIONS = 10_000_000_000


@dataclass(frozen=True)
class Task:
    """One case for one kind of Paddle.

    `max_bytes` bounds its estimated peak memory, `max_operations` the multiply-adds of one call.
    `mode` is one of MODES; `device` is "cpu" or "cuda:N".
    """

    case: str
    paddle: str
    seed: int
    max_bytes: int
    mode: str = ACCURACY
    device: str = "cpu"
    max_operations: int = MAX_OPERATIONS


def initialize_worker(paddle_kind: str, device: str = "cpu") -> None:
    """Prepares a fresh process: imports, one thread, poisoned memory, install() when mended.

    Raises device.DeviceMissing where Paddle or Torch cannot use the device.
    """
    os.environ.pop("TEST_TMPDIR", None)  # with it set Paddle dies at exit
    os.environ["MIN_GRAPH_SIZE"] = "0"  # SOT runs smaller graphs eagerly, which would prove nothing
    import torch

    torch.set_num_threads(1)
    if paddle_kind == LIBRARY:
        from paddlemend import native  # noqa: F401  a missing library must show here
    else:
        import paddle  # noqa: F401

        end_at_abort()
    select_device(device, paddle_kind)
    if paddle_kind == MENDED:
        import paddlemend

        paddlemend.install()
    from paddlemend.apitest import heap

    heap.settle()
    heap.poison_fresh_memory()
    _report_calls_of_exit()


def describe_environment(paddle_kind: str, device: str = "cpu") -> str:
    """Initializes this process as a worker and names the versions it found."""
    initialize_worker(paddle_kind, device)
    import torch

    if paddle_kind == LIBRARY:
        return f"Torch {torch.__version__}"
    import paddle

    return f"Paddle {paddle.__version__}, Torch {torch.__version__}"


def run_task(task: Task, on_stage: Callable[[str], None] = lambda stage: None) -> Row:
    """Runs one case; never raises. `on_stage` hears of each stage before it starts."""
    verdict = _judge(task, on_stage)
    return Row(task.case, api_of(task.case), task.paddle, **vars(verdict))


def _judge(task: Task, on_stage: Callable[[str], None]) -> Verdict:
    from paddlemend.apitest.execution import Unsupported, one_line
    from paddlemend.apitest.verdict import Verdict

    try:
        call = _bound_call(task.case, task.mode)
        trial = _trial(task)
        return _too_large(call, task) or trial(call, _make(task), task.seed, on_stage).verdict()
    except Unsupported as error:
        return Verdict(row.UNSUPPORTED, reason=error.reason, message=str(error))
    except Exception as error:  # what is no refusal by a framework is a mistake of the harness
        return Verdict(row.TORCH_ERROR, reason="mapping", message=one_line(error))


def _trial(task: Task) -> type[Trial]:
    if task.mode == STATIC:
        from paddlemend.apitest.static_trial import StaticTrial

        return StaticTrial
    from paddlemend.apitest.accuracy import AccuracyTrial
    from paddlemend.apitest.single_sided import PaddleOnlyTrial, StableTrial

    return {ACCURACY: AccuracyTrial, PADDLE_ONLY: PaddleOnlyTrial, STABLE: StableTrial}[task.mode]


def _make(task: Task) -> Callable[..., Execution]:
    return partial(_make_library, task.device) if task.paddle == LIBRARY else _make_paddle


def _make_paddle(
    call: BoundCall,
    inputs: Mapping[int, HostTensor],
    arguments: Mapping[str, Any],
    differentiable: Sequence[str] | None,
) -> Execution:
    from paddlemend.apitest.paddle_call import PaddleExecution

    return PaddleExecution(call, inputs, differentiable)


def _make_library(
    device: str,
    call: BoundCall,
    inputs: Mapping[int, HostTensor],
    arguments: Mapping[str, Any],
    differentiable: Sequence[str] | None,
) -> Execution:
    """The library's gradient functions return every gradient, so `differentiable` is moot."""
    from paddlemend.apitest.library_call import LibraryExecution

    return LibraryExecution(call, arguments, device)


def _bound_call(line: str, mode: str) -> BoundCall:
    """The call behind a line; raises Unsupported."""
    from paddlemend.apitest.binding import BindingError, bind
    from paddlemend.apitest.execution import Unsupported
    from paddlemend.apitest.rules import NoRule, find_rule, find_rule_or_none_needed

    try:
        case = parse_case_line(line)
        rule = (find_rule if mode == ACCURACY else find_rule_or_none_needed)(case.api)
    except CaseSyntaxError as error:
        raise Unsupported("unparsable", str(error)) from error
    except NoRule as error:
        raise Unsupported("api", str(error)) from error
    unknown = {spec.dtype for spec in case.tensors()} - set(catalogue.ALL_DTYPES)
    if unknown:
        raise Unsupported("dtype", f"no such dtype: {', '.join(sorted(unknown))}")
    try:
        return bind(case, rule)
    except BindingError as error:
        raise Unsupported("argument", str(error)) from error


def _too_large(call: BoundCall, task: Task) -> Verdict | None:
    from paddlemend.apitest.memory_estimate import estimate_operations, estimate_peak_bytes
    from paddlemend.apitest.tolerance import needs_wide_reference
    from paddlemend.apitest.verdict import Verdict

    peak = estimate_peak_bytes(
        call, task.seed, task.max_bytes, wide_reference=needs_wide_reference(call.rule)
    )
    if peak > task.max_bytes:
        message = f"needs about {peak} bytes, --max-bytes is {task.max_bytes}"
        return Verdict(row.TOO_LARGE, reason="bytes", message=message)
    operations = estimate_operations(call, task.seed)
    if operations > task.max_operations:
        limit = f"--max-operations is {task.max_operations}"
        message = f"needs about {operations} multiply-adds a call, {limit}"
        return Verdict(row.TOO_LARGE, reason="time", message=message)
    return None


def _report_calls_of_exit() -> None:
    """Makes an exit() by the called code end the process at once, before destructors crash it."""
    ctypes.CDLL(None).on_exit(_leave, None)


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_void_p)
def _leave(status: int, argument: object) -> None:
    os.write(2, f"exit({status}) was called\n".encode())
    os._exit(status & 0xFF)
