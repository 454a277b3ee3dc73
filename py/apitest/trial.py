"""What every trial of a call shares: inputs, the subject, refusals, cotangents, the verdict."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from paddlemend.apitest import row
from paddlemend.apitest.binding import BoundCall, map_labelled
from paddlemend.apitest.execution import Execution, Rejected, is_differentiated
from paddlemend.apitest.generators import random_values
from paddlemend.apitest.host_tensor import HostTensor, is_differentiable
from paddlemend.apitest.inputs import concrete_arguments, generate_inputs, random_generator
from paddlemend.apitest.verdict import Verdict

_T = TypeVar("_T")
Gradients = Mapping[str, "HostTensor | None"]

# Builds an execution from the call, the values of its tensors by key, its concrete arguments, and
# the labels of the tensors that require a gradient (None: all that the rule differentiates).
MakeExecution = Callable[
    [BoundCall, Mapping[int, HostTensor], Mapping[str, Any], "Sequence[str] | None"], Execution
]


class Trial(ABC):
    """Runs one call in the way of one mode and judges it.

    `on_stage` hears of each stage before it begins, so that a crash can be placed.
    """

    def __init__(
        self,
        call: BoundCall,
        make_subject: MakeExecution,
        seed: int,
        on_stage: Callable[[str], None] = lambda stage: None,
    ):
        self.call = call
        self.rule = call.rule
        self.on_stage = on_stage
        self.verdict_so_far = Verdict()
        self._make_subject = make_subject
        self._seed = seed
        self.inputs = generate_inputs(call, seed)
        self.arguments = concrete_arguments(call, self.inputs)

    @cached_property
    def is_random(self) -> bool:
        """Whether the values of the call's outputs are random."""
        return self.rule.random is not None and self.rule.random(as_arrays(self.arguments))

    @abstractmethod
    def verdict(self) -> Verdict:
        """The verdict; exceptions other than a framework's refusal escape."""

    def subject(self, differentiable: Sequence[str] | None = None) -> Execution:
        """A fresh execution of the call on the subject."""
        return self._make_subject(self.call, self.inputs, self.arguments, differentiable)

    def differentiated(self) -> list[str]:
        """The labels of the tensors that require a gradient."""
        return [
            label
            for label, spec in self.call.tensors().items()
            if is_differentiated(self.rule, label, spec.dtype)
        ]

    def has_gradients(self, cotangents: Sequence[HostTensor | None]) -> bool:
        """Whether there is anything to differentiate, given the cotangents of the outputs."""
        return bool(self.differentiated()) and any(entry is not None for entry in cotangents)

    def returned(self, outputs: Sequence[HostTensor]) -> Sequence[HostTensor]:
        """The outputs that the call returns, without the overwritten inputs that follow them."""
        return outputs[: len(outputs) - len(self.call.overwritten())]

    def random_cotangents(self, outputs: Sequence[HostTensor]) -> list[HostTensor | None]:
        """One cotangent for each output that the call returns; an overwritten input has none."""
        return [
            random_values(
                output.shape,
                output.dtype,
                random_generator(self.call, f"cotangent {position}", self._seed),
            )
            if is_differentiable(output.dtype)
            else None
            for position, output in enumerate(self.returned(outputs))
        ]

    def inputs_unchanged(self, run: Execution) -> bool:
        """Judges whether the call left the tensors alone that it must not change."""
        changed = run.changed_inputs()
        if changed:
            message = f"the call overwrote {', '.join(changed)}"
            self.verdict_so_far.fail(row.ACCURACY_ERROR, "inplace_input", message)
        return not changed


def as_arrays(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with a NumPy array for every tensor; bfloat16 as its bits."""

    def array(label: str, value: Any) -> Any:
        return value.data if isinstance(value, HostTensor) else value

    return {name: map_labelled(name, value, array) for name, value in arguments.items()}


def attempt(run: Callable[[], _T]) -> tuple[_T, None] | tuple[Any, Rejected]:
    """The result of a framework, or its refusal."""
    try:
        return run(), None
    except Rejected as refusal:
        return None, refusal


def reason_of(refusal: Rejected) -> str:
    """The reason that a refusal by the subject alone has in its row."""
    if "is not registered" in str(refusal):
        return "dtype"
    return "exception_type" if refusal.is_accident else "exception"
