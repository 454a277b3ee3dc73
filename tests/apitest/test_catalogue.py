"""The catalogue is consistent with itself and imports without any framework."""

from __future__ import annotations

import subprocess
import sys

import pytest
from paddlemend import catalogue

APIS = [(entry, api) for entry in catalogue.OPERATORS for api in entry.apis]


def test_it_is_read_without_importing_paddle_torch_or_numpy():
    code = (
        "import sys; from paddlemend import catalogue; "
        "print(sorted({'paddle', 'torch', 'numpy'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_path_belongs_to_one_api():
    paths = [path for _, api in APIS for path in api.paths]
    assert len(paths) == len(set(paths))


def test_a_phi_kernel_belongs_to_one_operator():
    kernels = [kernel.name for entry in catalogue.OPERATORS for kernel in entry.phi_kernels]
    assert len(kernels) == len(set(kernels))


def test_an_unknown_operator_is_refused_with_the_known_ones():
    with pytest.raises(KeyError, match=r"'fold' is not in the catalogue.*expand, index_add"):
        catalogue.operator("fold")
