"""folder: files side by side, or as a tree, wherever they come from."""

load("//third_party/rules:any_paddle.bzl", "any_paddle")

def _copy(ctx, file, place):
    output = ctx.actions.declare_file("/".join([part for part in [ctx.label.name, place, file.basename] if part]))
    ctx.actions.run_shell(
        arguments = [file.path, output.path],
        command = "cp \"$1\" \"$2\"",
        inputs = [file],
        mnemonic = "CopyToFolder",
        outputs = [output],
    )
    return output

def _folder_impl(ctx):
    outputs = [_copy(ctx, file, "") for file in ctx.files.srcs]
    for target, place in ctx.attr.placed.items():
        outputs += [_copy(ctx, file, place) for file in target.files.to_list()]
    return [DefaultInfo(files = depset(outputs), runfiles = ctx.runfiles(outputs))]

folder = rule(
    implementation = _folder_impl,
    doc = "Copies of files in one folder of the name of the target.",
    attrs = {
        "placed": attr.label_keyed_string_dict(
            allow_files = True,
            cfg = any_paddle,
            doc = "target -> the folder, below that of the target, where its files go",
        ),
        "srcs": attr.label_list(allow_files = True, doc = "files that go into the folder itself"),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
