"""Names, finders, attributes and errors of import statements, without Paddle."""

from __future__ import annotations

import builtins
import importlib
import sys
import types

import pytest
from paddlemend.sot import finders, resolution


@pytest.mark.parametrize(
    ("name", "level", "package", "expected"),
    [
        ("a.b", 0, None, "a.b"),
        ("x", 1, "p.q", "p.q.x"),
        ("", 1, "p.q", "p.q"),
        ("x.y", 2, "p.q", "p.x.y"),
        ("", 2, "p.q", "p"),
        ("x", 3, "p.q", None),
        ("x", 1, "", None),
        ("x", 1, None, None),
    ],
)
def test_absolute_names(name, level, package, expected):
    assert resolution.absolute_name(name, {"__package__": package}, level) == expected


def test_without_package_the_spec_and_then_the_name_says_where():
    spec = types.SimpleNamespace(parent="p.q")
    assert resolution.package_of({"__package__": None, "__spec__": spec, "__name__": "z"}) == "p.q"
    assert resolution.package_of({"__name__": "p.q"}) == "p"
    assert resolution.package_of({"__name__": "p.q", "__path__": []}) == "p.q"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("absent_module", (finders.ABSENT, "absent_module")),
        ("absent_module.sub", (finders.ABSENT, "absent_module")),
        ("importlib.absent", (finders.ABSENT, "importlib.absent")),
        ("sys.absent", (finders.NO_PACKAGE, "sys.absent")),
        ("sys", None),
        ("this", None),  # not loaded, but there
    ],
)
def test_why_a_module_is_missing(name, reason):
    assert finders.missing(name) == reason
    assert name == "sys" or name not in sys.modules


def test_a_module_that_is_none_is_halted(monkeypatch):
    monkeypatch.setitem(sys.modules, "halted_module", None)
    assert finders.missing("halted_module") == (finders.HALTED, "halted_module")


def test_a_finder_of_the_users_is_not_quiet(monkeypatch):
    class Finder:
        @staticmethod
        def find_spec(name, path, target=None):
            return None

    monkeypatch.setattr(sys, "meta_path", [importlib.machinery.PathFinder])
    assert finders.are_quiet()
    monkeypatch.setattr(sys, "meta_path", [Finder, importlib.machinery.PathFinder])
    assert not finders.are_quiet()


@pytest.mark.parametrize(
    "statement",
    ["from sys import nothing", "from importlib import nothing", "from os import nothing"],
)
def test_import_from_raises_what_the_statement_raises(statement):
    _, module, _, name = statement.split()
    with pytest.raises(ImportError) as expected:
        exec(statement, {})
    with pytest.raises(ImportError) as found:
        resolution.import_from(sys.modules[module], name)
    assert str(found.value) == str(expected.value)
    assert (found.value.name, found.value.path) == (expected.value.name, expected.value.path)


def test_import_from_asks_a_module_getattr_once():
    asked = []
    module = types.ModuleType("lazy")
    module.__getattr__ = lambda name: asked.append(name) or 5
    assert resolution.import_from(module, "k") == 5
    assert asked == ["k"]


def test_the_error_of_a_name_that_getattr_does_not_have_is_the_statements():
    module = types.ModuleType("lazy")

    def no(name):
        raise AttributeError(name)

    module.__getattr__ = no
    with pytest.raises(ImportError) as expected:
        resolution.import_from(module, "k")
    assert str(resolution.absent(module, "k")) == str(expected.value)


def test_only_the_interpreters_import_is_real():
    assert resolution.is_real_import(builtins.__import__)
    assert not resolution.is_real_import(lambda *words: builtins.__import__(*words))


def test_a_property_of_a_module_is_no_plain_attribute():
    class Odd(types.ModuleType):
        k = property(lambda self: 1)

    odd = Odd("odd")
    odd.__dict__["k"] = 2
    odd.j = 3
    assert not resolution.has_plain_attribute(odd, "k")
    assert resolution.has_plain_attribute(odd, "j")
    assert resolution.has_plain_attribute(odd, "__doc__")
