"""The rules fit the catalogue and themselves, and an API without a rule has Torch's of its name."""

from __future__ import annotations

import inspect

import pytest
from paddlemend import catalogue
from paddlemend.apitest.rules import RULES, NoRule, find_rule
from paddlemend.apitest.rules.model import ShapeOf, TorchCall


def by_path(rule):
    return rule.path


def test_every_api_of_the_catalogue_has_a_rule_and_every_rule_is_of_such_an_api():
    of_catalogue = {path for op in catalogue.OPERATORS for api in op.apis for path in api.paths}
    assert {path for rule in RULES for path in rule.paths} == of_catalogue


@pytest.mark.parametrize("rule", RULES, ids=by_path)
def test_a_rule_belongs_to_the_operator_that_lists_its_api(rule):
    assert rule.paths in [api.paths for api in rule.operator.apis]


@pytest.mark.parametrize("rule", RULES, ids=by_path)
def test_a_rule_names_only_parameters_that_it_has(rule):
    names = {parameter.name for parameter in rule.parameters}
    if isinstance(rule.reference, TorchCall):
        used = {*rule.reference.positional, *rule.reference.keywords.values()}
    else:
        used = set(inspect.signature(rule.reference).parameters)
    if rule.library is not None:
        library = rule.library
        arguments = [a.parameter if isinstance(a, ShapeOf) else a for a in library.arguments]
        used |= {argument for argument in arguments if isinstance(argument, str)}
        used |= {*library.gradients, *library.derived, *library.defaults, *library.written.values()}
    used |= {*rule.overwrites, *(rule.differentiable or ())}
    assert used <= names


def test_the_differences_of_the_rules_are_those_of_the_catalogue():
    of_rules = {entry.name for rule in RULES for entry in rule.differences}
    of_catalogue = {entry.name for op in catalogue.OPERATORS for entry in op.differences}
    assert of_rules == of_catalogue
    assert all(rule.documented(entry) for rule in RULES for entry in rule.differences)


def test_there_are_at_most_25_documented_differences():
    assert sum(len(op.differences) for op in catalogue.OPERATORS) <= 25


@pytest.mark.parametrize(
    ("path", "counterpart"),
    [
        ("paddle.abs", "torch.abs"),
        ("paddle.Tensor.abs", "torch.Tensor.abs"),
        ("paddle.nn.functional.relu", "torch.nn.functional.relu"),
        ("paddle.linalg.inv", "torch.linalg.inv"),
    ],
)
def test_an_api_without_a_rule_is_judged_by_that_of_its_name(path, counterpart):
    assert find_rule(path).reference.path == counterpart


@pytest.mark.parametrize(
    "path", ["paddle.split", "paddle.no_such_api", "paddle.incubate.nn.functional.swiglu"]
)
def test_an_api_that_torch_does_not_have_in_name_and_meaning_is_reported(path):
    with pytest.raises(NoRule, match=f"no rule for {path}"):
        find_rule(path)


def test_an_in_place_api_without_a_rule_overwrites_its_first_tensor():
    assert find_rule("paddle.Tensor.abs_").overwrites == ("argument 0",)
