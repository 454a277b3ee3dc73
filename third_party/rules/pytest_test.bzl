"""pytest_test: test files run by pytest, on one or several Paddle versions."""

load("@rules_python//python:defs.bzl", "py_test")
load("//third_party/rules:configured_test.bzl", "configured_test")

def pytest_test(
        name,
        srcs,
        deps = [],
        data = [],
        size = "medium",
        timeout = None,
        ci_paddles = [],
        matrix_paddles = [],
        tags = [],
        args = [],
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
      tags: for example ["matrix"].
      args: further words for pytest.
      **kwargs: handed to py_test.
    """
    files = ["%s/%s" % (native.package_name(), source) for source in srcs if source.startswith("test_")]
    py_test(
        name = name,
        size = size,
        timeout = timeout,
        srcs = srcs + ["//third_party/rules:pytest_main.py"],
        args = args + files,
        data = data,
        main = "//third_party/rules:pytest_main.py",
        tags = tags,
        deps = deps + ["//third_party/pip:packages"],
        **kwargs
    )
    extra_runs = [(paddle, "ci") for paddle in ci_paddles] + [(paddle, "matrix") for paddle in matrix_paddles]
    for paddle, tag in extra_runs:
        configured_test(
            name = "%s_paddle_%s" % (name, paddle.replace(".", "_")),
            size = size,
            timeout = timeout,
            args = args + files,  # again, because a py_test keeps them to itself
            paddle = paddle,
            tags = tags + [tag],
            test = ":" + name,
        )
