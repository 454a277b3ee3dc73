"""The accuracy trial: reference and subject side by side, forward, then every gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from paddlemend import catalogue
from paddlemend.apitest import row
from paddlemend.apitest.binding import map_labelled
from paddlemend.apitest.compare import Comparison, Expectation, compare_tensor
from paddlemend.apitest.equivalence import in_reference_order, in_result_order
from paddlemend.apitest.execution import Execution, Rejected
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.reference_call import ReferenceExecution
from paddlemend.apitest.repetition import judge_repetitions
from paddlemend.apitest.rules.model import Arguments, Difference
from paddlemend.apitest.tolerance import needs_wide_reference
from paddlemend.apitest.trial import Gradients, Trial, as_arrays, attempt, reason_of
from paddlemend.apitest.verdict import Verdict


class AccuracyTrial(Trial):
    """Compares the subject with the rule's reference.

    Both run on the same inputs and cotangents. The reference runs in the dtypes of the case and,
    where a tolerance asks for it, in float64.
    """

    def verdict(self) -> Verdict:
        self.on_stage(row.REFERENCE)
        same_run = self._reference(wide=False)
        wide_run = self._reference(wide=True) if needs_wide_reference(self.rule) else None
        subject = self.subject()
        if self._forward(same_run, wide_run, subject):
            self._backward(same_run, wide_run, subject)
        if self.verdict_so_far.class_ == row.PASS:
            judge_repetitions(self)
        if self.verdict_so_far.class_ == row.PASS and self._differences:
            entry = self.rule.documented(self._differences[0])
            self.verdict_so_far.reason = "documented_difference"
            self.verdict_so_far.message = f"{entry.name}: {entry.reason}"
        return self.verdict_so_far

    @cached_property
    def _differences(self) -> Sequence[Difference]:
        arrays = as_arrays(self.arguments)
        return [entry for entry in self.rule.differences if entry.applies(arrays)]

    def _reference(self, *, wide: bool) -> ReferenceExecution:
        arguments = reference_arguments(self._differences, self.arguments)
        return ReferenceExecution(self.call, arguments, wide=wide)

    def _forward(self, same_run: Execution, wide_run: Execution | None, subject: Execution) -> bool:
        """Runs and judges the outputs; says whether the trial goes on."""
        same, reference_refusal = attempt(same_run.forward)
        wide = wide_run.forward() if wide_run and not reference_refusal else None
        self.on_stage(row.FORWARD)
        actual, refusal = attempt(subject.forward)
        if refusal is not None and any(entry.may_refuse for entry in self._differences):
            as_written = ReferenceExecution(self.call, self.arguments)
            _, reference_refusal = attempt(as_written.forward)
        if self._refused(reference_refusal, refusal):
            return False
        if len(actual) != len(same):
            message = f"{len(actual)} outputs, expected {len(same)}"
            self.verdict_so_far.fail(row.ACCURACY_ERROR, "outputs", message)
            return False
        self._order(actual, same, wide)
        rearranged = [in_reference_order(*pair) for pair in zip(actual, self._subject_order)]
        return self._outputs_agree(rearranged, same, wide) and self.inputs_unchanged(subject)

    def _order(
        self,
        actual: Sequence[HostTensor],
        same: Sequence[HostTensor],
        wide: Sequence[HostTensor] | None,
    ) -> None:
        """Works out the cotangents, and where results have another order than the reference."""
        target = wide or same
        equivalence = self.rule.equivalence

        def positions(results: Sequence[HostTensor]) -> list[Any]:
            if equivalence is None:
                return [None] * len(results)
            return [equivalence.positions(*pair) for pair in zip(results, target)]

        self._subject_order, self._same_order = positions(actual), positions(same)
        self._cotangents = self.random_cotangents(same)

    def _outputs_agree(
        self,
        actual: Sequence[HostTensor],
        same: Sequence[HostTensor],
        wide: Sequence[HostTensor] | None,
    ) -> bool:
        for position, got in enumerate(actual):
            expected = Expectation(
                in_reference_order(same[position], self._same_order[position]),
                wide[position] if wide else None,
                self._residual,
            )
            rule = catalogue.SHAPE if self.is_random else self._forward_tolerance
            comparison = compare_tensor(got, expected, rule)
            if not self.verdict_so_far.add(comparison, f"output {position}"):
                return False
        return True

    @property
    def _forward_tolerance(self) -> str:
        moves_data = self.rule.moves_data
        if moves_data is not None and moves_data(self.call.arguments):
            return catalogue.BITWISE
        return self.rule.forward_tolerance

    def _residual(self, output: HostTensor) -> float:
        if self.rule.residual is None:
            return float("inf")
        widened = {
            name: map_labelled(name, value, _widened) for name, value in self.arguments.items()
        }
        return self.rule.residual(widened, output)

    def _backward(
        self, same_run: Execution, wide_run: Execution | None, subject: Execution
    ) -> None:
        if not self.has_gradients(self._cotangents):
            return
        labels = self.differentiated()
        self.verdict_so_far.stage = row.BACKWARD
        self.on_stage(row.REFERENCE)
        same, reference_refusal = attempt(
            lambda: same_run.backward(self._ordered_cotangents(self._same_order))
        )
        wide = wide_run.backward(self._cotangents) if wide_run and not reference_refusal else {}
        self.on_stage(row.BACKWARD)
        actual, refusal = attempt(lambda: subject.backward(self._subject_cotangents))
        if self._refused(reference_refusal, refusal):
            return
        if not self._gradients_agree(labels, actual, same, wide, ""):
            return
        if self.inputs_unchanged(subject) and len(labels) > 1:
            self._one_gradient_at_a_time(labels, same, wide)

    def _one_gradient_at_a_time(
        self, labels: Sequence[str], same: Gradients, wide: Gradients
    ) -> None:
        """Repeats the call with one differentiable input each: kernels then get null outputs."""
        for label in labels:
            condition = f" with only {label} requiring a gradient"
            actual, refusal = attempt(partial(self._only_gradient, label))
            if self._refused(None, refusal, condition):
                return
            if not self._gradients_agree([label], actual, same, wide, condition):
                return

    def _only_gradient(self, label: str) -> Gradients:
        run = self.subject([label])
        run.forward()
        return run.backward(self._subject_cotangents)

    @property
    def _subject_cotangents(self) -> list[HostTensor | None]:
        return self._ordered_cotangents(self._subject_order)

    def _ordered_cotangents(self, order: Sequence[Any]) -> list[HostTensor | None]:
        return [
            None if cotangent is None else in_result_order(cotangent, positions)
            for cotangent, positions in zip(self._cotangents, order)
        ]

    def _gradients_agree(
        self,
        labels: Sequence[str],
        actual: Gradients,
        same: Gradients,
        wide: Gradients,
        condition: str,
    ) -> bool:
        rule = catalogue.SHAPE if self.is_random else self.rule.gradient_tolerance
        return all(
            self.verdict_so_far.add(
                compare_gradient(actual.get(label), same.get(label), wide.get(label), rule),
                f"gradient of {label}{condition}",
            )
            for label in labels
        )

    def _refused(
        self, reference_refusal: Rejected | None, refusal: Rejected | None, condition: str = ""
    ) -> bool:
        """Judges refusals by either side; says whether there was one."""
        verdict = self.verdict_so_far
        if reference_refusal is not None and refusal is not None:
            reason = "exception_type" if refusal.is_accident else ""
            verdict.fail(row.BOTH_REJECT, reason, str(refusal))
        elif reference_refusal is not None:
            verdict.fail(row.PADDLE_ACCEPTS, "exception", f"Torch raises {reference_refusal}")
        elif refusal is not None:
            prefix = f"{condition.strip()}: " if condition else ""
            verdict.fail(row.PADDLE_ERROR, reason_of(refusal), f"{prefix}{refusal}")
        return reference_refusal is not None or refusal is not None


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
    # A residual is that of an output; gradients of linear algebra are sums.
    rule = catalogue.SUM if rule == catalogue.RESIDUAL else rule
    comparison = compare_tensor(actual, Expectation(expected, wide), rule)
    if comparison.reason == "value":
        comparison.reason = "gradient"
    return comparison


def reference_arguments(
    differences: Sequence[Difference], arguments: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The arguments under which the reference gives the documented answer."""
    for difference in differences:
        if difference.reference is not None:
            arguments = _rewritten(difference.reference, arguments)
    return arguments


def _rewritten(
    rewrite: Callable[[Arguments], Arguments], arguments: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The arguments with those that `rewrite` changes; it takes and gives arrays for tensors."""
    arrays = as_arrays(arguments)
    changed = dict(arguments)
    for name, value in rewrite(arrays).items():
        if value is not arrays.get(name):
            is_array = isinstance(arguments.get(name), HostTensor)
            changed[name] = HostTensor(str(value.dtype), value) if is_array else value
    return changed


def _widened(label: str, value: Any) -> Any:
    return value.widened().data if isinstance(value, HostTensor) else value
