"""configured_test: an existing test once more, in another configuration."""

_PADDLE = "//third_party/paddle:version"
_PYTHON = "//third_party/python:version"
_FEATURES = "//command_line_option:features"
_COPTS = "//command_line_option:copt"
_CUDA = "//third_party/cuda:library"

def _configuration_impl(settings, attr):
    copts = ["-O1"] if attr.sanitizers else []
    copts += ["-fno-sanitize-recover=all"] if "ubsan" in attr.sanitizers else []
    return {
        _COPTS: settings[_COPTS] + copts,
        _CUDA: "on" if attr.cuda else settings[_CUDA],
        _FEATURES: settings[_FEATURES] + attr.sanitizers,
        _PADDLE: attr.paddle or settings[_PADDLE],
        _PYTHON: attr.python or settings[_PYTHON],
    }

_configuration = transition(
    implementation = _configuration_impl,
    inputs = [_COPTS, _CUDA, _FEATURES, _PADDLE, _PYTHON],
    outputs = [_COPTS, _CUDA, _FEATURES, _PADDLE, _PYTHON],
)

def _configured_test_impl(ctx):
    test = ctx.attr.test[0]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        is_executable = True,
        output = executable,
        target_file = ctx.executable.test,
    )
    runfiles = ctx.runfiles(files = [ctx.executable.test]).merge(test[DefaultInfo].default_runfiles)
    return [
        DefaultInfo(executable = executable, runfiles = runfiles),
        test[RunEnvironmentInfo] if RunEnvironmentInfo in test else RunEnvironmentInfo(),
    ]

configured_test = rule(
    implementation = _configured_test_impl,
    doc = "Runs `test` built for another Paddle or Python, with sanitizers, or with the library for GPUs.",
    attrs = {
        "cuda": attr.bool(doc = "with --config=cuda"),
        "paddle": attr.string(doc = "a Paddle as in --config=paddle-X.Y; empty for the selected one"),
        "python": attr.string(doc = "a Python as in --config=python-X.Y; empty for the selected one"),
        "sanitizers": attr.string_list(doc = "of asan, ubsan, tsan"),
        "test": attr.label(
            cfg = _configuration,
            executable = True,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    test = True,
)
