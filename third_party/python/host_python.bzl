"""host_python: an interpreter of this machine, isolated from the packages installed beside it."""

load("//third_party/python:versions.bzl", "PYTHON_VERSIONS", "underscored")

# Looked for at fetch time; PYTHON_3_11=/path wins, so that any machine can say where its interpreter is.
_ENVIRONMENT = ["HOME", "PATH", "PYENV_ROOT", "PYTHON_3_9", "PYTHON_3_10", "PYTHON_3_11", "PYTHON_3_12", "PYTHON_3_13"]

_BUILD = """\
load("@rules_cc//cc:defs.bzl", "cc_library")
load("@rules_python//python:defs.bzl", "py_runtime")

package(default_visibility = ["//visibility:public"])

# A virtual environment without packages: what is installed on the machine cannot leak into a test.
py_runtime(
    name = "runtime",
    files = ["venv/pyvenv.cfg"],
    interpreter = "venv/bin/python",
    python_version = "PY3",
    target_compatible_with = {compatible},
)

cc_library(
    name = "headers",
    hdrs = glob(["include/**"], allow_empty = True),
    includes = ["include"],
    target_compatible_with = {compatible},
)
"""

def find_python(ctx, version):
    """Path of a CPython `version` of this machine, or None.

    Args:
      ctx: the repository context.
      version: for example "3.11".

    Returns:
      $PYTHON_3_11, which has to be one; else python3.11 on PATH or the newest 3.11 of pyenv, each only if it runs.
    """
    variable = "PYTHON_" + underscored(version)
    chosen = ctx.os.environ.get(variable)
    if chosen:
        path = _real_path(ctx, chosen, version)
        return path or fail("%s=%s: expected the path of a Python %s that runs" % (variable, chosen, version))

    pyenv = ctx.os.environ.get("PYENV_ROOT", ctx.os.environ.get("HOME", "") + "/.pyenv")
    newest = ctx.execute([
        "sh",
        "-c",
        "ls -d \"$1\"/versions/$2.*/bin/python$2 2>/dev/null | sort -V | tail -n 1",
        "sh",
        pyenv,
        version,
    ])
    for candidate in [str(ctx.which("python" + version) or ""), newest.stdout.strip()]:
        path = _real_path(ctx, candidate, version) if candidate else None
        if path:
            return path
    return None

def _real_path(ctx, candidate, version):
    """The interpreter that a program such as a shim of pyenv, a shell script, runs; None if it is no `version`."""
    probe = ctx.execute([
        candidate,
        "-c",
        "import os, sys; print('%d.%d' % sys.version_info[:2]); print(os.path.realpath(sys.executable))",
    ])
    lines = probe.stdout.splitlines()
    return lines[1] if probe.return_code == 0 and lines[0] == version else None

def find_any_python(ctx):
    """Path of a CPython of this machine, for what needs none in particular.

    Args:
      ctx: the repository context.

    Returns:
      The first of PYTHON_VERSIONS that find_python finds, or None.
    """
    for version in PYTHON_VERSIONS:
        python = find_python(ctx, version)
        if python:
            return python
    return None

def compatible_with_found(python, version):
    """Has Bazel say of a target that the Python which it needs is absent: text of its target_compatible_with.

    Args:
      python: what find_python returned.
      version: what it looked for, or "" for any.

    Returns:
      "[]", or a list with a constraint that no platform has, whose name says what is absent.
    """
    if python:
        return "[]"
    name = "python_" + underscored(version) if version else "python"
    return repr([str(Label("//third_party/python:%s_is_found" % name))])

def _python_headers(ctx, python, version):
    """Links (or, where only the interpreter is installed, fetches) the headers into include/."""
    include = ctx.execute([python, "-c", "import sysconfig; print(sysconfig.get_path('include'))"]).stdout.strip()
    if ctx.path(include + "/Python.h").exists:
        ctx.symlink(include, "include")
        return
    fetched = ctx.execute([
        python,
        str(ctx.path(Label("//third_party/debian:fetch.py"))),
        "--host-suites",
        "libpython%s-dev" % version,
        "deb",
    ], timeout = 600)
    if fetched.return_code:
        fail("Python %s has no headers (Python.h) and they could not be fetched:\n%s" % (version, fetched.stderr))
    ctx.symlink("deb/usr/include/python" + version, "include")
    ctx.symlink("deb/usr/include/x86_64-linux-gnu", "include/x86_64-linux-gnu")

def _host_python_impl(ctx):
    version = ctx.attr.version
    python = find_python(ctx, version)
    if not python:
        ctx.file("venv/bin/python", "#!/bin/sh\necho Python %s is absent >&2; exit 1\n" % version)
        ctx.file("venv/pyvenv.cfg", "")
        ctx.file("BUILD.bazel", _BUILD.format(compatible = compatible_with_found(None, version)))
        return
    ctx.symlink(python, "venv/bin/python")
    ctx.file("venv/pyvenv.cfg", "home = %s\ninclude-system-site-packages = false\n" % ctx.path(python).dirname)
    _python_headers(ctx, python, version)
    ctx.file("BUILD.bazel", _BUILD.format(compatible = "[]"))

host_python = repository_rule(
    implementation = _host_python_impl,
    doc = "CPython `version` of the host as a py_runtime with an empty package folder, and its headers.",
    attrs = {"version": attr.string(mandatory = True)},
    environ = _ENVIRONMENT,
    local = True,
)
