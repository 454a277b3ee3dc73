"""The rules: data on how the harness judges each API, one module an operator."""

from __future__ import annotations

from paddlemend.apitest.rules import (
    conv2d,
    conv2d_transpose,
    expand,
    fused_multi_head_attention,
    index_add,
    variable_length_memory_efficient_attention,
)
from paddlemend.apitest.rules.model import Rule
from paddlemend.apitest.rules.same_name import same_name_rule

_MODULES = (
    conv2d,
    conv2d_transpose,
    expand,
    fused_multi_head_attention,
    index_add,
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
