"""The trials that need no reference: paddle-only and stable."""

from __future__ import annotations

from paddlemend.apitest import row
from paddlemend.apitest.execution import Rejected
from paddlemend.apitest.repetition import judge_repetitions, judge_stability, run_once
from paddlemend.apitest.trial import Trial, reason_of
from paddlemend.apitest.verdict import Verdict


class PaddleOnlyTrial(Trial):
    """Runs the call and its gradients: found are refusals, crashes, changed inputs and leaks."""

    def verdict(self) -> Verdict:
        self.on_stage(row.FORWARD)
        run = self.subject()
        try:
            outputs = run.forward()
            cotangents = self.random_cotangents(outputs)
            if self.has_gradients(cotangents):
                self.verdict_so_far.stage = row.BACKWARD
                self.on_stage(row.BACKWARD)
                run.backward(cotangents)
        except Rejected as refusal:
            self.verdict_so_far.fail(row.PADDLE_ERROR, reason_of(refusal), str(refusal))
            return self.verdict_so_far
        if self.inputs_unchanged(run):
            judge_repetitions(self)
        return self.verdict_so_far


class StableTrial(Trial):
    """Runs the call twice on equal inputs: every bit of outputs and gradients must be equal."""

    def verdict(self) -> Verdict:
        self.on_stage(row.FORWARD)
        try:
            first = run_once(self)
            if any(name.startswith("gradient") for name in first.names):
                self.verdict_so_far.stage = row.BACKWARD
            judge_stability(self, first)
        except Rejected as refusal:
            self.verdict_so_far.fail(row.PADDLE_ERROR, reason_of(refusal), str(refusal))
        return self.verdict_so_far
