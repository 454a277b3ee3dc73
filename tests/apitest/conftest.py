"""Lets the tests' children fork from a server that has imported what they need, once for all."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from paddlemend import child
from paddlemend.apitest.runner import prepare_workers


@pytest.fixture(scope="session", autouse=True)
def prepared_server():
    if find_spec("paddle") is None:
        child.prepare_server(["pytest", "paddlemend.apitest.runner"])
    else:
        prepare_workers("stock")
