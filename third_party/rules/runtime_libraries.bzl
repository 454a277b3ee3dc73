"""runtime_libraries: the shared libraries that code linked with some C++ targets needs when it runs."""

load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def _runtime_libraries_impl(ctx):
    files = []
    for dep in ctx.attr.deps:
        for input in dep[CcInfo].linking_context.linker_inputs.to_list():
            for library in input.libraries:
                if library.static_library or library.pic_static_library:
                    continue
                file = library.resolved_symlink_dynamic_library or library.dynamic_library
                if file:
                    files.append(file)
    return [DefaultInfo(files = depset(files))]

runtime_libraries = rule(
    implementation = _runtime_libraries_impl,
    doc = "Prebuilt shared libraries among the dependencies of `deps`: none where everything is linked statically.",
    attrs = {"deps": attr.label_list(providers = [CcInfo])},
)
