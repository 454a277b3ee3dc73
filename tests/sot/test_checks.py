"""Guards notice what changed, and nothing else, without Paddle."""

from __future__ import annotations

import math
import sys
import types

import pytest
from paddlemend.sot import checks


def module(**attributes):
    made = types.ModuleType("sample")
    vars(made).update(attributes)
    return made


def test_module_is_notices_another_module_and_none(monkeypatch):
    first = module()
    monkeypatch.setitem(sys.modules, "sample", first)
    check = checks.module_is("sample", first)
    assert check.holds()
    monkeypatch.setitem(sys.modules, "sample", module())
    assert not check.holds()
    monkeypatch.delitem(sys.modules, "sample")
    assert not check.holds()


def test_not_loaded_notices_the_module(monkeypatch):
    check = checks.not_loaded("sample")
    assert check.holds()
    monkeypatch.setitem(sys.modules, "sample", module())
    assert not check.holds()


def test_still_missing_notices_the_module(monkeypatch):
    check = checks.still_missing("sample", ("absent", "sample"))
    assert check.holds()
    monkeypatch.setitem(sys.modules, "sample", None)
    assert not check.holds()  # it fails for another reason


@pytest.mark.parametrize(
    ("value", "other"),
    [(1, 2), (1, True), (1, 1.0), (0.0, -0.0), (math.nan, 1.0), ("a", "b"), (None, 0)],
)
def test_attribute_is_notices_another_constant(value, other):
    owner = module(k=value)
    check = checks.attribute_is(owner, "k", value)
    assert check.holds()
    owner.k = other
    assert not check.holds()
    del owner.k
    assert not check.holds()


def test_attribute_is_compares_objects_by_identity():
    class Equal:
        def __eq__(self, other):
            return True

        __hash__ = None

    owner = module(k=Equal())
    check = checks.attribute_is(owner, "k", owner.k)
    assert check.holds()
    owner.k = Equal()
    assert not check.holds()


def test_attribute_absent_notices_the_attribute_and_the_module(monkeypatch):
    owner = module()
    check = checks.attribute_absent(owner, "k", "sample.k")
    assert check.holds()
    monkeypatch.setitem(sys.modules, "sample.k", owner)
    assert not check.holds()
    monkeypatch.delitem(sys.modules, "sample.k")
    owner.k = 1
    assert not check.holds()


def test_real_import_notices_an_override(monkeypatch):
    check = checks.real_import()
    assert check.holds()
    monkeypatch.setattr("builtins.__import__", lambda *words: None)
    assert not check.holds()


def asked_module(monkeypatch, values):
    made, asked = module(), []

    def answer(name):
        asked.append(name)
        if name not in values:
            raise AttributeError(name)
        return values[name]

    made.__getattr__ = answer
    monkeypatch.setitem(sys.modules, "sample", made)
    return made, asked


def test_a_replay_asks_as_often_as_the_statement(monkeypatch):
    made, asked = asked_module(monkeypatch, {"k": 1})
    exec("from sample import k", {})
    by_statement = list(asked)
    asked.clear()
    check = checks.Replay("sample", made, ["k"], checks.Answer(None, (1,))).check()
    assert check.holds()
    assert asked == by_statement


def test_guards_of_one_frame_and_its_translation_ask_once_together(monkeypatch):
    made, asked = asked_module(monkeypatch, {"k": 2})
    stale = [checks.Replay("sample", made, ["k"], checks.Answer(None, (k,))) for k in (0, 1)]
    frame = object()
    assert not any(each.check().holds(frame) for each in stale)
    assert checks.Replay.take(frame, "sample", ["k"]).values == (2,)
    assert asked == ["__path__", "k"]
    assert checks.Replay.take(frame, "sample", ["k"]) is None


def test_an_answer_of_another_frame_is_not_taken(monkeypatch):
    made, _ = asked_module(monkeypatch, {"k": 2})
    stale = checks.Replay("sample", made, ["k"], checks.Answer(None, (1,)))
    assert not stale.check().holds(object())
    assert checks.Replay.take(object(), "sample", ["k"]) is None


def test_checks_of_the_same_are_equal():
    owner = module(k=len)
    assert checks.attribute_is(owner, "k", len) == checks.attribute_is(owner, "k", len)
    assert checks.attribute_is(owner, "k", len) != checks.attribute_is(owner, "k", max)
