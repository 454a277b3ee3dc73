"""The harness names every fault planted into a Paddle function, and passes the untouched one."""

from __future__ import annotations

from functools import partial

import faults
import pytest
from paddlemend.apitest import row
from paddlemend.apitest.runner import Runner
from paddlemend.apitest.worker import Task, initialize_worker

# fault -> (class, stage, reason)
EXPECTED = {
    "slightly_wrong_value": (row.ACCURACY_ERROR, row.FORWARD, "value"),
    "one_wrong_element": (row.ACCURACY_ERROR, row.FORWARD, "value"),
    "wrong_gradient_of_y": (row.ACCURACY_ERROR, row.BACKWARD, "gradient"),
    "lost_gradient_of_x": (row.ACCURACY_ERROR, row.BACKWARD, "gradient"),
    "swapped_batch_items": (row.ACCURACY_ERROR, row.FORWARD, "value"),
    "swapped_gradients_of_batch_items": (row.ACCURACY_ERROR, row.BACKWARD, "gradient"),
    "a_nan": (row.ACCURACY_ERROR, row.FORWARD, "value"),
    "wrong_dtype": (row.ACCURACY_ERROR, row.FORWARD, "dtype"),
    "wrong_shape": (row.ACCURACY_ERROR, row.FORWARD, "shape"),
    "two_outputs": (row.ACCURACY_ERROR, row.FORWARD, "outputs"),
    "input_changed": (row.ACCURACY_ERROR, row.FORWARD, "inplace_input"),
    "unstable": (row.ACCURACY_ERROR, row.BACKWARD, "unstable"),
    "uninitialised_row": (row.ACCURACY_ERROR, row.FORWARD, "uninitialised"),
    "raises": (row.PADDLE_ERROR, row.FORWARD, "exception"),
    "raises_by_accident": (row.PADDLE_ERROR, row.FORWARD, "exception_type"),
    "crash": (row.CRASH, row.FORWARD, "SIGSEGV"),
    "crash_in_backward": (row.CRASH, row.BACKWARD, "SIGSEGV"),
    "hang": (row.TIMEOUT, row.FORWARD, "time"),
    "exit_with_status_0": (row.CRASH, row.FORWARD, "exit"),
    "exit_at_once": (row.CRASH, row.FORWARD, "exit"),
    "slow_leak": (row.ACCURACY_ERROR, row.BACKWARD, "leak"),
    "endless_memory": (row.CRASH, row.FORWARD, "memory"),
}


def judge(initialize) -> row.Row:
    with Runner(jobs=1, timeout=10.0, max_memory=1 << 30, initialize=initialize) as runner:
        (result,) = runner.run([Task(faults.CASE, "stock", seed=0, max_bytes=64 << 20)])
    return result


def test_the_untouched_function_passes():
    result = judge(initialize_worker)
    assert (result.class_, result.stage) == (row.PASS, row.BACKWARD), result.message


@pytest.mark.parametrize("fault", EXPECTED)
def test_a_planted_fault_is_named(fault):
    result = judge(partial(faults.planted, getattr(faults, fault), initialize_worker))
    assert (result.class_, result.stage, result.reason) == EXPECTED[fault], result.message
