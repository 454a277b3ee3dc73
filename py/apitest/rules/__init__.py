"""The rules: data on how the harness judges each API, one module an operator."""

from __future__ import annotations

from paddlemend.apitest.rules import (
    as_strided,
    batch_norm,
    cholesky_solve,
    copysign,
    eigenvalues,
    expand,
    fused_layer_norm,
    index_add,
    index_put,
    index_sample,
    put_along_axis,
    unique,
)
from paddlemend.apitest.rules.model import Rule
from paddlemend.apitest.rules.same_name import rule_without_reference, same_name_rule

_MODULES = (
    expand,
    index_add,
    index_sample,
    as_strided,
    index_put,
    put_along_axis,
    batch_norm,
    fused_layer_norm,
    copysign,
    eigenvalues,
    cholesky_solve,
    unique,
)

RULES: tuple[Rule, ...] = tuple(rule for module in _MODULES for rule in module.RULES)

_BY_PATH = {path: rule for rule in RULES for path in rule.paths}


class NoRule(ValueError):
    """The harness does not know how to judge an API; the text says why."""


def find_rule(path: str) -> Rule:
    """The rule for a public path such as "paddle.Tensor.expand"; NoRule if there is none."""
    rule = _BY_PATH.get(path) or same_name_rule(path)
    if rule is None:
        raise NoRule(f"there is no rule for {path}, and Torch has no API of that name and meaning")
    return rule


def find_rule_or_none_needed(path: str) -> Rule:
    """The rule for a path, or one that only feeds the API: for modes that compare with nothing."""
    return _BY_PATH.get(path) or same_name_rule(path) or rule_without_reference(path)
