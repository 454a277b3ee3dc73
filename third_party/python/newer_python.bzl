"""newer_python: a Python of a newer Debian for tests that run it as a program; absent where it cannot be fetched."""

def _newer_python_impl(ctx):
    result = ctx.execute([
        ctx.which("python3"),
        ctx.path(ctx.attr._fetch),
        ctx.attr.version,
        "python",
    ], timeout = 600)
    if result.return_code:
        ctx.delete("python")
        ctx.file("python/absent", result.stderr)
    ctx.file("BUILD.bazel", """exports_files(["python"], visibility = ["//visibility:public"])""")

newer_python = repository_rule(
    implementation = _newer_python_impl,
    doc = "The folder `python`: its program `python`, or, where there is none to be had, a file `absent` that says why.",
    attrs = {
        "version": attr.string(mandatory = True),
        "_fetch": attr.label(default = "//third_party/debian:fetch_python.py"),
    },
    environ = ["DEB_SUITE"],
)
