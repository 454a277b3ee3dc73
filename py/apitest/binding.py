"""Binds the arguments of a case line to the parameters that the rule of its API lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from paddlemend.apitest.case_line import CaseLine, TensorSpec
from paddlemend.apitest.rules.model import Parameter, Rule
from paddlemend.apitest.rules.same_name import positional_name


class BindingError(ValueError):
    """The line has an argument that the rule's signature does not know."""


@dataclass(frozen=True)
class BoundCall:
    """A case line with its rule and its arguments by parameter name."""

    case: CaseLine
    rule: Rule
    arguments: dict[str, Any]

    def tensors(self) -> dict[str, TensorSpec]:
        """The tensor arguments by label, in the order of the signature.

        A label is a parameter's name, with the position for a tensor in a list: "indices[1]".
        """
        names = [parameter.name for parameter in self.rule.parameters] or list(self.arguments)
        return {
            label: value
            for name in names
            for label, value in labelled(name, self.arguments.get(name))
            if isinstance(value, TensorSpec)
        }

    def overwritten(self) -> dict[str, TensorSpec]:
        """The tensors that the call may overwrite, by label."""
        return {
            label: spec
            for label, spec in self.tensors().items()
            if parameter_of(label) in self.rule.overwrites
        }


def labelled(label: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value with its label, or those of the items of a list or tuple, at any depth."""
    if isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from labelled(f"{label}[{position}]", item)
    else:
        yield label, value


def map_labelled(label: str, value: Any, function: Callable[[str, Any], Any]) -> Any:
    """The value with `function(label, item)` in place of every item that is no list or tuple."""
    if isinstance(value, (list, tuple)):
        return type(value)(
            map_labelled(f"{label}[{position}]", item, function)
            for position, item in enumerate(value)
        )
    return function(label, value)


def parameter_of(label: str) -> str:
    """The parameter that a label belongs to: "indices" for "indices[1]"."""
    return label.partition("[")[0]


def bind(case: CaseLine, rule: Rule) -> BoundCall:
    """Binds as Python binds a call; a missing argument is left for the frameworks to refuse."""
    if not rule.parameters:
        positional = {positional_name(i): value for i, value in enumerate(case.args)}
        return BoundCall(case, rule, {**positional, **case.kwargs})
    arguments = _bind_positional(case, rule.parameters)
    for keyword, value in case.kwargs.items():
        name = _parameter_name(rule, keyword)
        if name in arguments:
            raise BindingError(f"{case.api} got two values for {name!r}")
        arguments[name] = value
    return BoundCall(case, rule, arguments)


def _bind_positional(case: CaseLine, parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    remaining = list(case.args)
    for parameter in parameters:
        if not remaining:
            break
        if parameter.variadic and not isinstance(remaining[0], (list, tuple, TensorSpec)):
            arguments[parameter.name] = tuple(remaining)
            remaining = []
        else:
            arguments[parameter.name] = remaining.pop(0)
    if remaining:
        raise BindingError(
            f"{case.api} takes {len(parameters)} positional arguments, got {len(case.args)}"
        )
    return arguments


def _parameter_name(rule: Rule, keyword: str) -> str:
    for parameter in rule.parameters:
        if keyword == parameter.name or keyword in parameter.aliases:
            return parameter.name
    known = ", ".join(parameter.name for parameter in rule.parameters)
    raise BindingError(f"{rule.path} has no parameter {keyword!r}; it has {known}")
