"""End to end on the Paddle that is installed: the harness finds what is right and what is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.skipif(
    find_spec("paddle") is None or find_spec("torch") is None, reason="needs Paddle and Torch"
)

RIGHT = [
    'paddle.expand(Tensor([1, 3],"float32"), list[2,3,], )',
    'paddle.Tensor.expand(Tensor([3, 1],"bfloat16"), shape=tuple(-1,4,), )',
    'paddle.expand(Tensor([3, 4],"float32",strides=[1, 3]), list[2,3,4,], )',
    'paddle.expand(Tensor([1, 3],"int64"), Tensor([2],"int32"), )',
    'paddle.expand_as(Tensor([1, 3],"float32"), Tensor([2, 3],"float32"), )',
    'paddle.index_add(Tensor([4, 3],"float64"), Tensor([9],"int32"), 0, Tensor([9, 3],"float64"))',
    'paddle.index_add_(Tensor([4],"float32"), Tensor([2],"int64"), 0, Tensor([2],"float32"), )',
]
REFUSED = [
    'paddle.expand(Tensor([2],"float32"), list[3,], )',
    'paddle.index_add(Tensor([4],"float32"), Tensor([2],"int64"), 1, Tensor([2],"float32"), )',
]
# Wrong in every released wheel: -2 is accepted as a size.
ACCEPTED = ['paddle.expand(Tensor([1, 3],"float32"), list[-2,3,], )']
OUTSIDE = ["paddle.fold(1, )", "paddle.expand(oops)", 'paddle.expand(Tensor([1],"int9"), list[1,])']


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The rows of one run over all the lines above, by case."""
    folder = tmp_path_factory.mktemp("accuracy")
    cases, out = folder / "cases.txt", folder / "rows.jsonl"
    cases.write_text("\n".join([*RIGHT, *REFUSED, *ACCEPTED, *OUTSIDE]))
    command = [sys.executable, "-m", "paddlemend.apitest", "accuracy", "--paddle", "stock"]
    options = ["--api-config-file", str(cases), "--json", str(out), "--jobs", "1"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=300, env=environment
    )
    assert ended.returncode == 1, ended.stderr
    return {entry["case"]: entry for entry in map(json.loads, out.read_text().splitlines())}


@pytest.mark.parametrize("case", RIGHT)
def test_right_answers_pass_with_their_gradients_compared(rows, case):
    assert rows[case]["class"] == "pass", rows[case]["message"]
    assert rows[case]["stage"] == ("forward" if '"int64"), Tensor' in case else "backward")


@pytest.mark.parametrize("case", REFUSED)
def test_calls_that_both_refuse_are_both_reject(rows, case):
    assert rows[case]["class"] == "both_reject", rows[case]["message"]


@pytest.mark.parametrize("case", ACCEPTED)
def test_calls_that_only_paddle_accepts_are_named(rows, case):
    assert rows[case]["class"] == "paddle_accepts"


@pytest.mark.parametrize(("case", "reason"), list(zip(OUTSIDE, ["api", "unparsable", "dtype"])))
def test_lines_outside_the_catalogue_are_rows_too(rows, case, reason):
    assert (rows[case]["class"], rows[case]["reason"]) == ("unsupported", reason)
