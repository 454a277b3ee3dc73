# ruff: noqa: F401
"""The bytecode that this Python emits for imports and handlers, run by the opcode logic."""

from __future__ import annotations

import dis
import sys
import types

import pytest
from interpreter import Broke, Interpreter
from paddlemend.sot.bytecode import HAS_TABLE, Code


def plain():
    import math

    return math.pi


def dotted():
    import os.path as p

    return p.sep


def several():
    from importlib import abc, machinery as m  # isort: skip

    return abc, m


def in_try():
    try:
        import math
    except ImportError:
        return 0
    return math.e


def missing():
    try:
        import absent_module
    except ImportError as error:
        return error.name
    return absent_module


def missing_name():
    try:
        from math import absent
    except ImportError as error:
        return error.name, error.msg
    return absent


def second_clause():
    try:
        import absent_module
    except ValueError:
        return 1
    except (KeyError, ImportError):
        return 2
    return absent_module


def chain():
    try:
        import absent_module as m
    except ImportError:
        try:
            import absent_too as m
        except ImportError:
            import math as m
    return m.pi


def with_finally():
    k = 1
    try:
        try:
            import absent_module
        finally:
            k = k + 1
    except ImportError:
        k = k + 10
    return k


def with_else():
    try:
        import math
    except ImportError:
        k = 0
    else:
        k = math.pi
    finally:
        j = 1
    return k, j


def raised_again():
    try:
        try:
            import absent_module
        except ImportError as error:
            name = error.name
            import absent_too
    except ImportError as error:
        return name, error.name


def propagates():
    import absent_module

    return absent_module


def propagates_through_finally():
    try:
        import absent_module
    finally:
        k = 1
    return absent_module, k


def wrong_type():
    try:
        import absent_module
    except ValueError:
        return absent_module


FUNCTIONS = [each for each in list(globals().values()) if isinstance(each, types.FunctionType)]
RETURNING = [
    each for each in FUNCTIONS if each not in (propagates, propagates_through_finally, wrong_type)
]


def name_of(function):
    return function.__name__


@pytest.mark.parametrize("function", RETURNING, ids=name_of)
def test_a_function_gives_what_the_interpreter_gives(function):
    assert Interpreter(function).run() == function()


@pytest.mark.parametrize(
    "function", [propagates, propagates_through_finally, wrong_type], ids=name_of
)
def test_an_error_that_nothing_catches_leaves_the_function(function):
    with pytest.raises(ImportError) as expected:
        function()
    with pytest.raises(ImportError) as found:
        Interpreter(function).run()
    assert (str(found.value), found.value.name) == (str(expected.value), expected.value.name)


@pytest.mark.parametrize("function", RETURNING, ids=name_of)
def test_the_checks_of_a_run_hold_until_something_changes(function, monkeypatch):
    run = Interpreter(function)
    run.run()
    assert run.host.checks
    assert all(check.holds() for check in run.host.checks)
    monkeypatch.setattr("builtins.__import__", lambda *words: None)
    assert not all(check.holds() for check in run.host.checks)


def test_a_first_import_after_pending_effects_is_left_to_the_interpreter(monkeypatch):
    def first():
        import this

        return this

    monkeypatch.delitem(sys.modules, "this", raising=False)
    run = Interpreter(first)
    run.host.pending = True
    with pytest.raises(Broke, match="first import of this"):
        run.run()
    assert "this" not in sys.modules


@pytest.mark.parametrize("function", FUNCTIONS, ids=name_of)
def test_imports_are_seen_in_the_code(function):
    assert Code.of(function.__code__).imports


@pytest.mark.skipif(not HAS_TABLE, reason="Python 3.11 brought exception tables")
@pytest.mark.parametrize("function", FUNCTIONS, ids=name_of)
def test_the_table_is_read_as_dis_reads_it(function):
    expected = [
        (each.start, each.end, each.target, each.depth, each.lasti)
        for each in dis._parse_exception_table(function.__code__)
    ]
    found = [
        (each.start, each.end, each.target, each.depth, each.keeps_position)
        for each in Code.of(function.__code__).handlers
    ]
    assert found == expected


@pytest.mark.skipif(not HAS_TABLE, reason="earlier, blocks protect")
def test_only_handlers_of_the_program_protect():
    def comprehension():
        import math

        return [math.pi * i for i in range(3)]

    code = Code.of(comprehension.__code__)
    assert not any(code.is_protected(offset) for offset in code.instructions)
    protected = Code.of(in_try.__code__)
    assert any(protected.is_protected(offset) for offset in protected.instructions)


def test_with_statements_are_not_entered():
    def function(x):
        import math

        with x:
            return math.pi

    assert not Code.of(function.__code__).is_entered_by_trampoline
    assert Code.of(in_try.__code__).is_entered_by_trampoline
    assert not Code.of(plain.__code__).is_entered_by_trampoline
