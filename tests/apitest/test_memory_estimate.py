"""Memory is estimated before anything is allocated, however large the case claims to be."""

from __future__ import annotations

import tracemalloc

import pytest
from helpers import bound
from paddlemend.apitest import row
from paddlemend.apitest.memory_estimate import estimate_peak_bytes, peak_bytes
from paddlemend.apitest.worker import Task, run_task

GIB = 1 << 30


def estimate(line: str, limit: int = 1 << 62) -> int:
    return estimate_peak_bytes(bound(line), 0, limit, wide_reference=True)


def test_an_integer_tensor_counts_without_gradients():
    assert peak_bytes([(10, "int64")], wide_reference=True) == 10 * 8 * 4


def test_a_floating_tensor_counts_with_gradients_and_reference():
    with_reference = peak_bytes([(10, "float32")], wide_reference=True)
    assert with_reference == 10 * (4 * 6 + 8 * 2)
    assert peak_bytes([(10, "float32")], wide_reference=False) == 10 * 4 * 6


def test_an_input_of_an_operator_without_gradients_counts_less():
    attention = "paddle.incubate.nn.functional.variable_length_memory_efficient_attention"
    line = (
        f'{attention}(Tensor([1, 1, 1, 1],"float32"), Tensor([1, 1, 1, 1],"float32"), '
        'Tensor([1, 1, 1, 1],"float32"), Tensor([1],"int32"), Tensor([1],"int32"), '
        'Tensor([1, 1, 1000, 1000],"float32"), )'
    )
    assert 0 <= estimate(line) - 1_000_000 * (4 * 4 + 8) < 1000


def test_outputs_larger_than_the_inputs_are_counted():
    small = estimate('paddle.expand(Tensor([1],"float32"), list[1,], )')
    assert estimate('paddle.expand(Tensor([1],"float32"), list[1000000,], )') > 500_000 * small


@pytest.mark.parametrize(
    "line",
    [
        'paddle.expand(Tensor([4294967296, 4294967296],"float32"), list[-1,-1,], )',
        'paddle.expand(Tensor([1],"float32"), list[1048576,1048576,], )',
        'paddle.expand(Tensor([1],"float32"), list[Tensor([],"int64",values=list[99999999999])])',
        'paddle.expand(Tensor([1],"float32"), Tensor([99999999999],"int64"), )',
    ],
)
def test_a_case_above_the_limit_is_not_run_and_allocates_nothing(line):
    tracemalloc.start()
    try:
        result = run_task(Task(line, "stock", 0, 2 * GIB))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.class_ == row.TOO_LARGE and "--max-bytes is 2147483648" in result.message
    assert peak < 64 << 20


def test_a_case_that_would_take_too_long_is_not_run():
    line = (
        'paddle.nn.functional.conv2d(Tensor([1, 4, 8, 8],"float32"), '
        'Tensor([4, 4, 3, 3],"float32"), )'
    )
    result = run_task(Task(line, "stock", 0, 2 * GIB, max_operations=5000))
    assert (result.class_, result.reason) == (row.TOO_LARGE, "time")
    assert result.message == "needs about 5184 multiply-adds a call, --max-operations is 5000"


def test_a_call_that_torch_refuses_counts_its_inputs():
    inputs = estimate('paddle.expand(Tensor([2],"float32"), list[2,], )', limit=0)
    assert estimate('paddle.expand(Tensor([2],"float32"), list[3,], )') == inputs
