"""The Paddles that --config=paddle-X.Y and --config=paddle-X.Y.Z select."""

load("//third_party/python:versions.bzl", "PYTHON_VERSIONS", "python_tag", "underscored")

# Minor versions. Each has an adapter, built and tested with its newest release, the one in its lock. The first is
# the default of //third_party/paddle:version.
PADDLE_VERSIONS = ["3.3", "3.0", "3.1", "3.2"]

# The minor versions whose wheels --config=ci may fetch; the others' are for --config=matrix.
CI_PADDLE_VERSIONS = ["3.3", "3.0"]

# The other releases: the adapter of their minor version serves them.
PATCH_RELEASES = ["3.1.0", "3.2.0", "3.2.1", "3.3.0"]

PADDLES = PADDLE_VERSIONS + PATCH_RELEASES

def paddles_on(python):
    """The Paddles that are tested on a Python: all on the default one, the minor versions' locks on others."""
    return PADDLES if python == PYTHON_VERSIONS[0] else PADDLE_VERSIONS

def minor_version(paddle):
    """"3.1.0" or "3.1" -> "3.1"."""
    return ".".join(paddle.split(".")[:2])

def paddle_repository_name(paddle, python):
    """("3.3", "3.11") -> "paddle_3_3_cp311"."""
    return "paddle_%s_%s" % (underscored(paddle), python_tag(python))
