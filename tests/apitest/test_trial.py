"""A trial finds wrong outputs, gradients, dtypes, shapes and refusals, and misses none.

The subjects are Torch itself with one planted fault.
"""

from __future__ import annotations

import numpy as np
import pytest
from helpers import bound
from paddlemend.apitest import row
from paddlemend.apitest.accuracy import AccuracyTrial, compare_gradient
from paddlemend.apitest.execution import Rejected
from paddlemend.apitest.host_tensor import HostTensor
from paddlemend.apitest.reference_call import ReferenceExecution

EXPAND = 'paddle.expand(Tensor([1, 3],"float32"), list[2,3,], )'
INDEX_ADD = (
    'paddle.index_add(Tensor([4, 3],"float32"), '
    'Tensor([2],"int64",values=list[0,1]), 0, Tensor([2, 3],"float32"), )'
)


class Faithful(ReferenceExecution):
    """A subject without fault; the faults below override one method."""

    def __init__(self, call, inputs, arguments, differentiable):
        super().__init__(call, arguments)
        self.differentiable = differentiable


def verdict(line, subject=Faithful, stages=None):
    return AccuracyTrial(
        bound(line), subject, 0, (stages if stages is not None else []).append
    ).verdict()


def changed(tensor: HostTensor) -> HostTensor:
    data = tensor.data.copy()
    data.flat[0] += 1
    return HostTensor(tensor.dtype, data)


def test_a_subject_without_fault_passes_with_its_gradients_compared():
    stages: list[str] = []
    result = verdict(INDEX_ADD, stages=stages)
    assert (result.class_, result.stage) == (row.PASS, row.BACKWARD)
    assert result.tolerance == "assert_close"
    assert stages == ["reference", "forward", "reference", "backward"]


def test_without_differentiable_inputs_the_trial_ends_after_the_outputs():
    result = verdict('paddle.expand(Tensor([1, 3],"int64"), list[2,3,], )')
    assert (result.class_, result.stage, result.tolerance) == (row.PASS, row.FORWARD, "bitwise")


def test_a_wrong_output_is_found():
    class Wrong(Faithful):
        def forward(self):
            return [changed(output) for output in super().forward()]

    result = verdict(EXPAND, Wrong)
    assert (result.class_, result.reason) == (row.ACCURACY_ERROR, "value")
    assert result.stage == row.FORWARD and "output 0: 1 of 6" in result.message


@pytest.mark.parametrize("name", ["x", "value"])
def test_a_wrong_gradient_is_found_whichever_input_it_belongs_to(name):
    class Wrong(Faithful):
        def backward(self, cotangents):
            gradients = dict(super().backward(cotangents))
            return {**gradients, name: changed(gradients[name])}

    result = verdict(INDEX_ADD, Wrong)
    assert (result.class_, result.reason) == (row.ACCURACY_ERROR, "gradient")
    assert result.stage == row.BACKWARD
    assert f"gradient of {name}" in result.message


def test_a_missing_gradient_is_found():
    class Missing(Faithful):
        def backward(self, cotangents):
            return {**super().backward(cotangents), "value": None}

    result = verdict(INDEX_ADD, Missing)
    assert (result.class_, result.reason) == (row.ACCURACY_ERROR, "gradient")
    assert "gradient of value: no gradient" in result.message


def test_a_gradient_that_is_wrong_only_when_it_is_the_only_one_is_found():
    class WrongAlone(Faithful):
        def backward(self, cotangents):
            gradients = super().backward(cotangents)
            if self.differentiable == ["value"]:
                gradients["value"] = changed(gradients["value"])
            return gradients

    result = verdict(INDEX_ADD, WrongAlone)
    assert result.class_ == row.ACCURACY_ERROR and "with only value requiring" in result.message


def test_a_gradient_that_is_refused_only_when_it_is_the_only_one_is_found():
    class RaisesAlone(Faithful):
        def backward(self, cotangents):
            if self.differentiable == ["x"]:
                raise Rejected(ValueError("null gradient"))
            return super().backward(cotangents)

    result = verdict(INDEX_ADD, RaisesAlone)
    assert (result.class_, result.stage) == (row.PADDLE_ERROR, row.BACKWARD)
    assert "with only x requiring a gradient: ValueError: null gradient" in result.message


def test_a_wrong_dtype_and_a_wrong_shape_are_found():
    class WrongDtype(Faithful):
        def forward(self):
            return [HostTensor("float64", out.data.astype("float64")) for out in super().forward()]

    class WrongShape(Faithful):
        def forward(self):
            return [HostTensor(out.dtype, out.data.reshape(-1)) for out in super().forward()]

    assert verdict(EXPAND, WrongDtype).reason == "dtype"
    assert verdict(EXPAND, WrongShape).reason == "shape"


def test_a_missing_output_is_found():
    class Silent(Faithful):
        def forward(self):
            return super().forward()[1:]

    assert verdict(EXPAND, Silent).reason == "outputs"


def test_an_overwritten_input_is_found():
    class Overwrites(Faithful):
        def changed_inputs(self):
            return ["x"]

    result = verdict(EXPAND, Overwrites)
    assert (result.class_, result.reason) == (row.ACCURACY_ERROR, "inplace_input")


def test_an_in_place_call_is_judged_by_its_result_and_by_what_it_overwrote():
    class ForgetsToOverwrite(Faithful):
        def forward(self):
            returned, overwritten = super().forward()
            return [returned, changed(overwritten)]

    line = INDEX_ADD.replace("index_add(", "index_add_(")
    assert verdict(line).class_ == row.PASS
    assert "output 1" in verdict(line, ForgetsToOverwrite).message


class Refuses(Faithful):
    def forward(self):
        raise Rejected(ValueError("no"))


class RefusesBackward(Faithful):
    def backward(self, cotangents):
        raise Rejected(ValueError("no"))


def test_a_call_that_only_the_subject_refuses_is_an_error():
    assert verdict(EXPAND, Refuses).class_ == row.PADDLE_ERROR
    backward = verdict(EXPAND, RefusesBackward)
    assert (backward.class_, backward.stage) == (row.PADDLE_ERROR, row.BACKWARD)


def test_a_call_that_both_refuse_is_no_failure():
    assert verdict(EXPAND.replace("list[2,3,]", "list[2,4,]"), Refuses).class_ == row.BOTH_REJECT


def test_a_call_that_only_torch_refuses_is_named():
    class Accepts(Faithful):
        def forward(self):
            return [HostTensor("float32", np.zeros((2, 4), np.float32))]

    result = verdict(EXPAND.replace("list[2,3,]", "list[2,4,]"), Accepts)
    assert (result.class_, result.stage) == (row.PADDLE_ACCEPTS, row.FORWARD)
    assert "Torch raises RuntimeError" in result.message


def test_a_missing_kernel_has_a_reason_of_its_own():
    class Unregistered(Faithful):
        def forward(self):
            raise Rejected(RuntimeError("kernel `expand` is not registered."))

    assert verdict(EXPAND, Unregistered).reason == "dtype"


def test_a_documented_difference_passes_by_its_own_reference_and_says_so():
    line = INDEX_ADD.replace("list[0,1]", "list[-1,-4]")

    class Wraps(Faithful):
        def __init__(self, call, inputs, arguments, differentiable):
            index = arguments["index"]
            wrapped = HostTensor(index.dtype, index.data % 4)
            super().__init__(call, inputs, {**arguments, "index": wrapped}, differentiable)

    result = verdict(line, Wraps)
    assert (result.class_, result.reason) == (row.PASS, "documented_difference")
    assert result.message.startswith("index_add.negative_index")
    assert verdict(line, Faithful).class_ == row.PADDLE_ERROR


def test_no_gradient_and_zeros_mean_the_same_and_other_values_do_not():
    zeros = HostTensor("float32", np.zeros(2, np.float32))
    ones = HostTensor("float32", np.ones(2, np.float32))
    assert compare_gradient(None, None, None, "bitwise").passed
    assert compare_gradient(zeros, None, None, "bitwise").passed
    assert compare_gradient(ones, None, None, "bitwise").reason == "gradient"


def test_every_framework_is_given_the_same_cotangent():
    seen = []

    class Listens(Faithful):
        def backward(self, cotangents):
            seen.append(cotangents[0].data.tobytes())
            return super().backward(cotangents)

    verdict(EXPAND, Listens)
    verdict(EXPAND, Listens)
    assert len(set(seen)) == 1


DROPOUT = (
    'paddle.incubate.nn.functional.fused_multi_head_attention(Tensor([1, 3, 4],"float32"), '
    'Tensor([3, 1, 4, 4],"float32"), Tensor([4, 4],"float32"), dropout_rate=0.5, )'
)


def test_a_call_with_random_values_passes_by_its_shapes():
    result = verdict(DROPOUT)
    assert (result.class_, result.stage) == (row.PASS, row.BACKWARD)
    assert result.tolerance == "shape"


def test_a_missing_gradient_of_random_values_is_found():
    class Missing(Faithful):
        def backward(self, cotangents):
            return {**super().backward(cotangents), "qkv_weight": None}

    result = verdict(DROPOUT, Missing)
    assert (result.class_, result.reason) == (row.ACCURACY_ERROR, "gradient")
