"""CUDA sources, compiled by a real nvcc; nothing is run, as that needs a GPU."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from environment import setup_py

KERNEL = """
#include "factor.h"
__global__ void Scale(float* x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= FACTOR;
}
void RunScale(float* x, int n) { Scale<<<(n + 255) / 256, 256>>>(x, n); }
"""


@pytest.fixture
def cuda_home(tmp_path):
    """A folder laid out as an installed toolkit; the wheels have other names for libraries."""
    toolkit = Path(os.environ["CUDA_TOOLKIT"]).absolute()
    home = tmp_path / "cuda"
    (home / "lib64").mkdir(parents=True)
    for name in ("bin", "include", "nvvm"):
        (home / name).symlink_to(toolkit / name)
    (library,) = toolkit.glob("lib/libcudart.so.*")
    (home / "lib64/libcudart.so").symlink_to(library)
    return home


def test_cuda_and_cpp_in_one_library_for_the_listed_architectures(environment, project, cuda_home):
    arguments = (
        'name="gpu_ops", ext_modules=CUDAExtension(sources=["scale.cu", "relu_op.cc"], '
        'include_dirs=["include"], extra_compile_args={"cxx": ["-UPADDLE_WITH_CUDA"]})'
    )
    files = {
        "setup.py": setup_py(arguments, "CUDAExtension"),
        "scale.cu": KERNEL,
        "include/factor.h": "#define FACTOR 2.0f\n",
    }
    folder = project(files)
    there = environment()
    variables = {"CUDA_HOME": str(cuda_home), "PADDLE_CUDA_ARCH_LIST": "80;90+PTX"}
    output = there.run("setup.py", "build", cwd=folder, **variables).stdout
    assert "scale.cu" in output
    (library,) = folder.glob("build/*/lib-*/gpu_ops/gpu_ops_pd_.so")
    found = library.read_bytes()
    assert b".nv_fatbin" in found
    assert b"RunScale" in found
    (ninja,) = folder.rglob("build.ninja")
    assert "arch=compute_80,code=sm_80" in ninja.read_text()
    (folder / "include/factor.h").write_text("#define FACTOR 3.0f\n")
    output = there.run("setup.py", "build", cwd=folder, **variables).stdout
    assert "scale.cu" in output and "relu_op.cc" not in output
