"""paddle_gpu: a paddlepaddle-gpu of the user's, from whatever index has one."""

load("//third_party/pip:pip.bzl", "pip_command")
load("//third_party/python:host_python.bzl", "find_python")

# Names a requirements file for pip; --repo_env=PADDLE_GPU_REQUIREMENTS=/…/requirements.txt
_SETTING = "PADDLE_GPU_REQUIREMENTS"

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")

package(default_visibility = ["//visibility:public"])

# No platform has it: Bazel's message about what cannot be built names it, and so says what to set.
constraint_setting(name = "setting")

constraint_value(
    name = "PADDLE_GPU_REQUIREMENTS_is_set",
    constraint_setting = ":setting",
)

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
    if not ctx.path("site/paddle/include").exists:
        fail("%s=%s names no Paddle: nothing that it installs has paddle/include" % (_SETTING, requirements))

def _watch(ctx, requirements):
    """Has the repository fetched anew when the file changes."""
    if not requirements.startswith("/"):
        fail("%s=%s: expected an absolute path" % (_SETTING, requirements))
    if not ctx.path(requirements).exists:
        fail("%s=%s: there is no such file" % (_SETTING, requirements))
    ctx.watch(requirements)

def _cuda_includes(ctx):
    """The include folders of NVIDIA's wheels. Since CUDA 13 Thrust lies in cccl/, where only nvcc looks by itself."""
    nvidia = ctx.path("site/nvidia")
    if not nvidia.exists:
        return []
    names = ["%s/include" % folder.basename for folder in nvidia.readdir()]
    names += [name + "/cccl" for name in names]
    return ["site/nvidia/" + name for name in names if nvidia.get_child(name).exists]

def _paddle_gpu_impl(ctx):
    requirements = ctx.os.environ.get(_SETTING)
    includes = []
    if requirements:
        _watch(ctx, requirements)
        python = find_python(ctx, ctx.attr.python)
        if not python:
            fail("%s is set, and Python %s, whose pip would install it, is not found" % (_SETTING, ctx.attr.python))
        _install(ctx, python, requirements)
        includes = ["site/paddle/include", "site/paddle/include/third_party"] + _cuda_includes(ctx)
    compatible = [] if requirements else [":%s_is_set" % _SETTING]
    ctx.file("BUILD.bazel", _BUILD.format(compatible = repr(compatible), includes = repr(includes)))

paddle_gpu = repository_rule(
    implementation = _paddle_gpu_impl,
    doc = """paddlepaddle-gpu, and NVIDIA's wheels with the headers that its own include.

    Both come from the requirements file that the environment variable PADDLE_GPU_REQUIREMENTS names; pip reads the
    index from it, too (--index-url …). Paddle's headers include those of cuBLAS, cuDNN, cuFFT, cuRAND, cuSOLVER,
    cuSPARSE, NCCL and Thrust (nvidia-cuda-cccl); the file names those that the wheel does not require by itself.
    Without the variable what needs the wheel is incompatible.""",
    attrs = {"python": attr.string(mandatory = True)},
    environ = [_SETTING, "PADDLEMEND_PIP_WHEEL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL"],
)
