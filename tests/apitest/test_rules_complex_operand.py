"""Real operands beside complex ones, which Paddle converts and Torch refuses."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import bound
from paddlemend.apitest.accuracy import reference_arguments
from paddlemend.apitest.host_tensor import HostTensor, bfloat16_to_float32
from paddlemend.apitest.inputs import concrete_arguments, generate_inputs
from paddlemend.apitest.reference_call import ReferenceExecution
from paddlemend.apitest.trial import as_arrays

LINE = 'paddle.index_add(Tensor([3],"complex64"), Tensor([2],"int64"), 0, Tensor([2],"{}"), )'


def converted(dtype: str) -> tuple[HostTensor, HostTensor, ReferenceExecution]:
    """The value of a case, that which the reference gets, and the reference."""
    call = bound(LINE.format(dtype))
    arguments = concrete_arguments(call, generate_inputs(call, 0))
    differences = [d for d in call.rule.differences if d.applies(as_arrays(arguments))]
    used = reference_arguments(differences, arguments)
    return arguments["value"], used["value"], ReferenceExecution(call, used)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_the_reference_gets_a_real_operand_in_the_dtype_of_the_complex_one(dtype):
    value, used, _ = converted(dtype)
    assert used.dtype == "complex64"
    np.testing.assert_allclose(used.data, value.data, rtol=1e-6)


def test_the_bits_of_bfloat16_are_read_as_numbers():
    value, used, _ = converted("bfloat16")
    np.testing.assert_array_equal(used.data, bfloat16_to_float32(value.data))


@pytest.mark.parametrize("dtype", ["int32", "int64", "bool", "complex128"])
def test_what_paddle_refuses_is_left_as_it_is(dtype):
    value, used, _ = converted(dtype)
    assert used is value


def test_a_real_operand_has_a_real_gradient_of_its_own_dtype():
    _, _, run = converted("float64")
    (out,) = run.forward()
    cotangent = HostTensor(out.dtype, np.full(out.shape, 2 + 3j, out.data.dtype))
    gradient = run.backward([cotangent])["value"]
    assert (gradient.dtype, gradient.data.tolist()) == ("float64", [2, 2])
