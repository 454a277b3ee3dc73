"""The documents say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import paddlemend
import pytest
from paddlemend import catalogue, documentation

README = Path("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", documentation.TABLES)
def test_the_tables_of_the_readme_are_those_of_the_catalogue(name):
    shown = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", README, re.DOTALL)
    assert shown, f"README.md has no table {name}"
    expected = documentation.TABLES[name]()
    assert shown[1] == expected, "paste the output of `python -m paddlemend.documentation`"


def test_the_documented_differences_are_few():
    assert sum(len(operator.differences) for operator in catalogue.OPERATORS) <= 25


def test_every_place_names_the_same_version():
    version = paddlemend.__version__
    assert f'version = "{version}"' in Path("MODULE.bazel").read_text(encoding="utf-8")
    assert f'#define PM_VERSION "{version}"' in Path("cc/capi/paddlemend.h.in").read_text()
    assert f'version = "{version}"' in Path("py/BUILD.bazel").read_text(encoding="utf-8")
    assert f"## {version}" in Path("CHANGELOG.md").read_text(encoding="utf-8")
