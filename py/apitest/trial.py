"""The trial of one call: Torch and Paddle side by side, forward, then every gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from paddlemend import catalogue
from paddlemend.apitest import row
from paddlemend.apitest.binding import BoundCall
from paddlemend.apitest.compare import Comparison, Expectation, compare_tensor
from paddlemend.apitest.execution import Execution, Rejected
from paddlemend.apitest.host_tensor import HostTensor, is_differentiable
from paddlemend.apitest.inputs import (
    concrete_arguments,
    generate_inputs,
    random_generator,
    random_values,
)
from paddlemend.apitest.tolerance import needs_wide_reference
from paddlemend.apitest.torch_call import TorchExecution
from paddlemend.apitest.verdict import Verdict

_T = TypeVar("_T")
Gradients = Mapping[str, "HostTensor | None"]

# Builds the execution under trial from the call, the values of its tensors by key, its concrete
# arguments, and the parameters that require a gradient (None: every floating and complex one).
MakeSubject = Callable[
    [BoundCall, Mapping[int, HostTensor], Mapping[str, Any], "Sequence[str] | None"], Execution
]


class Trial:
    """Runs one call on Torch and on the subject and judges it.

    `on_stage` hears of each stage before the subject enters it, so that a crash can be placed.
    """

    def __init__(
        self,
        call: BoundCall,
        make_subject: MakeSubject,
        seed: int,
        on_stage: Callable[[str], None],
    ):
        self._call = call
        self._make_subject = make_subject
        self._seed = seed
        self._on_stage = on_stage
        self._inputs = generate_inputs(call, seed)
        self._arguments = concrete_arguments(call, self._inputs)
        self._difference = _applicable_difference(call.operator, self._arguments)
        self._verdict = Verdict()

    def verdict(self) -> Verdict:
        """The verdict; exceptions other than a framework's refusal escape."""
        torch_arguments = _reference_arguments(self._difference, self._arguments)
        torch_run = TorchExecution(self._call, torch_arguments)
        wide_run = self._wide_execution(torch_arguments)
        subject = self._subject(None)
        if self._forward(torch_run, wide_run, subject):
            self._backward(torch_run, wide_run, subject)
        if self._verdict.class_ == row.PASS and self._difference is not None:
            self._verdict.reason = "documented_difference"
            self._verdict.message = f"{self._difference.name}: {self._difference.reason}"
        return self._verdict

    def _forward(
        self, torch_run: Execution, wide_run: Execution | None, subject: Execution
    ) -> bool:
        """Runs and judges the outputs; says whether the trial goes on."""
        expected, torch_refusal = _attempt(torch_run.forward)
        self._on_stage(row.FORWARD)
        actual, refusal = _attempt(subject.forward)
        if refusal is not None and self._difference is not None and self._difference.may_refuse:
            as_written = TorchExecution(self._call, self._arguments)
            _, torch_refusal = _attempt(as_written.forward)
        if self._refused(torch_refusal, refusal):
            return False
        wide = wide_run.forward() if wide_run is not None else [None] * len(expected)
        self._cotangents = self._random_cotangents(expected)
        if len(actual) != len(expected):
            message = f"{len(actual)} outputs, expected {len(expected)}"
            self._verdict.fail(row.ACCURACY_ERROR, "outputs", message)
            return False
        rule = self._call.operator.forward_tolerance
        for position, (got, same, reference) in enumerate(zip(actual, expected, wide)):
            comparison = compare_tensor(got, Expectation(same, reference), rule)
            if not self._verdict.add(comparison, f"output {position}"):
                return False
        return self._inputs_unchanged(subject)

    def _backward(
        self, torch_run: Execution, wide_run: Execution | None, subject: Execution
    ) -> None:
        parameters = self._differentiable_parameters()
        if not parameters or all(cotangent is None for cotangent in self._cotangents):
            return
        self._verdict.stage = row.BACKWARD
        expected, torch_refusal = _attempt(lambda: torch_run.backward(self._cotangents))
        self._on_stage(row.BACKWARD)
        actual, refusal = _attempt(lambda: subject.backward(self._cotangents))
        if self._refused(torch_refusal, refusal):
            return
        wide = wide_run.backward(self._cotangents) if wide_run is not None else {}
        if not self._gradients_agree(parameters, actual, expected, wide, ""):
            return
        if self._inputs_unchanged(subject) and len(parameters) > 1:
            self._one_gradient_at_a_time(parameters, expected, wide)

    def _one_gradient_at_a_time(
        self, parameters: Sequence[str], expected: Gradients, wide: Gradients
    ) -> None:
        """Repeats the call with one differentiable input each: kernels then get null outputs."""
        for name in parameters:
            condition = f" with only {name} requiring a gradient"
            actual, refusal = _attempt(partial(self._only_gradient, name))
            if self._refused(None, refusal, condition):
                return
            if not self._gradients_agree([name], actual, expected, wide, condition):
                return

    def _only_gradient(self, name: str) -> Gradients:
        run = self._subject([name])
        run.forward()
        return run.backward(self._cotangents)

    def _gradients_agree(
        self,
        parameters: Sequence[str],
        actual: Gradients,
        expected: Gradients,
        wide: Gradients,
        condition: str,
    ) -> bool:
        rule = self._call.operator.gradient_tolerance
        return all(
            self._verdict.add(
                compare_gradient(actual.get(name), expected.get(name), wide.get(name), rule),
                f"gradient of {name}{condition}",
            )
            for name in parameters
        )

    def _refused(
        self, torch_refusal: Rejected | None, refusal: Rejected | None, condition: str = ""
    ) -> bool:
        """Judges refusals by either side; says whether there was one."""
        if torch_refusal is not None and refusal is not None:
            self._verdict.fail(row.BOTH_REJECT, "", str(refusal))
        elif torch_refusal is not None:
            self._verdict.fail(row.PADDLE_ACCEPTS, "exception", f"Torch raises {torch_refusal}")
        elif refusal is not None:
            reason = "dtype" if "is not registered" in str(refusal) else "exception"
            prefix = f"{condition.strip()}: " if condition else ""
            self._verdict.fail(row.PADDLE_ERROR, reason, f"{prefix}{refusal}")
        return torch_refusal is not None or refusal is not None

    def _inputs_unchanged(self, run: Execution) -> bool:
        changed = run.changed_inputs()
        if changed:
            message = f"the call overwrote {', '.join(changed)}"
            self._verdict.fail(row.ACCURACY_ERROR, "inplace_input", message)
        return not changed

    def _random_cotangents(self, outputs: Sequence[HostTensor]) -> list[HostTensor | None]:
        """One cotangent for each output that the call returns; an overwritten input has none."""
        returned = outputs[:-1] if self._call.api.in_place is not None else outputs
        return [
            random_values(
                output.shape,
                output.dtype,
                random_generator(self._call, f"cotangent {position}", self._seed),
            )
            if is_differentiable(output.dtype)
            else None
            for position, output in enumerate(returned)
        ]

    def _differentiable_parameters(self) -> list[str]:
        return [
            name
            for name, spec in self._call.tensor_parameters().items()
            if is_differentiable(spec.dtype)
        ]

    def _wide_execution(self, arguments: Mapping[str, Any]) -> Execution | None:
        if not needs_wide_reference(self._call.operator):
            return None
        return TorchExecution(self._call, arguments, wide=True)

    def _subject(self, differentiable: Sequence[str] | None) -> Execution:
        return self._make_subject(self._call, self._inputs, self._arguments, differentiable)


def compare_gradient(
    actual: HostTensor | None, expected: HostTensor | None, wide: HostTensor | None, rule: str
) -> Comparison:
    """Judges one gradient. No gradient and a gradient of zeros mean the same."""
    if expected is None:
        if actual is None or not actual.values().any():
            return Comparison()
        return Comparison(reason="gradient", message="a gradient, expected none")
    if actual is None:
        return Comparison(reason="gradient", message="no gradient, expected one")
    comparison = compare_tensor(actual, Expectation(expected, wide), rule)
    if comparison.reason == "value":
        comparison.reason = "gradient"
    return comparison


def _attempt(run: Callable[[], _T]) -> tuple[_T, None] | tuple[Any, Rejected]:
    """The result of a framework, or its refusal."""
    try:
        return run(), None
    except Rejected as refusal:
        return None, refusal


def _applicable_difference(
    operator: catalogue.Operator, arguments: Mapping[str, Any]
) -> catalogue.Difference | None:
    arrays = _as_arrays(arguments)
    return next((entry for entry in operator.differences if entry.applies(arrays)), None)


def _reference_arguments(
    difference: catalogue.Difference | None, arguments: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The arguments under which Torch gives the documented answer."""
    if difference is None:
        return arguments
    arrays = _as_arrays(arguments)
    changed = dict(arguments)
    for name, value in difference.reference(arrays).items():
        if value is not arrays[name]:
            is_array = isinstance(arguments[name], HostTensor)
            changed[name] = HostTensor(str(value.dtype), value) if is_array else value
    return changed


def _as_arrays(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.data if isinstance(value, HostTensor) else value
        for name, value in arguments.items()
    }
