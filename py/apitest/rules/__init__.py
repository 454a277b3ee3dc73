"""The rules: data on how the harness judges each API, one module an operator."""

from __future__ import annotations

from paddlemend.apitest.rules import (
    as_strided,
    batch_norm,
    cholesky_solve,
    conv2d,
    conv2d_transpose,
    copysign,
    eigenvalues,
    expand,
    fused_layer_norm,
    fused_multi_head_attention,
    index_add,
    index_put,
    index_sample,
    put_along_axis,
    unique,
    variable_length_memory_efficient_attention,
)
from paddlemend.apitest.rules.model import Rule
from paddlemend.apitest.rules.same_name import rule_without_reference, same_name_rule

_MODULES = (
    as_strided,
    batch_norm,
    cholesky_solve,
    conv2d,
    conv2d_transpose,
    copysign,
    eigenvalues,
    expand,
    fused_layer_norm,
    fused_multi_head_attention,
    index_add,
    index_put,
    index_sample,
    put_along_axis,
    unique,
    variable_length_memory_efficient_attention,
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
