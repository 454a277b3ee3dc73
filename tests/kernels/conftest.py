"""Fixtures of the module's tests."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from paddlemend import native


@pytest.fixture
def rng(record_property) -> np.random.Generator:
    """Freshly seeded; the seed is printed if the test fails."""
    seed = secrets.randbits(32)
    record_property("seed", seed)
    print("seed", seed)
    return np.random.default_rng(seed)


@pytest.fixture(autouse=True)
def default_threads():
    """Leaves the number of threads as it was."""
    yield
    native.set_num_threads(0)
