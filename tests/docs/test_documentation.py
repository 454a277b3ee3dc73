"""The documents say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import paddlemend
import pytest
from commands import PAGES, WHO_RUNS, read_commands
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


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_run_by_something_that_is_named(page):
    commands = read_commands(Path(page))
    assert commands
    assert [command for command in commands if command not in WHO_RUNS] == []


def test_every_command_that_is_said_to_be_run_stands_in_a_page():
    commands = {command for page in PAGES for command in read_commands(Path(page))}
    assert WHO_RUNS.keys() - commands == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_configuration_of_a_page_is_one_of_bazelrc(page):
    defined = re.findall(r"^\w+:([\w.-]+) ", Path(".bazelrc").read_text(encoding="utf-8"), re.M)
    named = re.findall(r"--config=([\w.-]*\w)", Path(page).read_text(encoding="utf-8"))
    newest = {"paddle-X.Y": "paddle-3.3", "python-X.Y": "python-3.13"}
    assert named
    assert {newest.get(name, name) for name in named} - set(defined) == set()
