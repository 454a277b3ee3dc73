"""cuda_library: .cu files compiled by the nvcc of NVIDIA's wheels, as C++ that other C++ links."""

load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")
load("//third_party/cuda:architectures.bzl", "ArchitecturesInfo")

def _generate_code(names):
    words = []
    for name in names:
        words += ["-gencode", "arch=compute_%s,code=sm_%s" % (name, name)]
    return words + ["-gencode", "arch=compute_%s,code=compute_%s" % (names[-1], names[-1])]

# nvcc names intermediate files after its process; kept in a folder they have the source's name, and objects are equal.
_COMPILE = """\
toolkit=$1; shift
kept=$(mktemp -d)
"$toolkit/bin/nvcc" --keep --keep-dir "$kept" "$@"
status=$?
rm -rf "$kept"
exit $status
"""

def _compile(ctx, toolchain, source, context):
    output = ctx.actions.declare_file("_objs/%s/%s.pic.o" % (ctx.label.name, source.basename))
    arguments = ctx.actions.args()
    arguments.add(ctx.file._toolkit.path)
    arguments.add_all(["-c", source, "-o", output, "-ccbin", toolchain.compiler_executable])
    arguments.add_all(["-std=c++17", "-O3", "--extended-lambda", "--expt-relaxed-constexpr"])
    arguments.add_all(["-Xcompiler", "-fPIC", "-Xcompiler", "-fvisibility=hidden", "-I."])
    arguments.add_all(_generate_code(ctx.attr._architectures[ArchitecturesInfo].names))
    arguments.add_all(context.includes, before_each = "-I")
    arguments.add_all(context.quote_includes, before_each = "-I")
    arguments.add_all(context.system_includes, before_each = "-isystem")
    ctx.actions.run_shell(
        arguments = [arguments],
        command = _COMPILE,
        env = {"PATH": "/usr/bin:/bin"},
        inputs = depset(
            [source, ctx.file._toolkit] + ctx.files.hdrs,
            transitive = [context.headers, toolchain.all_files],
        ),
        mnemonic = "CudaCompile",
        outputs = [output],
        progress_message = "Compiling %{input}",
    )
    return output

def _cuda_library_impl(ctx):
    toolchain = ctx.attr._cc_toolchain[cc_common.CcToolchainInfo]
    features = cc_common.configure_features(
        cc_toolchain = toolchain,
        ctx = ctx,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    dependencies = [dep[CcInfo] for dep in ctx.attr.deps]
    own = CcInfo(compilation_context = cc_common.create_compilation_context(headers = depset(ctx.files.hdrs)))
    context = cc_common.merge_cc_infos(cc_infos = [own] + dependencies).compilation_context
    objects = depset([_compile(ctx, toolchain, source, context) for source in ctx.files.srcs])
    linking, _ = cc_common.create_linking_context_from_compilation_outputs(
        actions = ctx.actions,
        alwayslink = True,
        cc_toolchain = toolchain,
        compilation_outputs = cc_common.create_compilation_outputs(objects = objects, pic_objects = objects),
        disallow_dynamic_library = True,
        feature_configuration = features,
        linking_contexts = [
            dependency.linking_context
            for dependency in dependencies + [ctx.attr._runtime[CcInfo]]
        ],
        name = ctx.label.name,
    )
    return [
        DefaultInfo(files = objects),
        CcInfo(compilation_context = context, linking_context = linking),
    ]

cuda_library = rule(
    implementation = _cuda_library_impl,
    attrs = {
        "deps": attr.label_list(providers = [CcInfo]),
        "hdrs": attr.label_list(allow_files = [".h", ".cuh"]),
        "srcs": attr.label_list(allow_files = [".cu"]),
        "_architectures": attr.label(default = "//third_party/cuda:architectures"),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
        "_runtime": attr.label(default = "@cuda//:runtime"),
        "_toolkit": attr.label(allow_single_file = True, default = "@cuda//:toolkit"),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
