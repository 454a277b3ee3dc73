"""paddle_adapter, gpu_adapter: the adapter built against the headers and libraries of one Paddle wheel."""

load("@rules_cc//cc:defs.bzl", "cc_library")
load("//third_party/paddle:versions.bzl", "paddle_repository_name")
load("//third_party/python:versions.bzl", "PYTHON_VERSIONS")
load("//third_party/rules:shared_library.bzl", "shared_library")

# By these options Paddle's macros name their files apart from the wheel's repository, whose name differs between
# MODULE.bazel and WORKSPACE, and between versions of Bazel: equal sources, equal libraries.
def _short_file_names(wheel):
    return ["-fmacro-prefix-map=%s/site/=" % Label(wheel + "//:headers").workspace_root]

def paddle_adapter(name, paddle, visibility):
    """Declares `name`.so.

    It serves every Python: headers and libraries are the same in the wheels of all of them, and nothing in it
    includes Python.h.

    Args:
      name: of the library, without its suffix.
      paddle: a minor version such as "3.3".
      visibility: of the shared library.
    """
    wheel = "@" + paddle_repository_name(paddle, PYTHON_VERSIONS[0])
    cc_library(
        name = name,
        srcs = native.glob(["*.cc"]),
        hdrs = native.glob([
            "*.h",
            "operators/*.h",
        ]),
        alwayslink = True,
        copts = _short_file_names(wheel),
        textual_hdrs = [":all_operators"],
        deps = [
            "//cc/capi:interface",
            wheel + "//:headers",
        ],
    )
    shared_library(
        name = name + ".so",
        link_against = [
            "//cc/capi:libpaddlemend.so",
            wheel + "//:site/paddle/libs/libcommon.so",
            wheel + "//:site/paddle/libs/libphi_core.so",
        ],
        visibility = visibility,
        deps = [":" + name],
    )

def gpu_adapter(name, operators, visibility):
    """Declares `name`.so, whose kernels are for phi::GPUContext and run libpaddlemend_cuda.so.

    It is built against the paddlepaddle-gpu that @paddle_gpu holds, and loads where Paddle has no GPUs, too: there it
    refuses every operator.

    Args:
      name: of the library, without its suffix.
      operators: the generated list of its operators' headers.
      visibility: of the shared library.
    """
    cc_library(
        name = name,
        srcs = native.glob(["*.cc"]),
        hdrs = native.glob([
            "*.h",
            "operators/*.h",
        ]),
        alwayslink = True,
        copts = _short_file_names("@paddle_gpu"),
        local_defines = ["PADDLE_WITH_CUDA"],
        tags = ["manual"],
        textual_hdrs = [operators],
        deps = [
            "//cc/capi:interface",
            "@paddle_gpu//:headers",
            "@paddle_gpu//:libraries",
        ],
    )
    shared_library(
        name = name + ".so",
        link_against = ["//cc/capi:libpaddlemend_cuda.so"],
        tags = ["manual"],
        visibility = visibility,
        deps = [":" + name],
    )
