"""Strategies: small modules with a function whose statements import at random."""

from __future__ import annotations

from hypothesis import strategies as st

# Statement, and an expression with what it bound.
_IMPORTS = [
    ("import formpkg.consts as m", "m.K"),
    ("import formpkg.consts", "formpkg.consts.K"),
    ("import formpkg.sub.leaf as m", "m.V"),
    ("import formpkg.sub.deep.leaf, math as m", "m.pi"),
    ("import formpkg.effects as m", "m.K"),
    ("import math", "math.e"),
    ("from formpkg.consts import K", "K"),
    ("from formpkg.consts import K as k, scale", "k"),
    ("from formpkg.consts import TABLE as t", "t[0]"),
    ("from formpkg.sub import leaf", "leaf.V"),
    ("from formpkg.sub import unloaded as u", "u.V"),
    ("from ..consts import K", "K"),
    ("from .. import consts as c", "c.K"),
    ("from . import sibling", "sibling.V"),
    ("from .sibling import V as v", "v"),
    ("from ..effects2 import K as e", "e"),
    ("from formpkg.lazy import dynamic", "dynamic"),
    ("from formpkg.circular_a import L", "L"),
    ("from formpkg.namespace import part", "part.V"),
    ("import absent_module", "1.0"),
    ("import formpkg.absent as m", "1.0"),
    ("from formpkg.consts import absent", "1.0"),
    ("from .absent import name", "1.0"),
    ("import formpkg.boom", "1.0"),
]
_ERRORS = [
    "ImportError",
    "ModuleNotFoundError",
    "Exception",
    "(ValueError, ImportError)",
    "KeyError",
]
_CHANGES = [
    "formpkg.consts.K = float(number)",
    "formpkg.consts.scale = lambda x, factor=number: x * factor",
    "sys.modules.pop('formpkg.effects', None)",
    "sys.modules.pop('formpkg.sub.leaf', None)",
    "sys.modules['formpkg.sub.leaf'] = types.SimpleNamespace(V=float(number), double=abs)",
    "sys.modules['absent_module'] = types.ModuleType('absent_module')",
    "sys.modules.pop('absent_module', None)",
    "formpkg.consts.TABLE[0] = float(number)",
]


def _indented(lines):
    return [f"    {line}" for line in lines]


@st.composite
def _statements(draw, depth):
    kind = draw(st.integers(0, 9 if depth else 4))
    statement, value = draw(st.sampled_from(_IMPORTS))
    use = f"x = x * 0.5 + {value}"
    if kind <= 2:
        return [statement, use]
    if kind == 3:
        return [f"LOG.append({draw(st.integers(0, 9))})"]
    if kind == 4:
        return ["x = x + 1.0"]
    body = draw(_block(depth - 1))
    if kind == 5:
        return [f"for i in range({draw(st.integers(0, 2))}):", *_indented(body)]
    if kind == 6:
        return [f"if {draw(st.booleans())}:", *_indented(body)]
    if kind == 7:
        return ["def inner(x):", *_indented([*body, "return x"]), "x = inner(x)"]
    handler = draw(_block(0))
    lines = ["try:", *_indented([statement, *body])]
    named = draw(st.booleans())
    lines += [f"except {draw(st.sampled_from(_ERRORS))}{' as error' if named else ''}:"]
    lines += _indented([*handler, *(["LOG.append(str(error))"] if named else [])])
    if kind == 9:
        lines += ["finally:", *_indented(draw(_block(0)))]
    return lines


@st.composite
def _block(draw, depth):
    blocks = draw(st.lists(_statements(depth), min_size=1, max_size=3))
    return [line for block in blocks for line in block]


@st.composite
def modules(draw):
    """The source of a form: `f(x)`, and a `before(number)` that changes what it imports."""
    change = draw(st.lists(st.sampled_from(_CHANGES), max_size=2))
    body = draw(_block(2))
    return "\n".join(
        [
            "import sys, types",
            "import formpkg, formpkg.consts",
            "from formpkg.log import LOG",
            "def f(x):",
            *_indented([*body, "return x + 1.0"]),
            "def before(number):",
            *_indented([f"if number == {draw(st.integers(0, 3))}:", *_indented([*change, "pass"])]),
            "",
        ]
    )
