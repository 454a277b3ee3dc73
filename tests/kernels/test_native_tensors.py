"""How tensors get into paddlemend.native and out of it."""

from __future__ import annotations

import gc
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from helpers import DTYPES, assert_same, random_tensor
from paddlemend import native


@pytest.fixture
def result() -> native.Tensor:
    """A tensor that an operator made: [[0, 1, 2], [0, 1, 2]] in float32."""
    return native.expand(np.arange(3, dtype=np.float32), [2, -1])


class Producer:
    """A tensor of a library of its own: __dlpack__ is all it has."""

    def __init__(self, export):
        self.__dlpack__ = export


def doubled(x) -> list:
    return torch.from_dlpack(native.expand(x, [2, -1])).tolist()


def test_a_numpy_array_goes_in():
    assert doubled(np.array([1.0, 2.0])) == [[1, 2], [1, 2]]


def test_a_torch_tensor_goes_in():
    assert doubled(torch.tensor([1, 2])) == [[1, 2], [1, 2]]


def test_a_tensor_of_ours_goes_in(result):
    assert native.expand(result, [2, 2, 3]).shape == (2, 2, 3)


def test_a_read_only_array_goes_in():
    x = np.array([1.0, 2.0])
    x.flags.writeable = False
    assert doubled(x) == [[1, 2], [1, 2]]


def test_a_producer_of_the_old_protocol_goes_in():
    x = torch.tensor([1.0, 2.0])
    assert doubled(Producer(lambda: torch.utils.dlpack.to_dlpack(x))) == [[1, 2], [1, 2]]


def test_an_unversioned_capsule_goes_in():
    assert doubled(torch.utils.dlpack.to_dlpack(torch.tensor([1.0]))) == [[1], [1]]


def test_a_versioned_capsule_goes_in(result):
    capsule = result.__dlpack__(max_version=(1, 0))
    assert "dltensor_versioned" in repr(capsule)
    assert native.expand(capsule, [2, 3]).shape == (2, 3)


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_a_capsule_goes_in_once(result, version):
    capsule = result.__dlpack__(max_version=version)
    native.expand(capsule, [2, 3])
    with pytest.raises(TypeError, match="x is not a DLPack capsule that can be consumed"):
        native.expand(capsule, [2, 3])


@pytest.mark.parametrize("nothing", [3, [1.0, 2.0], None, "text"])
def test_other_objects_are_refused(nothing):
    with pytest.raises(TypeError, match=f"x is of type {type(nothing).__name__}, expected"):
        native.expand(nothing, [2])


def test_an_error_of_the_producer_is_passed_on():
    def fail(**_):
        raise BufferError("of the producer")

    with pytest.raises(BufferError, match="of the producer"):
        native.expand(Producer(fail), [2])


def test_a_dtype_that_no_operator_knows_is_refused():
    with pytest.raises(TypeError, match="the dtype of x has DLPack code 1, 32 bits and 1 lanes"):
        native.expand(np.ones(1, np.uint32), [2])


@pytest.mark.parametrize("fails", [False, True])
def test_an_input_is_given_back_after_the_call(fails):
    x = np.ones(3)
    before = sys.getrefcount(x)
    if fails:
        with pytest.raises(ValueError, match="dimension 0 of x has size 3"):
            native.expand(x, [4])
    else:
        native.expand(x, [2, 3])
    gc.collect()
    assert sys.getrefcount(x) == before


def test_numpy_reads_a_result(result):
    np.testing.assert_array_equal(np.from_dlpack(result), [[0, 1, 2], [0, 1, 2]])


def test_torch_reads_a_result(result):
    assert_same(result, torch.tensor([[0.0, 1, 2], [0, 1, 2]]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_goes_in_and_out(dtype):
    x = random_tensor(dtype, [3, 5])
    result = native.expand(x, [3, 5])
    assert result.dtype == str(dtype).removeprefix("torch.")
    assert_same(result, x)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2)])
def test_shapes_at_the_edge_go_in_and_out(shape):
    result = native.expand(np.ones(shape), list(shape))
    assert result.shape == shape
    np.testing.assert_array_equal(np.from_dlpack(result), np.ones(shape))


def test_a_result_describes_itself(result):
    assert result.shape == (2, 3)
    assert result.dtype == "float32"
    assert repr(result) == "paddlemend.native.Tensor(shape=(2, 3), dtype=float32)"
    assert result.__dlpack_device__() == (1, 0)


def test_readers_share_the_memory_of_a_result(result):
    torch.from_dlpack(result)[0, 0] = 9
    assert np.from_dlpack(result)[0, 0] == 9


def test_the_memory_lives_as_long_as_its_readers():
    arrays = [torch.from_dlpack(native.expand(np.full(1, float(i)), [1000])) for i in range(50)]
    gc.collect()
    assert all((array == i).all() for i, array in enumerate(arrays))


def test_a_copy_is_independent(result):
    copy = torch.from_dlpack(result.__dlpack__(copy=True))
    copy[0, 0] = 9
    assert np.from_dlpack(result)[0, 0] == 0


def test_a_result_is_aligned_for_vector_instructions(result):
    assert torch.from_dlpack(result).data_ptr() % 64 == 0


def test_readers_without_dlpack_1_get_its_old_form(result):
    assert '"dltensor"' in repr(result.__dlpack__())
    assert '"dltensor"' in repr(result.__dlpack__(max_version=(0, 8)))
    assert '"dltensor_versioned"' in repr(result.__dlpack__(max_version=(2, 0)))


def test_a_result_is_on_the_device_that_computed_it(result):
    result.__dlpack__(dl_device=(1, 0))
    with pytest.raises(BufferError, match=r"dl_device is \(2, 0\), expected \(1, 0\)"):
        result.__dlpack__(dl_device=(2, 0))


def test_a_cpu_tensor_has_no_stream(result):
    with pytest.raises(ValueError, match="stream must be None"):
        result.__dlpack__(stream=1)


@pytest.mark.parametrize("make", [np.zeros, torch.zeros], ids=["numpy", "torch"])
def test_a_given_out_is_written_and_returned(make):
    out = make((2, 3))
    x = np.arange(3, dtype=np.from_dlpack(out).dtype)
    assert native.expand(x, [2, 3], out=out) is out
    assert out.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_a_read_only_out_is_refused():
    out = np.zeros((2, 3))
    out.flags.writeable = False
    with pytest.raises((ValueError, BufferError), match=r"read-?only"):
        native.expand(np.ones(3), [2, 3], out=out)


@pytest.mark.parametrize("out", [np.zeros((3, 2)), np.zeros((2, 3), np.float32)])
def test_an_out_of_another_shape_or_dtype_is_refused(out):
    message = r"out has shape .*, expected shape \[2, 3\] and dtype float64"
    with pytest.raises(ValueError, match=message):
        native.expand(np.ones(3), [2, 3], out=out)


def test_an_out_whose_elements_share_memory_is_refused():
    out = torch.zeros(1).expand(3)
    with pytest.raises(ValueError, match=r"out .* has elements that share memory"):
        native.expand(torch.ones(1), [3], out=out)


def test_calls_from_several_threads():
    def call(number: int) -> bool:
        result = torch.from_dlpack(native.expand(torch.full([1], number), [200_000]))
        return bool((result == number).all())

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(call, range(100)))


def test_the_number_of_threads_is_not_negative():
    with pytest.raises(ValueError, match="num_threads is -1, expected at least 1, or 0"):
        native.set_num_threads(-1)


def test_functions_carry_the_text_of_their_headers():
    assert "Copies x into every place of out" in native.expand.__doc__
    assert "Errors: out of range for the axis" in native.index_add.__doc__


def test_the_build_id_is_hexadecimal():
    assert int(native.build_id(), 16) > 0


def test_more_dimensions_than_a_tensor_can_have_are_refused():
    with pytest.raises(ValueError, match="x has 17 dimensions, expected 0 to 16"):
        native.expand(np.ones((1,) * 17), [1] * 17)
