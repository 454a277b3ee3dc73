"""The commands that the pages for developers name, and what runs each of them.

docs/first_hour.md and docs/custom_operators.md have tests of their own, which run every line.
"""

from __future__ import annotations

import re
from pathlib import Path

PAGES = ["README.md", "CONTRIBUTING.md", "docs/caches.md", "examples/README.md"]

# Who runs it, beside test targets and programs, which are named by their labels.
CI = ".ci/run"
HERE = "//tests/docs:commands"

# Commands with placeholders stand as they are written in the page.
WHO_RUNS = {
    # README.md
    "./bazelw run //py/apitest -- accuracy --paddle both": "//tests/apitest:accuracy_test",
    "./bazelw run //py/apitest --": "//tests/apitest:accuracy_test",
    "./bazelw test //tests/...": CI,
    "python -m paddlemend status": "//tests/wheel:ci_wheel_test",
    "python -m paddlemend run script.py args…": "//tests/docs:pages_test",
    "python -m paddlemend.apitest": "//tests/wheel:ci_wheel_test",
    "pip install .": "//tests/custom_op:cure_test",
    "python -m build": "//tests/custom_op:cure_test",
    "./bazelw build //py:wheel": "//tests/wheel:wheel_test",
    "./bazelw build --config=cuda //cc/capi:paddlemend_cuda": "//tests/cuda:load_test",
    "./bazelw build //cc:dist": "//tests/embedding:installed_tree_test",
    "./bazelw build --config=cuda --repo_env=PADDLE_GPU_REQUIREMENTS=$PWD/gpu.txt "
    "//cc/phi:paddlemend_phi_gpu.so": "//tests/cuda:gpu_repository, up to the compiler",
    "./bazelw run //:format": "//tests/lint:lint_test, without changing files",
    "./bazelw run //:compile_commands": HERE,
    "python3 .ci/count_tests.py --not-run": HERE,
    "./bazelw run //bench:custom_op": "bench/results",
    "./bazelw run //bench:sot_imports": "bench/results",
    "./bazelw run //bench:operators": "bench/results",
    "./bazelw run //bench:operators -- --threads 2": "bench/results",
    # CONTRIBUTING.md
    "./bazelw test --config=ci //tests/...": CI,
    "pre-commit install": "nothing: it is the user's own program",
    "./bazelw run --config=paddle-3.1 //tests/phi:measure_defects -- index_fill": (
        "tests/phi/results"
    ),
    "./bazelw run --config=paddle-X.Y //tests/phi:measure_defects": "tests/phi/results",
    "python -m paddlemend.documentation": "//tests/docs:documentation_test",
    "./bazelw test //tests/sot:forms_test //tests/sot:surroundings_test": CI,
    "python3 third_party/pip/update_locks.py build_tools": "third_party/pip/locks",
    "./bazelw test --config=ci //tests/custom_op/...": CI,
    "python3 third_party/pip/update_locks.py paddle_X_Y_cp311": "third_party/pip/locks",
    "./bazelw build //cc/phi:paddlemend_phi_X_Y.so": "//tests/phi:installation_test",
    "./bazelw test --config=paddle-X.Y //tests/...": "the matrix: tests/*/results",
    "./bazelw test --config=matrix //tests/...": "the matrix: tests/*/results",
    "./bazelw run //tests/embedding:bazel_builds": "itself",
    "./bazelw run //tests/remote_cache": "itself",
    "./bazelw run //tests/faults": "itself",
    "./bazelw run //tests/cuda:gpu_repository": "itself",
    "./bazelw run //tests/docs:commands": "itself",
    "./bazelw run //tests/docs:make_pictures": "docs/pictures",
    "python3 tests/wheel/environments.py bazel-bin/py/*.whl": "tests/wheel/results",
    "./bazelw build --config=python-X.Y //py:wheel": "tests/wheel/results",
    # docs/caches.md
    "./bazelw test --config=disk-cache //cc/kernels:parallel_test": "//tests/remote_cache",
    "PADDLEMEND_CACHE_READ_PASSWORD=r PADDLEMEND_CACHE_WRITE_PASSWORD=w "
    "python3 third_party/remote_cache/cache_server.py ~/cache": "//tests/remote_cache",
    "PADDLEMEND_CACHE_USER=writer PADDLEMEND_CACHE_PASSWORD=w "
    "./bazelw test --config=cache-push //cc/kernels:parallel_test": "//tests/remote_cache",
    "PADDLEMEND_CACHE_USER=reader PADDLEMEND_CACHE_PASSWORD=r "
    "./bazelw test --config=cache //cc/kernels:parallel_test": "//tests/remote_cache",
    # examples/README.md
    "../../bazelw run //:use_kernels": "//tests/embedding:bazel_builds",
    "cmake -S . -B build -DCMAKE_PREFIX_PATH=DIST && cmake --build build && build/distinct": (
        "//tests/embedding:installed_tree_test"
    ),
    "PKG_CONFIG_PATH=DIST/lib/pkgconfig ./build.sh && ./solve": (
        "//tests/embedding:installed_tree_test"
    ),
    "cc add_rows.c -IDIST/include -LDIST/lib -lpaddlemend -Wl,-rpath,DIST/lib -o add_rows "
    "&& ./add_rows": "//tests/embedding:installed_tree_test",
    "python share_tensors.py": "//tests/embedding:python_test",
    "./build.sh DIST PADDLE && python use_kernel.py": "//tests/embedding:phi_kernel_test",
    "./bazelw test --config=ci //tests/embedding:all": CI,
}

_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_PROGRAM = re.compile(
    r"((\w+=\S* )*(\.\./\.\./bazelw|\./bazelw|\./build\.sh|cc|cmake|pip|pre-commit|python3?) \S)"
)


def read_commands(page: Path) -> list[str]:
    """Every command of a page, of blocks and of text: each on one line, without comments."""
    text = page.read_text(encoding="utf-8")
    found = []
    for part in re.split(r"(^```\w*\n.*?^```$)", text, flags=re.MULTILINE | re.DOTALL):
        block = _FENCE.fullmatch(part)
        lines = block[1].replace("\\\n", " ").splitlines() if block else _SPAN.findall(part)
        found += [re.sub(r"\s+", " ", line.partition(" #")[0]).strip(" $") for line in lines]
    return [line for line in found if _PROGRAM.match(line)]
