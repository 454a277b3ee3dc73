"""Fixtures of the module's tests."""

from __future__ import annotations

import pytest
from paddlemend import native


@pytest.fixture(autouse=True)
def default_threads():
    """Leaves the number of threads as it was."""
    yield
    native.set_num_threads(0)
