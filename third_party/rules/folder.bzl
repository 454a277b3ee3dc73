"""folder: files side by side, wherever they come from."""

def _folder_impl(ctx):
    outputs = []
    for file in ctx.files.srcs:
        output = ctx.actions.declare_file("%s/%s" % (ctx.label.name, file.basename))
        ctx.actions.run_shell(
            arguments = [file.path, output.path],
            command = "cp \"$1\" \"$2\"",
            inputs = [file],
            mnemonic = "CopyToFolder",
            outputs = [output],
        )
        outputs.append(output)
    return [DefaultInfo(files = depset(outputs), runfiles = ctx.runfiles(outputs))]

folder = rule(
    implementation = _folder_impl,
    doc = "Copies of `srcs` in one folder of the name of the target.",
    attrs = {"srcs": attr.label_list(allow_files = True, mandatory = True)},
)
