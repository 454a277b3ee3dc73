"""Every external repository, once: MODULE.bazel (through extensions.bzl) and WORKSPACE both call repos()."""

load("//third_party/cuda:toolkit.bzl", "CUDA_BUILD_FILE")
load("//third_party/debian:debian.bzl", "debian_package")
load("//third_party/lapack:wheel.bzl", "OPENBLAS_BUILD_FILE")
load("//third_party/npm:npm.bzl", "npm_package")
load("//third_party/paddle:gpu.bzl", "paddle_gpu")
load("//third_party/paddle:versions.bzl", "paddle_repository_name", "paddles_on")
load("//third_party/paddle:wheel.bzl", "PADDLE_BUILD_FILE")
load("//third_party/pip:pip.bzl", "PROGRAMS_BUILD_FILE", "pip_wheel_files", "pip_wheels")
load("//third_party/python:host_python.bzl", "host_python")
load("//third_party/python:newer_python.bzl", "newer_python")
load("//third_party/python:versions.bzl", "PYTHON_VERSIONS", "TORCH_PYTHONS", "python_tag", "underscored")

def repos():
    """Declares the repositories; each is fetched only when a target that needs it is built.

    Files are given as Label(…): a string would mean a file of the workspace that calls this, which may be another.
    """
    for version in PYTHON_VERSIONS:
        tag = python_tag(version)
        host_python(name = "python_" + underscored(version), version = version)
        pip_wheels(name = "pip_" + tag, lock = Label("//third_party/pip/locks:tools_%s.txt" % tag), python = version)
        if version in TORCH_PYTHONS:
            pip_wheels(
                name = "torch_" + tag,
                # A CPU build comes from a folder or an index of the user's; the public build brings CUDA along.
                fallback_lock = Label("//third_party/pip/locks:torch_public_%s.txt" % tag),
                lock = Label("//third_party/pip/locks:torch_%s.txt" % tag),
                python = version,
            )
        for paddle in paddles_on(version):
            pip_wheels(
                name = paddle_repository_name(paddle, version),
                build_file = PADDLE_BUILD_FILE,
                lock = Label("//third_party/pip/locks:paddle_%s_%s.txt" % (underscored(paddle), tag)),
                python = version,
            )

    paddle_gpu(name = "paddle_gpu", python = PYTHON_VERSIONS[0])
    pip_wheels(
        name = "openblas",
        build_file = OPENBLAS_BUILD_FILE,
        lock = Label("//third_party/pip/locks:openblas.txt"),
    )
    pip_wheel_files(
        name = "build_tools",
        lock = Label("//third_party/pip/locks:build_tools.txt"),
        python = PYTHON_VERSIONS[0],
    )
    pip_wheels(
        name = "cuda",
        build_file = CUDA_BUILD_FILE,
        keep_programs = True,
        lock = Label("//third_party/pip/locks:cuda.txt"),
        python = PYTHON_VERSIONS[0],
    )
    pip_wheels(
        name = "downstream_cp311",
        lock = Label("//third_party/pip/locks:downstream_cp311.txt"),
        python = PYTHON_VERSIONS[0],
    )
    for tools in ["embedding", "lint", "release"]:
        pip_wheels(
            name = tools + "_tools",
            build_file = PROGRAMS_BUILD_FILE,
            keep_programs = True,
            lock = Label("//third_party/pip/locks:%s_tools.txt" % tools),
            python = PYTHON_VERSIONS[0],
        )
    npm_package(
        name = "buildifier",
        build_file = Label("//third_party/npm:buildifier.BUILD"),
        npm_lock = Label("//third_party/pip/locks:npm_client.txt"),
        package = "@bazel/buildifier",
        python = PYTHON_VERSIONS[0],
        sha256 = "b96ea9b13003036c801f52bee6f9b0314738f8432e5cb9d814c89f59292604ee",
        version = "8.2.1",
    )
    newer_python(name = "python_3_14", version = "3.14")
    debian_package(
        name = "googletest",
        build_file = Label("//third_party/debian:googletest.BUILD"),
        package = "googletest",
        sha256 = "927be72067517da503b6538026d451455c9e860f5dbfe237f792543db7d5a928",
        suite = "bookworm",
        version = "1.12.1-0.2",
    )
