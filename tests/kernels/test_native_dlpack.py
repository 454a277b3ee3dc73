"""How paddlemend.native takes and gives tensors."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from paddlemend import native


class OldProducer:
    """A producer older than DLPack 1.0: its __dlpack__ does not know max_version."""

    def __init__(self, tensor: torch.Tensor):
        self._tensor = tensor

    def __dlpack__(self, stream=None):
        return self._tensor.__dlpack__()


def test_results_go_to_numpy_and_torch_without_a_copy():
    result = native.expand(np.arange(3.0), (2, 3))
    array, tensor = np.from_dlpack(result), torch.from_dlpack(result)
    tensor[0, 0] = 9
    assert array[0, 0] == 9


def test_a_result_outlives_its_python_object():
    array = np.from_dlpack(native.expand(np.arange(1000.0), (100, 1000)))
    gc.collect()
    assert (array == np.arange(1000.0)).all()


def test_attributes_of_a_result():
    result = native.expand(torch.zeros(3, dtype=torch.bfloat16), (2, 3))
    assert result.shape == (2, 3)
    assert result.dtype == "bfloat16"
    assert result.__dlpack_device__() == (1, 0)
    assert repr(result) == "paddlemend.native.Tensor(shape=(2, 3), dtype=bfloat16)"


def test_the_memory_of_a_result_is_aligned_to_64_bytes():
    for size in (1, 1000):
        result = torch.from_dlpack(native.expand(np.zeros(1, "int8"), [size]))
        assert result.data_ptr() % 64 == 0


def test_results_can_be_inputs():
    once = native.expand(np.arange(3.0), (2, 3))
    twice = native.expand(once, (4, 2, 3))
    np.testing.assert_array_equal(np.from_dlpack(twice), np.broadcast_to(np.arange(3.0), (4, 2, 3)))


def test_both_kinds_of_capsule_are_given_on_request():
    result = native.expand(np.zeros(1), [1])
    assert '"dltensor"' in repr(result.__dlpack__())
    assert '"dltensor"' in repr(result.__dlpack__(max_version=(0, 8)))
    assert '"dltensor_versioned"' in repr(result.__dlpack__(max_version=(1, 0)))


def test_a_copy_on_request_shares_nothing():
    result = native.expand(np.zeros(1), [4])
    copy = torch.from_dlpack(result.__dlpack__(copy=True))
    copy[0] = 1
    assert torch.from_dlpack(result)[0] == 0


def test_another_device_or_a_stream_is_refused():
    result = native.expand(np.zeros(1), [1])
    with pytest.raises(BufferError, match=r"\(2, 0\)"):
        result.__dlpack__(dl_device=(2, 0))
    with pytest.raises(ValueError, match="stream"):
        result.__dlpack__(stream=1)


def test_producers_of_the_old_protocol_and_bare_capsules_are_read():
    x = torch.arange(3.0)
    for producer in (OldProducer(x), x.__dlpack__(), x.__dlpack__(max_version=(1, 0))):
        assert torch.from_dlpack(native.expand(producer, (2, 3))).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_a_capsule_is_consumed_once():
    capsule = torch.zeros(3).__dlpack__()
    native.expand(capsule, [3])
    with pytest.raises(TypeError, match="x is not a DLPack capsule that can be consumed"):
        native.expand(capsule, [3])


def test_inputs_are_released():
    array = np.zeros(3)
    alive = weakref.ref(array)
    native.expand(array, [2, 3])
    del array
    gc.collect()
    assert alive() is None


def test_other_objects_are_refused_by_name():
    with pytest.raises(TypeError, match="index is of type list"):
        native.index_add(np.zeros(3), [0], 0, np.zeros(1))


def test_a_read_only_output_is_refused():
    out = np.zeros((2, 3))
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out is read-only"):
        native.expand(np.zeros(3), (2, 3), out=out)


def test_an_output_of_another_shape_or_dtype_is_refused():
    with pytest.raises(ValueError, match=r"out has shape \[3\].*expected shape \[2, 3\]"):
        native.expand(np.zeros(3), (2, 3), out=np.zeros(3))
    with pytest.raises(ValueError, match=r"float32, expected .*float64"):
        native.expand(np.zeros(3), (3,), out=np.zeros(3, "float32"))


def test_an_output_with_elements_that_share_memory_is_refused():
    out = torch.zeros(1, 3).expand(2, 3)
    with pytest.raises(ValueError, match="share memory"):
        native.expand(np.zeros(3, "float32"), (2, 3), out=out)


def test_more_dimensions_than_supported_are_refused():
    with pytest.raises(ValueError, match="x has 17 dimensions, expected 0 to 16"):
        native.expand(np.zeros((1,) * 17), (1,) * 17)
