"""pip_wheels: hash-locked wheels, installed into ONE directory of an external repository."""

load("//third_party/python:host_python.bzl", "compatible_with_found", "find_any_python", "find_python")

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")
load("@rules_python//python:defs.bzl", "py_library")

package(default_visibility = ["//visibility:public"])

# One label for the whole directory: a glob of 20,000 files costs a test minutes of symlinks.
py_library(
    name = "packages",
    data = ["site"],
    imports = ["site"],
    target_compatible_with = {compatible},
)

exports_files(["site"])

cc_library(
    name = "pybind11",
    hdrs = glob(["site/pybind11/include/**"], allow_empty = True),
    includes = ["site/pybind11/include"],
)
"""

# What tests and tools run as programs or import by a path of their own: //:site, and //:packages.
PROGRAMS_BUILD_FILE = """\
load("@rules_python//python:defs.bzl", "py_library")

package(default_visibility = ["//visibility:public"])

py_library(
    name = "packages",
    data = ["site"],
    imports = ["site"],
)

exports_files(["site"])
"""

# Interpreter paths and install records differ between machines and would spoil cache keys.
_REMOVE_MACHINE_STATE = """\
find site \\( -name RECORD -o -name direct_url.json -o -name REQUESTED -o -name INSTALLER \\) -delete
find site -name __pycache__ -prune -exec rm -rf {} +
"""

def pip_command(ctx, python):
    """Finds pip for an interpreter.

    Args:
      ctx: the repository context.
      python: path of the interpreter.

    Returns:
      The words that run pip: the interpreter's own, else the wheel that bazelw brings.
    """
    if ctx.execute([python, "-m", "pip", "--version"]).return_code == 0:
        return [python, "-m", "pip"]
    wheel = ctx.os.environ.get("PADDLEMEND_PIP_WHEEL")
    if wheel:
        return [python, wheel + "/pip"]
    fail("%s has no pip; install it (Debian: python3-pip) or use ./bazelw, which brings one" % python)

def pip_install(ctx, python, lock, fallback_lock = None):
    """Installs the wheels of a lock into site/.

    Args:
      ctx: the repository context.
      python: path of the interpreter.
      lock: label of the lock.
      fallback_lock: lock to install instead where the wheels of the first are not to be had.
    """
    result = None
    for candidate in [lock, fallback_lock]:
        if candidate:
            result = _run_pip_install(ctx, python, candidate)
            if result.return_code == 0:
                return
            ctx.delete("site")
    fail("pip could not install %s:\n%s%s" % (lock, result.stdout[-2000:], result.stderr[-4000:]))

def _run_pip_install(ctx, python, lock):
    return ctx.execute(
        pip_command(ctx, python) + [
            "install",
            "--require-hashes",
            "--no-deps",
            "--only-binary=:all:",
            "--no-compile",
            "--no-warn-script-location",
            "--disable-pip-version-check",
            "--progress-bar=off",
            "--target=site",
            "--requirement=%s" % ctx.path(lock),
        ],
        environment = {"PYTHONNOUSERSITE": "1"},
        timeout = 1800,
    )

def _pip_wheels_impl(ctx):
    version = ctx.attr.python
    python = find_python(ctx, version) if version else find_any_python(ctx)
    if python:
        pip_install(ctx, python, ctx.attr.lock, ctx.attr.fallback_lock)
        ctx.execute(["sh", "-c", _REMOVE_MACHINE_STATE])
        if not ctx.attr.keep_programs:
            ctx.delete("site/bin")
    else:
        ctx.file("site/absent")
    compatible = compatible_with_found(python, version)
    ctx.file("BUILD.bazel", (ctx.attr.build_file or _BUILD).replace("{compatible}", compatible))

pip_wheels = repository_rule(
    implementation = _pip_wheels_impl,
    doc = "The wheels of a hash lock as `:packages`. Where Python `python` is absent, the targets are incompatible.",
    attrs = {
        "build_file": attr.string(doc = "BUILD text instead of the default one; {compatible} is replaced."),
        "fallback_lock": attr.label(
            allow_single_file = True,
            doc = "installed instead where a wheel of `lock` is not to be had",
        ),
        "keep_programs": attr.bool(doc = "Keep site/bin: right where it holds compiled programs, not scripts."),
        "lock": attr.label(mandatory = True, allow_single_file = True),
        "python": attr.string(doc = "whose pip installs them, such as \"3.11\"; any, if the wheels are for every Python"),
    },
    environ = ["PADDLEMEND_PIP_WHEEL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL"],
)

def _pip_wheel_files_impl(ctx):
    python = find_python(ctx, ctx.attr.python)
    for line in ctx.read(ctx.attr.lock).splitlines():
        ctx.file("requirement.txt", line + "\n")
        result = ctx.execute(
            pip_command(ctx, python) + [
                "download",
                "--require-hashes",
                "--no-deps",
                "--only-binary=:all:",
                "--disable-pip-version-check",
                "--progress-bar=off",
                "--dest=wheels",
                "--requirement=requirement.txt",
            ],
            timeout = 600,
        )
        if result.return_code:
            fail("pip could not download %s:\n%s%s" % (line, result.stdout[-2000:], result.stderr[-4000:]))
    ctx.file("BUILD.bazel", "exports_files([\"wheels\"], visibility = [\"//visibility:public\"])\n")

pip_wheel_files = repository_rule(
    implementation = _pip_wheel_files_impl,
    doc = "The wheels of a hash lock as files in `wheels`; the lock may have several versions of one project.",
    attrs = {
        "lock": attr.label(mandatory = True, allow_single_file = True),
        "python": attr.string(mandatory = True),
    },
    environ = ["PADDLEMEND_PIP_WHEEL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL"],
)
