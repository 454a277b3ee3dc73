"""`--paddle library`: calls of paddlemend.native, judged with their gradients, without Paddle."""

from __future__ import annotations

import pytest
from paddlemend.apitest import row
from paddlemend.apitest.runner import Runner
from paddlemend.apitest.worker import Task

RIGHT = (
    'paddle.expand(Tensor([1, 3],"float32"), list[2,3,], )',
    'paddle.index_add(Tensor([4, 3],"float64"), Tensor([9],"int32"), 0, Tensor([9, 3],"float64"))',
    'paddle.index_sample(Tensor([4, 3],"float32"), Tensor([4, 9],"int32"), )',
    'paddle.index_put(Tensor([4, 3],"float32"), tuple(Tensor([2],"int64"),), '
    'Tensor([3],"float32"))',
    'paddle.index_put_(Tensor([4],"float32"), tuple(Tensor([2],"int64"),), '
    'Tensor([2],"float32"), True)',
    'paddle.put_along_axis(Tensor([4, 3],"float32"), Tensor([4, 2],"int64"), '
    'Tensor([4, 2],"float32"), 1, "mul", )',
    'paddle.Tensor.put_along_axis_(Tensor([5, 7],"float64"), Tensor([9, 7],"int64"), '
    'Tensor([9, 7],"float64"), 0, "amax", )',
    'paddle.as_strided(Tensor([4, 6],"float32"), list[3,2,], list[7,2,], 8, )',
    'paddle.nn.functional.batch_norm(Tensor([4, 3, 5],"float64"), Tensor([3],"float64"), '
    'Tensor([3],"float64"), Tensor([3],"float64"), Tensor([3],"float64"), True, 0.8, 1e-05, )',
    'paddle.nn.functional.batch_norm(Tensor([4, 5, 3],"float32"), Tensor([3],"float32"), '
    'Tensor([3],"float32"), data_format="NLC", )',
    'paddle.copysign(Tensor([4, 3],"float32"), Tensor([3],"float32"), )',
    'paddle.as_strided(Tensor([4],"float32",offset=2), list[2,2,], list[1,1,], 12, )',
    'paddle.as_strided(Tensor([3, 2],"float32",strides=[0, 1]), list[2,], list[1,], )',
    'paddle.copysign(Tensor([4, 3],"float32",strides=[1, 4],offset=5), Tensor([3],"float32"), )',
    'paddle.copysign_(Tensor([4, 3],"float32"), Tensor([3],"float32"), )',
    'paddle.linalg.cholesky_solve(Tensor([4, 2],"float64"), '
    'Tensor([4, 4],"float64"), upper=True, )',
)
NO_GRADIENT = (
    'paddle.incubate.nn.functional.fused_layer_norm(Tensor([3, 5],"float16"), '
    'Tensor([5],"float32"), Tensor([5],"float32"), 1e-05, 0.5, 1, Tensor([5],"float16"), '
    'Tensor([3, 5],"float16"), )',
    'paddle.incubate.nn.functional.fused_layer_norm(Tensor([3, 5],"float32"), '
    'Tensor([5],"float32"), Tensor([5],"float32"), 1e-05, quant_scale=0.3, quant_round_type=1, '
    "quant_max_bound=127.0, quant_min_bound=-127.0, )",
    'paddle.unique(Tensor([40],"int64"), return_index=True, return_inverse=True, '
    "return_counts=True, )",
    'paddle.unique(Tensor([12],"int64"), return_inverse=True, dtype=Dtype(int32), )',
)
LEFT_TO_PADDLE = (
    'paddle.copysign_(Tensor([3],"float32"), Tensor([4, 3],"float32"), )',
    'paddle.copysign(Tensor([4],"int32"), Tensor([4],"int32"), )',
    'paddle.copysign(Tensor([4],"float32"), -1.0, )',
    'paddle.put_along_axis(Tensor([4, 3],"float32"), Tensor([4, 1],"int64"), 2.0, 1, )',
    'paddle.put_along_axis(Tensor([4, 3],"float32"), Tensor([1, 2],"int64"), '
    'Tensor([1, 2],"float32"), 1, )',
)


@pytest.fixture(scope="module")
def rows():
    """The rows of all the lines above, by case."""
    tasks = [
        Task(line, "library", seed=0, max_bytes=64 << 20)
        for line in (*RIGHT, *NO_GRADIENT, *LEFT_TO_PADDLE)
    ]
    with Runner(jobs=1, timeout=60.0, max_memory=4 << 30) as runner:
        return {result.case: result for result in runner.run(tasks)}


@pytest.mark.parametrize("line", RIGHT)
def test_values_and_gradients_are_right(rows, line):
    assert (rows[line].class_, rows[line].stage) == (row.PASS, row.BACKWARD), rows[line].message


@pytest.mark.parametrize("line", NO_GRADIENT)
def test_every_result_of_several_is_right(rows, line):
    assert (rows[line].class_, rows[line].stage) == (row.PASS, row.FORWARD), rows[line].message


@pytest.mark.parametrize("line", LEFT_TO_PADDLE)
def test_what_paddles_python_does_before_the_kernel_is_unsupported(rows, line):
    assert rows[line].class_ == row.UNSUPPORTED
    assert "of the library lacks the" in rows[line].message
