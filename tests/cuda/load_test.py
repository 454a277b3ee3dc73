"""The library for GPUs on a machine that has none: it loads, and says what is missing.

python tests/cuda/load_test.py libpaddlemend_cuda.so
"""

from __future__ import annotations

import ctypes
import sys
import unittest


class DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


def cpu_tensor(values: list[float]) -> DLTensor:
    data = (ctypes.c_float * len(values))(*values)
    shape = (ctypes.c_int64 * 1)(len(values))
    return DLTensor(ctypes.addressof(data), 1, 0, 1, 2, 32, 1, shape, None, 0)


class LoadTest(unittest.TestCase):
    library: ctypes.CDLL

    def setUp(self):
        self.library.pm_last_error.restype = ctypes.c_char_p

    def test_has_the_abi_of_the_header(self):
        self.assertEqual(self.library.pm_abi_version(), 1)

    def test_has_every_operator(self):
        for name in [
            "as_strided_copy",
            "batch_norm_grad",
            "cholesky_solve_grad",
            "copysign_grad",
            "expand_grad",
            "fused_layer_norm",
            "index_add_grad",
            "index_put_grad",
            "index_sample_grad",
            "put_along_axis_grad",
            "unique",
        ]:
            getattr(self.library, f"pm_{name}")

    def test_computes_shapes_without_a_gpu(self):
        x = cpu_tensor([1.0, 2.0, 3.0])
        shape, ndim = (ctypes.c_int64 * 16)(), ctypes.c_int32()
        status = self.library.pm_copysign_shape(
            ctypes.byref(x), ctypes.byref(x), shape, ctypes.byref(ndim)
        )
        self.assertEqual((status, ndim.value, shape[0]), (0, 1, 3))

    def test_refuses_tensors_of_the_cpu_or_says_that_there_is_no_gpu(self):
        x = cpu_tensor([1.0])
        status = self.library.pm_copysign(ctypes.byref(x), ctypes.byref(x), ctypes.byref(x), None)
        self.assertNotEqual(status, 0)
        self.assertRegex(self.library.pm_last_error(), rb"copysign: (CUDA|x is on DLPack device)")


if __name__ == "__main__":
    LoadTest.library = ctypes.CDLL(sys.argv.pop(1))
    unittest.main()
