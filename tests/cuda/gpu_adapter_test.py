"""The adapter for GPUs beside a Paddle that has none: it loads, and leaves every operator alone.

python tests/cuda/gpu_adapter_test.py libpaddlemend_cuda.so paddlemend_phi_gpu.so
"""

from __future__ import annotations

import ctypes
import os
import sys
import unittest

os.environ.pop("TEST_TMPDIR", None)  # Paddle dies at exit with it

import paddle


class GpuAdapterTest(unittest.TestCase):
    adapter: ctypes.CDLL

    def test_offers_the_operators_that_run_on_gpus(self):
        self.adapter.paddlemend_phi_list.restype = ctypes.c_char_p
        lines = self.adapter.paddlemend_phi_list().decode().splitlines()
        offered = {line.split("\t")[0] for line in lines}
        self.assertEqual(len(offered), 11)
        self.assertIn("index_add", offered)

    @unittest.skipIf(paddle.is_compiled_with_cuda(), "this Paddle has GPUs")
    def test_refuses_in_a_paddle_without_gpus(self):
        self.adapter.paddlemend_phi_install.restype = ctypes.c_char_p
        request = b"index_add\tindex_add\tfloat32\nindex_add\tindex_add_grad\tfloat32"
        report = self.adapter.paddlemend_phi_install(request).decode()
        self.assertEqual(report, "index_add\trefused\tthis Paddle is one without GPUs\n")
        self.assertEqual(self.adapter.paddlemend_phi_is_active(b"index_add"), 0)

    def test_leaves_the_kernels_of_the_cpu_alone(self):
        x = paddle.zeros([3, 2])
        added = paddle.index_add(x, paddle.to_tensor([0, 2]), 0, paddle.ones([2, 2]))
        self.assertEqual(added.numpy().tolist(), [[1.0, 1.0], [0.0, 0.0], [1.0, 1.0]])


if __name__ == "__main__":
    ctypes.CDLL(sys.argv.pop(1))
    GpuAdapterTest.adapter = ctypes.CDLL(sys.argv.pop(1))
    unittest.main()
