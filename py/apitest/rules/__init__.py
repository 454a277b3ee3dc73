"""The rules: data on how the harness judges each API, one module an operator.

A module here that defines RULES is found by its name.
"""

from __future__ import annotations

import importlib
import pkgutil

from paddlemend.apitest.rules.model import Rule
from paddlemend.apitest.rules.same_name import rule_without_reference, same_name_rule


def _all_rules() -> tuple[Rule, ...]:
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    return tuple(rule for module in modules for rule in getattr(module, "RULES", ()))


RULES = _all_rules()

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
