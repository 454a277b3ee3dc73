"""paddlemend.native on Paddle's tensors, without an install()."""

from __future__ import annotations

import numpy as np
import paddle
from paddle.utils import dlpack
from paddlemend import native


def capsule(tensor: paddle.Tensor) -> object:
    """A DLPack capsule: what every Paddle gives; newer ones have `__dlpack__` as well."""
    return dlpack.to_dlpack(tensor)


def test_a_paddle_tensor_goes_in_and_comes_out():
    x = paddle.to_tensor(np.arange(3, dtype=np.float32).reshape(1, 3))
    out = dlpack.from_dlpack(native.expand(capsule(x), [4, 3]).__dlpack__())
    assert isinstance(out, paddle.Tensor)
    np.testing.assert_array_equal(out.numpy(), np.broadcast_to(x.numpy(), (4, 3)))


def test_paddle_tensors_of_several_dtypes_go_in_together():
    x = paddle.ones([4, 3], "int64")
    index = paddle.to_tensor([1, 1, -1], "int32")
    out = native.index_add(capsule(x), capsule(index), 0, capsule(x[:3]))
    expected = np.ones((4, 3), np.int64)
    np.add.at(expected, [1, 1, -1], 1)
    np.testing.assert_array_equal(np.from_dlpack(out), expected)


def test_a_paddle_tensor_with_the_protocol_goes_in_as_it_is():
    x = paddle.ones([1, 2])
    if not hasattr(x, "__dlpack__"):
        x = capsule(x)
    np.testing.assert_array_equal(np.from_dlpack(native.expand(x, [3, 2])), np.ones((3, 2)))
