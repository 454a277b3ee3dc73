"""paddle_gpu: a paddlepaddle-gpu of the user's, from whatever index has one."""

load("//third_party/pip:pip.bzl", "pip_command")
load("//third_party/python:host_python.bzl", "find_python")

# Names a requirements file for pip; --repo_env=PADDLE_GPU_REQUIREMENTS=/…/requirements.txt
_SETTING = "PADDLE_GPU_REQUIREMENTS"

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

cc_library(
    name = "headers",
    hdrs = glob(["site/paddle/include/**", "site/nvidia/**"], allow_empty = True),
    includes = {includes},
    target_compatible_with = {compatible},
)

# Which of them has phi::GPUContext differs between versions.
cc_library(
    name = "libraries",
    srcs = glob(["site/paddle/libs/libcommon.so", "site/paddle/libs/libphi*.so"], allow_empty = True),
    target_compatible_with = {compatible},
)
"""

def _install(ctx, python, requirements):
    result = ctx.execute(
        pip_command(ctx, python) + [
            "install",
            "--only-binary=:all:",
            "--no-compile",
            "--no-warn-script-location",
            "--disable-pip-version-check",
            "--progress-bar=off",
            "--target=site",
            "--requirement=" + requirements,
        ],
        environment = {"PYTHONNOUSERSITE": "1"},
        timeout = 3600,
    )
    if result.return_code != 0:
        fail("pip could not install %s=%s:\n%s" % (_SETTING, requirements, result.stderr[-4000:]))

def _cuda_includes(ctx):
    nvidia = ctx.path("site/nvidia")
    if not nvidia.exists:
        return []
    folders = [folder.get_child("include") for folder in nvidia.readdir()]
    return ["site/nvidia/%s/include" % folder.dirname.basename for folder in folders if folder.exists]

def _paddle_gpu_impl(ctx):
    requirements = ctx.os.environ.get(_SETTING)
    python = find_python(ctx, ctx.attr.python) if requirements else None
    includes = []
    if python:
        _install(ctx, python, requirements)
        includes = ["site/paddle/include", "site/paddle/include/third_party"] + _cuda_includes(ctx)
    compatible = [] if python else ["@platforms//:incompatible"]
    ctx.file("BUILD.bazel", _BUILD.format(compatible = repr(compatible), includes = repr(includes)))

paddle_gpu = repository_rule(
    implementation = _paddle_gpu_impl,
    doc = """paddlepaddle-gpu, and NVIDIA's wheels with the headers that its own include.

    Both come from the requirements file that the environment variable PADDLE_GPU_REQUIREMENTS names; pip reads the
    index from it, too (--index-url …). Without the variable what needs the wheel is incompatible.""",
    attrs = {"python": attr.string(mandatory = True)},
    environ = [_SETTING, "PADDLEMEND_PIP_WHEEL"],
)
