"""Imported once by the fork server, so that every worker starts with the frameworks loaded."""

import os
import warnings

os.environ.pop("TEST_TMPDIR", None)  # with it set Paddle dies at exit
os.environ["MIN_GRAPH_SIZE"] = "0"  # SOT runs smaller graphs eagerly, which would prove nothing

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import paddle  # noqa: F401

import paddlemend.apitest.preload_torch  # noqa: F401
