"""lint_binary and lint_test: the linters over the source tree."""

load("@rules_python//python:defs.bzl", "py_binary", "py_test")

_COMMON = dict(
    srcs = ["//third_party/lint:lint.py"],
    data = [
        "//:MODULE.bazel",
        "@buildifier//:package/buildifier-linux_amd64",
        "@lint_tools//:site",
    ],
    main = "//third_party/lint:lint.py",
)

def lint_binary(name, mode):
    """`bazel run`s the linters in a mode: --check or --fix."""
    py_binary(
        name = name,
        args = [mode],
        **_COMMON
    )

def lint_test(name):
    """Fails for a file that is not formatted or has a finding.

    It reads the whole source tree, which no list of inputs describes: so it runs outside the sandbox and is never
    cached.
    """
    py_test(
        name = name,
        size = "small",
        args = ["--check"],
        tags = [
            "external",
            "no-sandbox",
        ],
        **_COMMON
    )
