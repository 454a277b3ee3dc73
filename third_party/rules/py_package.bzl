"""py_package: a source folder and compiled libraries as one importable Python package."""

load("@rules_python//python:defs.bzl", "PyInfo")
load("//third_party/rules:any_paddle.bzl", "any_paddle")

def _py_package_impl(ctx):
    outputs = []

    # A folder of its own, so that several packages of one import name can stand side by side.
    tree = ctx.label.name + ".tree"
    root = ctx.label.package + "/"
    for source in ctx.files.srcs:
        if not source.short_path.startswith(root):
            fail("%s is not below %s" % (source.short_path, ctx.label.package))
        path = source.short_path[len(root):]
        output = ctx.actions.declare_file("%s/%s/%s" % (tree, ctx.attr.import_name, path))
        ctx.actions.symlink(output = output, target_file = source)
        outputs.append(output)
    for target, folder in ctx.attr.libraries.items():
        for file in target.files.to_list():
            path = "/".join([part for part in [tree, ctx.attr.import_name, folder, file.basename] if part])
            output = ctx.actions.declare_file(path)
            ctx.actions.symlink(output = output, target_file = file)
            outputs.append(output)
    files = depset(outputs)
    runfiles = ctx.runfiles(transitive_files = files)
    for dependency in ctx.attr.deps:
        runfiles = runfiles.merge(dependency[DefaultInfo].default_runfiles)
    imports = [dependency[PyInfo].imports for dependency in ctx.attr.deps]
    return [
        DefaultInfo(files = files, runfiles = runfiles),
        PyInfo(
            imports = depset(["%s/%s/%s" % (ctx.workspace_name, ctx.label.package, tree)], transitive = imports),
            transitive_sources = files,
        ),
    ]

py_package = rule(
    implementation = _py_package_impl,
    doc = """The files of this folder as the package `import_name`, with shared libraries inside it.

This is the one place where the folder py/ becomes the package paddlemend; tests, binaries and the wheel use it.
""",
    attrs = {
        "deps": attr.label_list(providers = [PyInfo]),
        "import_name": attr.string(mandatory = True),
        "libraries": attr.label_keyed_string_dict(
            allow_files = True,
            cfg = any_paddle,  # which libraries they are depends on the Paddle, no library itself does
            doc = "target whose files are shared libraries -> folder inside the package",
        ),
        "srcs": attr.label_list(allow_files = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
