"""Random functions with imports are the same program, translated or not."""

from __future__ import annotations

import comparison
import hypothesis
import random_functions
import trial


@hypothesis.settings(
    max_examples=40,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[hypothesis.Phase.generate],  # an example takes a second: no shrinking
    suppress_health_check=list(hypothesis.HealthCheck),
    print_blob=False,
)
@hypothesis.given(random_functions.modules())
def test_a_random_function_gives_what_the_interpreter_gives(source):
    native, mended = comparison.records("random", source, (trial.NATIVE, trial.MENDED))
    assert comparison.differences(native, mended) == [], source
