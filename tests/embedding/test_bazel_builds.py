"""Bazel builds that depend on this one, with MODULE.bazel and with WORKSPACE, from a clean copy."""

from __future__ import annotations

import re

import pytest
from checkout import QUICK_BUILD, Checkout

# What the examples may not fetch, by the names in third_party/repos.bzl.
UNWANTED = re.compile(r"(paddle|torch|cuda|pip)(_.*)?")


@pytest.fixture(params=["bazel_module", "bazel_workspace"])
def built(request, tmp_path):
    with Checkout(tmp_path / "clone", tmp_path / "outputs") as clone:
        inside = f"examples/{request.param}"
        result = clone.bazelw("run", *QUICK_BUILD, "//:use_kernels", inside=inside)
        yield clone, result


def test_three_operators_run_and_neither_paddle_nor_torch_nor_cuda_is_fetched(built):
    clone, result = built
    assert result.returncode == 0, result.stdout
    lines = result.stdout.splitlines()
    assert "expand: 1 2 1 2" in lines
    assert "copysign: -1 2 -1 2" in lines
    assert "eigvalsh: 1 3" in lines

    fetched = clone.external_repositories()
    assert "openblas" in fetched  # the listing shows what is fetched
    assert {name for name in fetched if UNWANTED.fullmatch(name)} == set()
