"""Arguments are bound as Python binds a call."""

from __future__ import annotations

import pytest
from helpers import bound
from paddlemend.apitest.binding import BindingError


def test_positional_keyword_and_alias_bind_to_the_same_parameter():
    for line in (
        'paddle.expand(Tensor([1],"float32"), list[2,], )',
        'paddle.expand(shape=list[2,], x=Tensor([1],"float32"), )',
        'paddle.expand(input=Tensor([1],"float32"), size=list[2,], )',
    ):
        call = bound(line)
        assert call.arguments["shape"] == [2]
        assert call.tensors()["x"].shape == (1,)


def test_sizes_may_be_spread_over_the_remaining_arguments():
    assert bound('paddle.Tensor.expand(Tensor([1],"float32"), 2, 3, )').arguments["shape"] == (2, 3)


def test_a_missing_argument_is_left_to_the_frameworks():
    assert "shape" not in bound('paddle.expand(Tensor([1],"float32"), )').arguments


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('paddle.expand(Tensor([1],"int8"), depth=1, )', "no parameter 'depth'; it has x, shape"),
        ('paddle.expand(Tensor([1],"int8"), list[2,], size=list[2,])', "two values for 'shape'"),
        ('paddle.expand_as(Tensor([1],"int8"), 1, 2, 3, )', "takes 3 positional arguments, got 4"),
    ],
)
def test_an_argument_outside_the_signature_is_refused(line, message):
    with pytest.raises(BindingError, match=message):
        bound(line)
