"""pytest_test: test files run by pytest, on one or several Paddle versions; pytest_program: by hand."""

load("@rules_python//python:defs.bzl", "py_binary", "py_test")
load("//third_party/rules:configured_test.bzl", "configured_test")

_MAIN = "//third_party/rules:pytest_main.py"

def _test_files(srcs):
    return ["%s/%s" % (native.package_name(), source) for source in srcs if source.startswith("test_")]

def pytest_program(name, srcs, deps = [], **kwargs):
    """Runs `srcs` with pytest by `bazel run`: tests that start Bazel themselves, which no sandbox allows.

    Args:
      name: of the program.
      srcs: test files; a conftest.py among them is used.
      deps: py_library targets.
      **kwargs: handed to py_binary.
    """
    py_binary(
        name = name,
        srcs = srcs + [_MAIN],
        args = _test_files(srcs),
        main = _MAIN,
        testonly = True,
        deps = deps + ["//third_party/pip:packages"],
        **kwargs
    )

def pytest_test(
        name,
        srcs,
        deps = [],
        data = [],
        size = "medium",
        timeout = None,
        ci_paddles = [],
        matrix_paddles = [],
        ci_pythons = {},
        matrix_pythons = {},
        tags = [],
        args = [],
        shard_count = None,
        **kwargs):
    """Runs `srcs` with pytest.

    Args:
      name: of the test.
      srcs: test files; a conftest.py among them is used.
      deps: py_library targets.
      data: files needed at run time.
      size: see Bazel's test sizes.
      timeout: another one than that of the size.
      ci_paddles: Paddles, as in --config=paddle-X.Y, on which --config=ci runs it as well.
      matrix_paddles: those on which --config=matrix runs it beyond that.
      ci_pythons: {Python: Paddles} of further runs with --config=ci, as in {"3.13": ["3.3"]}.
      matrix_pythons: the same for --config=matrix. Where the machine lacks that Python, they are skipped.
      tags: for example ["matrix"].
      args: further words for pytest.
      shard_count: processes that share the tests among them.
      **kwargs: handed to py_test.
    """
    files = _test_files(srcs)
    py_test(
        name = name,
        size = size,
        timeout = timeout,
        srcs = srcs + [_MAIN],
        args = args + files,
        shard_count = shard_count,
        data = data,
        main = _MAIN,
        tags = tags,
        deps = deps + ["//third_party/pip:packages"],
        **kwargs
    )
    runs = [("", paddle, "ci") for paddle in ci_paddles] + [("", paddle, "matrix") for paddle in matrix_paddles]
    for pythons, tag in [(ci_pythons, "ci"), (matrix_pythons, "matrix")]:
        runs += [(python, paddle, tag) for python, paddles in pythons.items() for paddle in paddles]
    for python, paddle, tag in runs:
        suffix = "_paddle_" + paddle if paddle else ""
        suffix += "_python_" + python if python else ""
        configured_test(
            name = name + suffix.replace(".", "_"),
            size = size,
            timeout = timeout,
            args = args + files,  # again, because a py_test keeps them to itself
            paddle = paddle,
            python = python,
            shard_count = shard_count,
            tags = tags + [tag],
            test = ":" + name,
        )
