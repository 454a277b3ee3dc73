"""What the harness asks of a framework: run one call forward, then backward."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from paddlemend.apitest.binding import parameter_of
from paddlemend.apitest.host_tensor import HostTensor, is_differentiable
from paddlemend.apitest.rules.model import Rule

_LONGEST_MESSAGE = 300


# What a framework raises for arguments that it does not accept. Anything else is an accident.
_REFUSALS = (ValueError, TypeError, IndexError, KeyError, NotImplementedError, RuntimeError)


class Rejected(Exception):
    """The framework refused the call. The message is its error, in one line.

    `is_accident` says that the type of the error is none that a refusal has.
    """

    def __init__(self, error: BaseException):
        super().__init__(one_line(error))
        self.is_accident = not isinstance(error, _REFUSALS) or isinstance(error, RecursionError)


class Unsupported(Exception):
    """The harness cannot run the case this way: a reason in one word and what is in the way."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


class Execution(Protocol):
    """One call on one framework, built from a BoundCall and its inputs, all gradients on."""

    def forward(self) -> list[HostTensor]:
        """Runs the call and returns its outputs; raises Rejected."""

    def backward(self, cotangents: Sequence[HostTensor | None]) -> Mapping[str, HostTensor | None]:
        """The gradients by label, None where there is none; raises Rejected.

        `cotangents` has one entry an output that the call returns, None for one that is not
        differentiated.
        """

    def changed_inputs(self) -> list[str]:
        """The labels of the tensors that the call changed although it should not."""


def is_differentiated(rule: Rule, label: str, dtype: str) -> bool:
    """Whether the tensor of that label requires a gradient in a trial."""
    wanted = rule.differentiable is None or parameter_of(label) in rule.differentiable
    return wanted and is_differentiable(dtype)


def one_line(error: BaseException) -> str:
    """Type and text of an error in one line, without Paddle's C++ frames and its banners."""
    text = str(error)
    _, separator, summary = text.rpartition("Error Message Summary:")
    lines = [line.strip() for line in (summary if separator else text).splitlines()]
    joined = " ".join(line for line in lines if not re.fullmatch(r"-*", line))
    message = f"{type(error).__name__}: {joined}"
    if isinstance(error, SystemError) and error.__cause__ is not None:
        message += f" ({one_line(error.__cause__)})"
    if len(message) > _LONGEST_MESSAGE:
        message = message[: _LONGEST_MESSAGE - 1] + "…"
    return message


def resolve(root: Any, path: str) -> Any:
    """The attribute at a dotted path below a root module, whose name is the path's first part."""
    value = root
    for name in path.split(".")[1:]:
        value = getattr(value, name)
    return value


def flat_outputs(result: Any, tensor_type: type) -> list[Any]:
    """The tensors of a call's result, which may be one tensor or a list or tuple of them."""
    if isinstance(result, tensor_type):
        return [result]
    if isinstance(result, (list, tuple)):
        return [tensor for item in result for tensor in flat_outputs(item, tensor_type)]
    return []
