"""BUILD text of the installed scipy-openblas32 wheel: OpenBLAS with LAPACK, its symbols prefixed with scipy_."""

OPENBLAS_BUILD_FILE = """\
load("@rules_cc//cc:defs.bzl", "cc_import", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_import(
    name = "shared_library",
    shared_library = "site/scipy_openblas32/lib/libscipy_openblas.so",
    target_compatible_with = {compatible},
)

cc_library(
    name = "lapack",
    defines = ["PADDLEMEND_LAPACK_PREFIX=scipy_"],
    deps = [":shared_library"],
)

# Under a name that says of what, beside other licences.
genrule(
    name = "license",
    srcs = glob(["site/*.dist-info/licenses/LICENSE.txt"], allow_empty = True),
    outs = ["LICENSE.openblas"],
    cmd = "cat $(SRCS) > $@",
)
"""
