"""The Paddle minor versions that have an adapter; the first is the default of //third_party/paddle:version."""

load("//third_party/python:versions.bzl", "python_tag", "underscored")

PADDLE_VERSIONS = ["3.3", "3.0"]

def paddle_repository_name(paddle, python):
    """("3.3", "3.11") -> "paddle_3_3_cp311"."""
    return "paddle_%s_%s" % (underscored(paddle), python_tag(python))
