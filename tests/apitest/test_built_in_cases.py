"""The built-in cases parse, fit the catalogue, and cover what they claim to cover."""

from __future__ import annotations

from collections import Counter

import pytest
from helpers import bound
from paddlemend import catalogue
from paddlemend.apitest.selection import BUILT_IN_CASES

FILES = sorted(BUILT_IN_CASES.rglob("*.txt"))
LINES = [
    line for file in FILES for line in file.read_text().splitlines() if line and line[0] != "#"
]


def test_every_line_binds_to_the_catalogue_and_none_is_there_twice():
    assert [line for line, count in Counter(LINES).items() if count > 1] == []
    for line in LINES:
        bound(line)


@pytest.mark.parametrize("path", [p for o in catalogue.OPERATORS for a in o.apis for p in a.paths])
def test_every_path_of_the_catalogue_has_cases(path):
    assert any(line.startswith(f"{path}(") for line in LINES)


@pytest.mark.parametrize("entry", catalogue.OPERATORS, ids=lambda entry: entry.name)
def test_every_api_has_every_dtype_of_its_kernels_and_0_size_inputs(entry):
    served = {dtype for kernel in entry.phi_kernels for dtype in kernel.dtypes}
    wanted = served - set(catalogue.FLOAT8_DTYPES)  # NumPy has no float8 to make inputs of
    for api in entry.apis:
        specs = [
            next(iter(bound(line).tensors().values()))
            for line in LINES
            if line.split("(")[0] in api.paths and "Tensor(" in line
        ]
        assert wanted <= {spec.dtype for spec in specs}
        assert any(0 in spec.shape for spec in specs)
        assert any(spec.shape == () for spec in specs)
