"""The static trial: one call in dygraph, as a static PIR program and translated by SOT."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from paddlemend.apitest import row
from paddlemend.apitest.accuracy import compare_gradient
from paddlemend.apitest.compare import Expectation, compare_tensor
from paddlemend.apitest.execution import Execution
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.static_call import ProgramExecution, SotExecution
from paddlemend.apitest.trial import Gradients, Trial, attempt, reason_of
from paddlemend.apitest.verdict import Verdict

# What Paddle says of an API that static programs do not have.
_DYGRAPH_ONLY = "in dynamic graph mode"
_RAN_EAGERLY = "SOT compiled no graph: the call ran in dygraph"


class StaticTrial(Trial):
    """Compares a static program and SOT with dygraph, by the tolerances of the rule.

    A call that SOT gives back to dygraph passes, and the row says so. A program that refuses an
    operator of dygraph alone is right, if it says why.
    """

    def verdict(self) -> Verdict:
        self.on_stage(row.FORWARD)
        dygraph = self.subject()
        outputs, refusal = attempt(dygraph.forward)
        sot = SotExecution(self.call, self.inputs)
        runs: dict[str, Execution] = {
            "static program": ProgramExecution(self.call, self.inputs),
            "SOT": sot,
        }
        if refusal is not None:
            self._all_should_refuse(runs, str(refusal))
            return self.verdict_so_far
        if self._is_dygraph_only() and not self._says_why(runs.pop("static program")):
            return self.verdict_so_far
        returned = self.returned(outputs)
        if not all(self._outputs_agree(name, run, returned) for name, run in runs.items()):
            return self.verdict_so_far
        cotangents = self.random_cotangents(outputs)
        if self.has_gradients(cotangents):
            self.on_stage(row.BACKWARD)
            self.verdict_so_far.stage = row.BACKWARD
            expected, refusal = attempt(partial(dygraph.backward, cotangents))
            if refusal is not None:
                self.verdict_so_far.fail(
                    row.PADDLE_ERROR, reason_of(refusal), f"dygraph: {refusal}"
                )
                return self.verdict_so_far
            for name, run in runs.items():
                if not self._gradients_agree(name, partial(run.backward, cotangents), expected):
                    return self.verdict_so_far
        if not sot.graphs:
            self.verdict_so_far.message = _RAN_EAGERLY
        return self.verdict_so_far

    def _all_should_refuse(self, runs: dict[str, Execution], message: str) -> None:
        self.verdict_so_far.fail(row.BOTH_REJECT, "", message)
        for name, run in runs.items():
            _, refusal = attempt(run.forward)
            if refusal is None:
                text = f"{name} accepts what dygraph refuses: {message}"
                self.verdict_so_far.fail(row.PADDLE_ACCEPTS, "exception", text)
                return

    def _is_dygraph_only(self) -> bool:
        return self.rule.operator is not None and self.rule.operator.dygraph_only

    def _says_why(self, program: Execution) -> bool:
        """Whether a program refuses an operator for being one of dygraph alone."""
        _, refusal = attempt(program.forward)
        if refusal is None:
            text = "static program accepts an operator that is in dygraph only"
            self.verdict_so_far.fail(row.PADDLE_ACCEPTS, "exception", text)
        elif _DYGRAPH_ONLY not in str(refusal):
            text = f"static program: {refusal}"
            self.verdict_so_far.fail(row.PADDLE_ERROR, reason_of(refusal), text)
        else:
            return True
        return False

    def _outputs_agree(self, name: str, run: Execution, expected: Sequence[HostTensor]) -> bool:
        outputs, refusal = attempt(run.forward)
        if refusal is not None:
            self.verdict_so_far.fail(row.PADDLE_ERROR, reason_of(refusal), f"{name}: {refusal}")
            return False
        # A program's values are never overwritten.
        found = self.returned(outputs) if isinstance(run, SotExecution) else outputs
        if len(found) != len(expected):
            message = f"{name}: {len(found)} outputs, dygraph has {len(expected)}"
            self.verdict_so_far.fail(row.ACCURACY_ERROR, "outputs", message)
            return False
        return all(
            self.verdict_so_far.add(
                compare_tensor(got, Expectation(want, want.widened()), self.rule.forward_tolerance),
                f"output {position} of {name}",
            )
            for position, (got, want) in enumerate(zip(found, expected))
        )

    def _gradients_agree(
        self, name: str, backward: Callable[[], Gradients], expected: Gradients
    ) -> bool:
        gradients, refusal = attempt(backward)
        if refusal is not None:
            self.verdict_so_far.fail(row.PADDLE_ERROR, reason_of(refusal), f"{name}: {refusal}")
            return False
        rule = self.rule.gradient_tolerance
        return all(
            self.verdict_so_far.add(
                compare_gradient(
                    gradients.get(label), want, want.widened() if want else None, rule
                ),
                f"gradient of {label} of {name}",
            )
            for label, want in expected.items()
        )
