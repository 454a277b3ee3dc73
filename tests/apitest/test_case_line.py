"""The parser reads every construct of PaddleAPITest's syntax and says where a line is wrong."""

from __future__ import annotations

import math

import pytest
from paddlemend.apitest.case_line import (
    CaseSyntaxError,
    DtypeName,
    Opaque,
    TensorSpec,
    api_of,
    parse_case_line,
)


def only_argument(text: str):
    (value,) = parse_case_line(f"paddle.f({text}, )").args
    return value


def test_a_whole_line_gives_api_positional_and_keyword_arguments():
    case = parse_case_line(
        'paddle.Tensor.expand(Tensor([1, 3],"float32"), shape=list[2,3,], name=None, )'
    )
    assert case.api == "paddle.Tensor.expand"
    assert case.args == (TensorSpec((1, 3), "float32", key=0),)
    assert case.kwargs == {"shape": [2, 3], "name": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-1", -1),
        ("0.5", 0.5),
        ("-.5", -0.5),
        ("1e-05", 1e-5),
        ("-2.5E+3", -2500.0),
        ("math.inf", math.inf),
        ("-math.inf", -math.inf),
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("2j", 2j),
        ("complex(1.0,-2.0)", 1 - 2j),
        ("None", None),
        ("True", True),
        ("False", False),
        ("Ellipsis", Ellipsis),
        ("...", Ellipsis),
        ('"NCHW"', "NCHW"),
        ("'same'", "same"),
        ('"a, b)"', "a, b)"),
        ("slice(None,-1,2)", slice(None, -1, 2)),
        ("Dtype(float32)", DtypeName("float32")),
        ("VarType(int64)", DtypeName("int64")),
        ("VarType(paddle.int64)", DtypeName("int64")),
        ("paddle.bfloat16", DtypeName("bfloat16")),
        ("Place(gpu:0)", Opaque("Place(gpu:0)")),
        ("type(int)", Opaque("type(int)")),
        ("list[]", []),
        ("tuple()", ()),
        ("list[1,tuple(2,list[3,],),]", [1, (2, [3])]),
        ("[1, (2, 3)]", [1, (2, 3)]),
    ],
)
def test_every_kind_of_value(text, value):
    assert only_argument(text) == value


def test_nan_is_a_number():
    assert math.isnan(only_argument("math.nan"))


def test_tensors_are_numbered_in_order_of_appearance_also_inside_lists():
    case = parse_case_line(
        'paddle.f(Tensor([],"bool"), list[Tensor([2],"int64"),], y=Tensor([0],"int8"))'
    )
    assert [spec.key for spec in case.tensors()] == [0, 1, 2]
    assert [spec.dtype for spec in case.tensors()] == ["bool", "int64", "int8"]


def test_a_tensor_may_carry_values_and_strides_and_ignores_its_place():
    spec = only_argument(
        'Tensor([2, 2],"int64",place=Place(cpu),values=list[1,-2,3,4],strides=[1, 2])'
    )
    assert spec.values == (1, -2, 3, 4)
    assert spec.strides == (1, 2)


def test_a_tensor_with_an_offset_is_a_view_of_larger_memory():
    assert only_argument('Tensor([2, 3],"int8")').layout is None
    assert only_argument('Tensor([2, 3],"int8",offset=4)').layout == (3, 1)
    spec = only_argument('Tensor([2, 3],"int8",strides=[1, 2],offset=4)')
    assert spec.layout == (1, 2)
    assert spec.offset == 4


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nonsense", "expected '\\('"),
        ("paddle.f(", "expected a value, got the end of the line"),
        ("paddle.f(1,,)", "expected a value, got ','"),
        ("paddle.f(word)", "the word 'word' is not a value"),
        ("paddle.f(1) -> 2", "column 13: expected a value, a name or punctuation"),
        ("paddle.f(a=1, 2)", "a positional argument follows a keyword argument"),
        ("paddle.f(a=1, a=2)", "the keyword 'a' is given twice"),
        ("paddle.f(unknown(1))", "'unknown' is none of list"),
        ('paddle.f(Tensor([-1],"int8"))', "sizes must be integers of at least 0"),
        ("paddle.f(Tensor([1]))", "a tensor is written"),
        ('paddle.f(Tensor([1],"int8",offset=-1))', "offset must be an integer of at least 0"),
        ("paddle.f(list[1,)", "expected a value, got '\\)'"),
        ('paddle.f("open)', "expected a value, a name or punctuation"),
    ],
)
def test_a_line_that_is_no_case_is_refused_with_what_was_expected(line, message):
    with pytest.raises(CaseSyntaxError, match=message):
        parse_case_line(line)


def test_the_api_of_an_unparsable_line_is_still_known():
    assert api_of("paddle.expand(word)") == "paddle.expand"


def test_a_line_that_is_nested_too_deeply_is_no_case():
    with pytest.raises(CaseSyntaxError, match="nested too deeply"):
        parse_case_line("paddle.expand(" + "list[" * 3000 + ")")
