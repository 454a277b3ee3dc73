"""Binds the arguments of a case line to the parameters that the catalogue lists for its API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from paddlemend import catalogue
from paddlemend.apitest.case_line import CaseLine, TensorSpec


class BindingError(ValueError):
    """The line has an argument that the catalogue's signature does not know."""


@dataclass(frozen=True)
class BoundCall:
    """A case line with its operator, its API and its arguments by parameter name."""

    case: CaseLine
    operator: catalogue.Operator
    api: catalogue.Api
    arguments: dict[str, Any]

    def tensor_parameters(self) -> dict[str, TensorSpec]:
        """The tensor arguments by parameter name, in the order of the signature."""
        return {
            parameter.name: self.arguments[parameter.name]
            for parameter in self.api.parameters
            if parameter.kind == catalogue.TENSOR
            and isinstance(self.arguments.get(parameter.name), TensorSpec)
        }


def bind(case: CaseLine, operator: catalogue.Operator, api: catalogue.Api) -> BoundCall:
    """Binds as Python binds a call; a missing argument is left for the frameworks to refuse."""
    arguments = _bind_positional(case, api)
    for keyword, value in case.kwargs.items():
        name = _parameter_name(api, keyword)
        if name in arguments:
            raise BindingError(f"{case.api} got two values for {name!r}")
        arguments[name] = value
    return BoundCall(case, operator, api, arguments)


def _bind_positional(case: CaseLine, api: catalogue.Api) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    remaining = list(case.args)
    for parameter in api.parameters:
        if not remaining:
            break
        if parameter.variadic and not isinstance(remaining[0], (list, tuple, TensorSpec)):
            arguments[parameter.name] = tuple(remaining)
            remaining = []
        else:
            arguments[parameter.name] = remaining.pop(0)
    if remaining:
        raise BindingError(
            f"{case.api} takes {len(api.parameters)} positional arguments, got {len(case.args)}"
        )
    return arguments


def _parameter_name(api: catalogue.Api, keyword: str) -> str:
    for parameter in api.parameters:
        if keyword == parameter.name or keyword in parameter.aliases:
            return parameter.name
    known = ", ".join(parameter.name for parameter in api.parameters)
    raise BindingError(f"{api.path} has no parameter {keyword!r}; it has {known}")
