"""BUILD text of NVIDIA's wheels: the CUDA compiler, its headers and the static runtime."""

CUDA_BUILD_FILE = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

# One label for the whole directory: nvcc looks for everything below it.
filegroup(
    name = "toolkit",
    srcs = ["site/nvidia/cu13"],
    target_compatible_with = {compatible},
)

cc_library(
    name = "headers",
    hdrs = glob(["site/nvidia/cu13/include/**"]),
    includes = ["site/nvidia/cu13/include"],
    target_compatible_with = {compatible},
)

cc_library(
    name = "runtime",
    srcs = ["site/nvidia/cu13/lib/libcudart_static.a"],
    linkopts = [
        "-ldl",
        "-lpthread",
        "-lrt",
    ],
    target_compatible_with = {compatible},
    deps = [":headers"],
)
"""
