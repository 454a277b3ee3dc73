"""py_wheel: a py_package as a wheel, built by setuptools from pyproject.toml."""

def _py_wheel_impl(ctx):
    folder = ctx.attr.output_folder + "/" if ctx.attr.output_folder else ""
    wheel = ctx.actions.declare_file("%s%s-%s-%s-%s-%s.whl" % (
        folder,
        ctx.attr.distribution,
        ctx.attr.version,
        ctx.attr.python_tag,
        ctx.attr.python_tag,
        ctx.attr.platform,
    ))
    arguments = ctx.actions.args()
    arguments.add("--out", wheel)
    for file in ctx.files.project_files:
        arguments.add("--file", "%s=%s" % (file.path, file.basename))

    # The inverse of py_package: the files of the package go back to the source folder that pyproject.toml maps.
    marker = "/%s/" % ctx.attr.distribution
    for file in ctx.files.package:
        path = file.short_path[file.short_path.index(marker) + len(marker):]
        arguments.add("--file", "%s=%s/%s" % (file.path, ctx.attr.source_folder, path))
    ctx.actions.run(
        arguments = [arguments],
        executable = ctx.executable._make_wheel,
        inputs = ctx.files.project_files + ctx.files.package,
        mnemonic = "PyWheel",
        outputs = [wheel],
        progress_message = "Building %{output}",
    )
    return [DefaultInfo(files = depset([wheel]))]

py_wheel = rule(
    implementation = _py_wheel_impl,
    attrs = {
        "distribution": attr.string(mandatory = True, doc = "name of the distribution and of the import package"),
        "output_folder": attr.string(doc = "below this package; keeps two wheels of one name apart"),
        "package": attr.label(mandatory = True, doc = "a py_package"),
        "platform": attr.string(mandatory = True),
        "project_files": attr.label_list(
            allow_files = True,
            doc = "pyproject.toml and what it names: they lie at the project's root",
        ),
        "python_tag": attr.string(mandatory = True),
        "source_folder": attr.string(mandatory = True, doc = "where pyproject.toml expects the package"),
        "version": attr.string(mandatory = True),
        "_make_wheel": attr.label(
            cfg = "exec",
            default = "//third_party/rules:make_wheel",
            executable = True,
        ),
    },
)
