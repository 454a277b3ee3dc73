"""The static mode runs a call in dygraph, as a static program and through SOT."""

from __future__ import annotations

import pytest
from paddlemend import child
from paddlemend.apitest import row
from paddlemend.apitest.case_line import parse_case_line
from paddlemend.apitest.row import Row
from paddlemend.apitest.worker import STATIC, Task, initialize_worker, run_task


def judge_lines(lines, subject="stock"):
    initialize_worker(subject)
    return [run_task(Task(line, subject, 0, 1 << 30, STATIC)) for line in lines]


def judge_with_wrong_program(line):
    """As above with a Paddle whose static programs compute something else."""
    initialize_worker("stock")
    import paddle

    stock = paddle.multiply
    paddle.multiply = lambda x, y: stock(x, y) if paddle.in_dynamic_mode() else stock(x, y) * 1.001
    return run_task(Task(line, "stock", 0, 1 << 30, STATIC))


def judge_without_gradient(line):
    """As above with a Paddle whose gradient raises in dygraph."""
    initialize_worker("stock")
    import paddle

    def refuse(gradient):
        raise ValueError("no gradient today")

    stock = paddle.multiply

    def multiply(x, y):
        out = stock(x, y)
        if paddle.in_dynamic_mode():
            out.register_hook(refuse)
        return out

    paddle.multiply = multiply
    return run_task(Task(line, "stock", 0, 1 << 30, STATIC))


def rows_of(*lines) -> list[Row]:
    outcome = child.run_in_child(judge_lines, list(lines), timeout=120)
    assert outcome.returned, outcome.describe()
    return outcome.value


def test_a_call_that_agrees_everywhere_passes_with_its_gradients():
    results = rows_of(
        'paddle.multiply(Tensor([4, 3],"float32"), Tensor([4, 3],"float32"), )',
        'paddle.expand(Tensor([1, 3],"bfloat16"), shape=list[2,3,], )',
        'paddle.Tensor.expand(Tensor([1, 3],"float64"), list[2,3,], )',
        'paddle.incubate.nn.functional.swiglu(Tensor([2, 4],"float32"), )',
    )
    assert [(r.class_, r.stage) for r in results] == [(row.PASS, row.BACKWARD)] * 4


def test_a_program_may_refuse_what_is_in_dygraph_only_where_sot_leaves_the_graph():
    line = 'paddle.as_strided(Tensor([4],"float32"), list[2,2,], list[1,1,], )'
    (stock,) = rows_of(line)
    assert stock.class_ == row.PADDLE_ERROR
    assert stock.message.startswith("SOT")
    outcome = child.run_in_child(judge_lines, [line], "mended", timeout=120)
    assert outcome.returned, outcome.describe()
    (mended,) = outcome.value
    assert (mended.class_, mended.stage) == (row.PASS, row.BACKWARD)


def test_a_call_that_all_refuse_is_no_failure():
    (result,) = rows_of('paddle.expand(Tensor([1, 3],"int64"), list[2,4,], )')
    assert result.class_ == row.BOTH_REJECT


def test_a_static_program_with_another_answer_is_found():
    line = 'paddle.multiply(Tensor([4, 3],"float32"), Tensor([4, 3],"float32"), )'
    outcome = child.run_in_child(judge_with_wrong_program, line, timeout=120)
    assert (outcome.value.class_, outcome.value.reason) == (row.ACCURACY_ERROR, "value")
    assert "output 0 of static program" in outcome.value.message


def test_a_gradient_that_dygraph_refuses_is_an_error_of_paddle():
    line = 'paddle.multiply(Tensor([4, 3],"float32"), Tensor([4, 3],"float32"), )'
    outcome = child.run_in_child(judge_without_gradient, line, timeout=120)
    assert (outcome.value.class_, outcome.value.stage) == (row.PADDLE_ERROR, row.BACKWARD)
    assert "no gradient today" in outcome.value.message


@pytest.mark.parametrize(
    ("line", "source"),
    [
        (
            'paddle.expand(Tensor([1],"int8"), list[2,Tensor([],"int32"),], )',
            "paddle.expand(tensor0, [2, tensor1])",
        ),
        ('paddle.Tensor.cast(x=Tensor([1],"int8"), dtype=Dtype(float16), )', "tensor0.cast("),
        ('paddle.clip(Tensor([1],"float32"), min=-math.inf, )', "min=float('-inf')"),
        (
            'paddle.index_put(Tensor([1],"int8"), tuple(Tensor([1],"bool"),), None, )',
            "paddle.index_put(tensor0, (tensor1, ), None)",
        ),
    ],
)
def test_a_case_line_becomes_python(line, source):
    from paddlemend.apitest.static_call import call_source

    assert source in call_source(parse_case_line(line), "case")
