"""Random calls of the operators: the mended Paddle answers each as the reference does.

The first line of a failure is the smallest case line that fails, for `apitest accuracy --paddle
mended --api-config`. A crash is one more failure: the call runs in a worker of the harness.
"""

from __future__ import annotations

import os

import pytest
import strategies
from hypothesis import HealthCheck, given, settings
from paddlemend.apitest import row
from paddlemend.apitest.runner import Runner, prepare_workers
from paddlemend.apitest.worker import MENDED, Task

# PADDLEMEND_FUZZ_RANDOM: other examples in every run.
_SETTINGS = settings(
    max_examples=int(os.environ.get("PADDLEMEND_FUZZ_EXAMPLES", "50")),
    derandomize="PADDLEMEND_FUZZ_RANDOM" not in os.environ,
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),  # the machine may be busy
)

_TIMEOUT = 60.0
_MAX_BYTES = 256 << 20


@pytest.fixture(scope="module")
def runner():
    prepare_workers(MENDED)
    with Runner(jobs=1, timeout=_TIMEOUT) as started:
        yield started


@pytest.mark.parametrize("operator", strategies.LINES)
def test_a_random_call_passes_or_is_refused_by_both(operator, runner):
    @_SETTINGS
    @given(line=strategies.LINES[operator])
    def judge(line):
        (result,) = runner.run([Task(line, MENDED, seed=0, max_bytes=_MAX_BYTES)])
        if result.class_ not in (row.PASS, row.BOTH_REJECT):
            words = (result.class_, result.stage, result.reason, result.message)
            pytest.fail(f"{line}\n{' '.join(words)}", pytrace=False)

    judge()
