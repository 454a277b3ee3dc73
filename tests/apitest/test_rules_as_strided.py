"""The rule of as_strided, and tensors of a case line that are views of larger memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers import bound
from paddlemend.apitest.accuracy import reference_arguments
from paddlemend.apitest.execution import Rejected
from paddlemend.apitest.host_tensor import HostTensor, memory_of
from paddlemend.apitest.inputs import concrete_arguments, generate_inputs
from paddlemend.apitest.reference_call import ReferenceExecution
from paddlemend.apitest.rules import find_rule
from paddlemend.apitest.rules.as_strided import as_strided
from paddlemend.apitest.rules.legality import Illegal

DIFFERENCE = find_rule("paddle.as_strided").differences[0]


def reference(line: str, *, wide: bool = False) -> tuple[dict, ReferenceExecution]:
    """The arguments of a line and its reference, called as the trial calls it."""
    call = bound(line)
    arguments = concrete_arguments(call, generate_inputs(call, 0))
    arrays = {name: getattr(value, "data", value) for name, value in arguments.items()}
    differences = [DIFFERENCE] if DIFFERENCE.applies(arrays) else []
    used = reference_arguments(differences, arguments)
    return arguments, ReferenceExecution(call, used, wide=wide)


def view_of(line: str) -> tuple[np.ndarray, list]:
    arguments, run = reference(line)
    return arguments["x"].values().reshape(-1), run.forward()[0].values().tolist()


def gradient_of_ones(line: str) -> list:
    _, run = reference(line)
    (out,) = run.forward()
    return run.backward([HostTensor(out.dtype, np.ones_like(out.data))])["x"].data.tolist()


@pytest.mark.parametrize(
    ("dtype", "offset"), [("int8", 2), ("float16", 4), ("bfloat16", 4), ("complex128", 32)]
)
def test_the_offset_is_in_bytes(dtype, offset):
    x, view = view_of(f'paddle.as_strided(Tensor([6],"{dtype}"), list[2,], list[3,], {offset}, )')
    assert view == [x[2], x[5]]


def test_the_offset_is_in_bytes_of_the_dtype_of_the_case_in_the_wide_reference_too():
    arguments, run = reference(
        'paddle.as_strided(Tensor([6],"float32"), list[2,], list[1,], 8, )', wide=True
    )
    assert run.forward()[0].data.tolist() == arguments["x"].data[2:4].tolist()


def test_part_of_an_element_is_refused():
    _, run = reference('paddle.as_strided(Tensor([6],"float32"), list[2,], list[1,], 2, )')
    with pytest.raises(Rejected, match="offset"):
        run.forward()


def test_the_view_of_a_slice_starts_where_its_memory_starts():
    x, view = view_of('paddle.as_strided(Tensor([3],"float32",offset=2), list[5,], list[1,], )')
    assert view == [0, 0, *x]
    x, view = view_of('paddle.as_strided(Tensor([3],"float32",offset=2), list[2,], list[1,], 8, )')
    assert view == list(x[:2])


def test_gradients_of_elements_that_overlap_are_added():
    line = 'paddle.as_strided(Tensor([4],"float32"), list[2,2,], list[1,1,], )'
    assert gradient_of_ones(line) == [1, 2, 1, 0]
    line = 'paddle.as_strided(Tensor([4],"float32"), list[3,], list[0,], 4, )'
    assert gradient_of_ones(line) == [0, 3, 0, 0]


def test_the_gradient_goes_to_the_elements_of_x_at_those_addresses_and_nowhere_else():
    line = 'paddle.as_strided(Tensor([3],"float32",offset=2), list[4,], list[1,], )'
    assert gradient_of_ones(line) == [1, 1, 0]
    line = 'paddle.as_strided(Tensor([2, 2],"float32",strides=[1, 2]), list[2,], list[1,], )'
    assert gradient_of_ones(line) == [[1, 0], [1, 0]]
    line = 'paddle.as_strided(Tensor([2, 2],"float32",strides=[4, 2]), list[3,], list[1,], )'
    assert gradient_of_ones(line) == [[1, 1], [0, 0]]


@pytest.mark.parametrize(
    ("shape", "stride", "offset"),
    [
        ([7], [1], 0),
        ([2], [6], 0),
        ([1], [1], 6),
        ([3], [2**62], 0),
        ([5], [2**62], 0),
        ([2**32, 2**32], [0, 0], 0),
        ([2], [-1], 3),
        ([2], [1], -1),
        ([-1], [1], 0),
        ([2], [1, 1], 0),
        ([2, 2], [1], 0),
    ],
)
def test_what_is_no_view_of_six_elements_is_refused(shape, stride, offset):
    with pytest.raises((RuntimeError, Illegal)):
        as_strided(torch.ones(6), shape, stride, offset)


@pytest.mark.parametrize("shape", [[0], [2, 0], [0, 10**9]])
def test_an_empty_view_is_legal_wherever_it_starts(shape):
    assert as_strided(torch.ones(0), shape, [5] * len(shape), 100).shape == tuple(shape)


def test_memory_holds_the_tensor_and_zeros_elsewhere():
    tensor = HostTensor("int8", np.array([[1, 2], [3, 4]], np.int8))
    assert memory_of(tensor, [4, 2], 1).data.tolist() == [0, 1, 0, 2, 0, 3, 0, 4]
    assert memory_of(tensor, [1, 2]).data.tolist() == [1, 3, 2, 4]


@pytest.mark.parametrize("strides", [[1], [1, 1, 1], [2, -1]])
def test_strides_that_do_not_fit_the_tensor_are_refused(strides):
    with pytest.raises(ValueError, match="strides"):
        memory_of(HostTensor("int8", np.zeros((2, 2), np.int8)), strides)
