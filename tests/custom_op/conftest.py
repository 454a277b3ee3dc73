"""Environments for the tests of this folder."""

from __future__ import annotations

import pytest
from environment import Environment, session_folder, setup_py, write_project

_environments: dict[tuple, Environment] = {}


@pytest.fixture
def environment():
    """Makes environments; equal ones are made once, since every test cleans up."""

    def make(setuptools: str | None = "84.2.1", **options) -> Environment:
        key = (setuptools, *sorted(options.items()))
        if key not in _environments:
            folder = session_folder() / f"e{len(_environments)}"
            _environments[key] = Environment(folder, setuptools, **options)
        return _environments[key]

    return make


@pytest.fixture
def project(tmp_path_factory):
    """Writes projects; by default the smallest one, `relu_ops`."""
    count = 0

    def make(files: dict[str, str] | None = None, sources=("relu_op.cc",), name: str = ""):
        nonlocal count
        count += 1
        if files is None:
            arguments = 'name="relu_ops", ext_modules=CppExtension(sources=["relu_op.cc"])'
            files = {"setup.py": setup_py(arguments)}
        root = tmp_path_factory.mktemp("p", numbered=True)
        return write_project(root / (name or f"project{count}"), files, sources)

    return make
