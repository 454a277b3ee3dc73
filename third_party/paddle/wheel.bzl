"""BUILD text of an installed Paddle wheel: the package, and what an adapter compiles and links against."""

PADDLE_BUILD_FILE = """\
load("@rules_cc//cc:defs.bzl", "cc_library")
load("@rules_python//python:defs.bzl", "py_library")

package(default_visibility = ["//visibility:public"])

py_library(
    name = "packages",
    data = ["site"],
    imports = ["site"],
    target_compatible_with = {compatible},
)

cc_library(
    name = "headers",
    hdrs = glob(["site/paddle/include/**"], allow_empty = True),
    includes = [
        "site/paddle/include",
        "site/paddle/include/third_party",
    ],
    target_compatible_with = {compatible},
)

exports_files([
    "site",
    "site/paddle/libs/libcommon.so",
    "site/paddle/libs/libphi_core.so",
])
"""
