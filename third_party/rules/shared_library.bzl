"""shared_library: a .so with a soname, that finds the ones it links against beside itself."""

load("@rules_cc//cc:defs.bzl", "cc_binary")

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
        deps = deps,
        **kwargs
    )
