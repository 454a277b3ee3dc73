"""Lets the tests' children fork from a server that has imported what they need, once for all."""

from __future__ import annotations

import pytest
from paddlemend import child


@pytest.fixture(scope="session", autouse=True)
def prepared_server():
    child.prepare_server(["pytest", "paddlemend.apitest.runner"])
