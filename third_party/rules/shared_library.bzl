"""shared_library: a .so with a soname, that finds the ones it links against beside itself and nowhere else."""

load("@rules_cc//cc:defs.bzl", "cc_binary")
load("@rules_cc//cc/common:cc_common.bzl", "cc_common")
load("@rules_cc//cc/common:cc_info.bzl", "CcInfo")

def _linked_by_path_impl(ctx):
    inputs = []
    for dep in ctx.attr.deps:
        for input in dep[CcInfo].linking_context.linker_inputs.to_list():
            dynamic = [
                library.resolved_symlink_dynamic_library or library.dynamic_library
                for library in input.libraries
                if not (library.static_library or library.pic_static_library)
            ]
            inputs.append(cc_common.create_linker_input(
                owner = input.owner,
                additional_inputs = depset(input.additional_inputs + dynamic),
                libraries = depset([
                    library
                    for library in input.libraries
                    if library.static_library or library.pic_static_library
                ]),
                user_link_flags = depset(input.user_link_flags + [file.path for file in dynamic]),
            ))
    return [CcInfo(linking_context = cc_common.create_linking_context(linker_inputs = depset(inputs, order = "topological")))]

_linked_by_path = rule(
    implementation = _linked_by_path_impl,
    doc = """What `deps` link, with each prebuilt shared library as a file on the command line.

Of one that it knows as such, Bazel writes the folder of the build into the RUNPATH, which no other machine has.
""",
    attrs = {"deps": attr.label_list(providers = [CcInfo])},
)

def shared_library(name, deps, link_against = [], version_script = None, allow_undefined = False, linkopts = [], **kwargs):
    """Links `name` (a file name such as "libx.so").

    Args:
      name: file name; also the soname.
      deps: cc_library targets whose code goes into the library.
      link_against: shared libraries (files) that are loaded with it, found in its own folder ($ORIGIN) or
        loaded before.
      version_script: linker script that lists what is exported.
      allow_undefined: the program that loads the library provides symbols, as Python does.
      linkopts: further linker options.
      **kwargs: handed to cc_binary.
    """
    scripts = [version_script] if version_script else []
    linked = name + ".linked"
    _linked_by_path(
        name = linked,
        tags = kwargs.get("tags", []),
        target_compatible_with = kwargs.get("target_compatible_with"),
        visibility = ["//visibility:private"],
        deps = deps,
    )
    cc_binary(
        name = name,
        additional_linker_inputs = link_against + scripts,
        linkopts = ["$(execpath %s)" % library for library in link_against] +
                   ["-Wl,--version-script=$(execpath %s)" % script for script in scripts] + [
            "-Wl,-soname," + name,
            "-Wl,-rpath,$$ORIGIN",
            "-Wl,--build-id=sha1",
            "-Wl,--exclude-libs,ALL",
        ] + ([] if allow_undefined else ["-Wl,-z,defs"]) + linkopts,
        linkshared = True,
        deps = [linked],
        **kwargs
    )
