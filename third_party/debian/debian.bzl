"""debian_package: one hash-locked Debian package as an external repository."""

def _debian_package_impl(ctx):
    python = ctx.which("python3")
    result = ctx.execute([
        python,
        ctx.path(ctx.attr._fetch),
        "--suite=" + ctx.attr.suite,
        "--sha256=" + ctx.attr.sha256,
        "%s=%s" % (ctx.attr.package, ctx.attr.version),
        "deb",
    ], timeout = 600)
    if result.return_code:
        fail("could not fetch the Debian package %s %s:\n%s" % (ctx.attr.package, ctx.attr.version, result.stderr))
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

debian_package = repository_rule(
    implementation = _debian_package_impl,
    doc = "The files of a Debian package under deb/, for development only: nothing that is shipped needs one.",
    attrs = {
        "build_file": attr.label(mandatory = True),
        "package": attr.string(mandatory = True),
        "sha256": attr.string(mandatory = True, doc = "of the .deb file"),
        "suite": attr.string(mandatory = True),
        "version": attr.string(mandatory = True),
        "_fetch": attr.label(default = "//third_party/debian:fetch.py"),
    },
)
