"""Paddle's own tests of custom operators: which of ours each one is, and a runner for them.

    ./bazelw run //tests/custom_op:upstream -- --upstream-tests PATH [--setuptools 80.9.0 84.2.1]

PATH is a checkout of Paddle at the release that is selected, its folder `test`, one of the two
folders in it, or one test file. Each test file runs in a process of its own, in a fresh environment
with this paddlemend; the exit status is that of all that can pass on a machine without GPU.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

FOLDERS = ("cpp_extension", "custom_op")
GPU = "needs a GPU"
OURS = "test_operators.py::test_upstream_behaviour[…-{}]"

# Paddle's file -> (ours, why the original cannot run here or "")
TESTS = {
    "custom_op/test_dispatch_jit.py": (OURS.format("dispatch"), ""),
    "custom_op/test_multi_out_jit.py": (OURS.format("multi_out"), ""),
    "custom_op/test_custom_attrs_jit.py": (OURS.format("attrs"), ""),
    "custom_op/test_custom_extend_attrs_jit.py": (OURS.format("attrs"), ""),
    "custom_op/test_custom_scalar_attr_pir.py": (OURS.format("attrs"), ""),
    "custom_op/test_custom_cast_op_jit.py": (OURS.format("cast"), ""),
    "custom_op/test_custom_concat.py": (OURS.format("concat"), ""),
    "custom_op/test_custom_conj.py": (OURS.format("conj"), ""),
    "custom_op/test_custom_linear.py": (OURS.format("linear"), ""),
    "custom_op/test_custom_simple_slice.py": (OURS.format("simple_slice"), ""),
    "custom_op/test_custom_tanh_double_grad.py": (OURS.format("tanh_double_grad"), ""),
    "custom_op/test_custom_inplace.py": (OURS.format("inplace"), ""),
    "custom_op/test_custom_optional.py": (OURS.format("optional"), ""),
    "custom_op/test_custom_contiguous.py": (OURS.format("contiguous"), ""),
    "custom_op/test_custom_tensor_operator.py": (OURS.format("tensor_operator"), ""),
    "custom_op/test_custom_raw_op_kernel_op.py": (
        "test_stock.py::test_no_wheel_has_the_headers_of_raw_operators",
        "includes headers of Paddle's sources that no wheel has",
    ),
    "custom_op/test_custom_relu_op_setup.py": ("test_routes.py, check_relu.py", GPU),
    "custom_op/test_custom_relu_op_jit.py": ("test_jit.py, check_relu.py", GPU),
    "custom_op/test_custom_relu_model.py": ("check_relu.py (to_static, static)", GPU),
    "custom_op/test_custom_op_relu_model_static_multidevice.py": ("none", GPU),
    "custom_op/test_context_pool.py": ("none", GPU),
    "custom_op/test_inference_gap_setup.py": ("none", GPU),
    "custom_op/test_inference_inplace.py": ("none", GPU),
    "custom_op/test_inference_inplace_pir.py": ("none", GPU),
    "custom_op/test_custom_relu_op_xpu_setup.py": ("none", "needs an XPU"),
    "custom_op/test_check_abi.py": ("none: Paddle's own check is called as it is", ""),
    "custom_op/test_sysconfig.py": ("none: nothing of it is changed", ""),
    "cpp_extension/test_cpp_extension_setup.py": (
        "test_projects.py::test_several_operators_functions_and_classes_in_one_library",
        "",
    ),
    "cpp_extension/test_cpp_extension_jit.py": (
        "test_jit.py::test_the_same_build_is_the_same_module_and_another_one_is_refused",
        "",
    ),
    "cpp_extension/test_mixed_extension_setup.py": (
        "test_projects.py::test_several_operators_functions_and_classes_in_one_library",
        "",
    ),
    "cpp_extension/test_cpp_extension_ninja.py": (
        "test_faults.py::test_one_changed_source_of_ten_is_compiled_alone, test_logic.py",
        "imports private names that no release to 3.3.1 has",
    ),
    "cpp_extension/test_cpp_extension_utils.py": (
        "none: flags of normalize_extension_kwargs",
        "of a release after 3.3.1",
    ),
}


def table() -> str:
    """The rows as Markdown."""
    lines = ["| Paddle's test | Ours | The original, on a machine without GPU |", "|---|---|---|"]
    for name, (ours, why) in TESTS.items():
        lines.append(f"| `{name}` | {ours} | {'not run: ' + why if why else 'can run'} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upstream-tests", type=Path, required=True, metavar="PATH")
    parser.add_argument("--setuptools", nargs="+", default=["80.9.0", "84.2.1"])
    options = parser.parse_args()
    given = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), options.upstream_tests)
    try:
        tests = find_tests(given)
    except ValueError as error:
        parser.error(str(error))
    failed = sum(run_all(tests, version) for version in options.setuptools)
    print(f"{failed} of {len(tests) * len(options.setuptools)} failed")
    return int(failed > 0)


def find_tests(given: Path) -> list[Path]:
    """The test files that a path names; raises ValueError if it names none."""
    given = given.absolute()
    if given.is_file():
        return [given]
    root = given / "test" if (given / "test").is_dir() else given
    folders = [root / name for name in FOLDERS] + ([given] if given.name in FOLDERS else [])
    found = sorted(test for folder in folders for test in folder.glob("test_*.py"))
    if not found:
        raise ValueError(
            f"--upstream-tests is {str(given)!r}, expected a checkout of Paddle with tests in "
            "test/custom_op or test/cpp_extension, such a folder, or one test file"
        )
    return found


def run_all(tests: Sequence[Path], setuptools: str) -> int:
    """Runs test files with one setuptools; returns how many failed."""
    from environment import Environment, session_folder

    there = Environment(session_folder() / f"upstream-{setuptools}", setuptools)
    failed = 0
    for test in tests:
        name = f"{test.parent.name}/{test.name}"
        why = TESTS.get(name, ("", ""))[1]
        if why:
            print(f"setuptools {setuptools}  {name}  not run: {why}", flush=True)
            continue
        copy = session_folder() / "sources" / setuptools / name.replace("/", "-")
        shutil.copytree(test.parent, copy)  # tests leave files beside themselves
        result = there.run(test.name, cwd=copy, ok=False)
        failed += result.returncode != 0
        word = "FAILED" if result.returncode else "ok"
        print(f"setuptools {setuptools}  {name}  {word}", flush=True)
        if result.returncode:
            print("    " + "\n    ".join(result.stdout.splitlines()[-15:]), flush=True)
    return failed


if __name__ == "__main__":
    os.environ.pop("TEST_TMPDIR", None)
    sys.exit(main())
