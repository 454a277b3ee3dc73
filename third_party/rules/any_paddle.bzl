"""any_paddle: a transition for dependencies that are the same whichever Paddle is selected."""

load("//third_party/paddle:versions.bzl", "PADDLES")

_PADDLE = "//third_party/paddle:version"

# No library depends on the selected Paddle: the kernels need none, and an adapter names its wheel. In one
# configuration they are compiled once for all Paddles.
def _any_paddle_impl(_settings, _attr):
    return {_PADDLE: PADDLES[0]}

any_paddle = transition(
    implementation = _any_paddle_impl,
    inputs = [],
    outputs = [_PADDLE],
)
