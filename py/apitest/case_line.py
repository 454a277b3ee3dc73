"""Parses case lines in PaddleAPITest's syntax.

    paddle.expand(Tensor([1, 3],"float32"), list[2,3,], )

Beyond upstream's syntax a tensor may carry its values, flat and in row-major order, for the cases
that depend on them: `Tensor([2],"int64",values=list[0,-5])`. It may also be a view of larger memory
by strides and an offset, both in elements: `Tensor([2, 3],"float32",strides=[1, 2],offset=4)`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any


class CaseSyntaxError(ValueError):
    """A line that is not a case; the message names the column and what was expected there."""


@dataclass(frozen=True)
class TensorSpec:
    """A tensor argument. `key` is its position among the tensors of the line.

    `strides` are in elements; None means row-major without gaps. `offset` counts the elements of
    its memory before the first one that is its own.
    """

    shape: tuple[int, ...]
    dtype: str
    key: int
    values: tuple[Any, ...] | None = None
    strides: tuple[int, ...] | None = None
    offset: int = 0

    @property
    def layout(self) -> tuple[int, ...] | None:
        """The strides of a tensor that is a view of larger memory; None for one of its own."""
        if self.strides is None and self.offset:
            return tuple(math.prod(self.shape[axis + 1 :]) for axis in range(len(self.shape)))
        return self.strides


@dataclass(frozen=True)
class DtypeName:
    """A dtype argument, such as `Dtype(float32)`, `VarType(int64)` or `paddle.bool`."""

    name: str


@dataclass(frozen=True)
class Opaque:
    """An argument that is named but has no value here, such as `Place(cpu)` or `type(int)`."""

    text: str


@dataclass(frozen=True)
class CaseLine:
    """One call: the API's path, positional arguments, keyword arguments."""

    api: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)

    def tensors(self) -> tuple[TensorSpec, ...]:
        """Every tensor of the line, in order of appearance."""
        found: list[TensorSpec] = []
        for value in (*self.args, *self.kwargs.values()):
            _collect_tensors(value, found)
        return tuple(sorted(found, key=lambda spec: spec.key))


def parse_case_line(line: str) -> CaseLine:
    """Parses one line; raises CaseSyntaxError."""
    try:
        return _Parser(line).case()
    except RecursionError:
        raise CaseSyntaxError("the line is nested too deeply") from None


def api_of(line: str) -> str:
    """The part of a line that names its API, whether the rest parses or not."""
    return line.split("(", 1)[0].strip()


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<number>[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?j?)
      | (?P<word>[+-]?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
      | (?P<ellipsis>\.\.\.)
      | (?P<punctuation>[()\[\]{},=:])
    )""",
    re.VERBOSE,
)

_WORDS: dict[str, Any] = {
    "None": None,
    "True": True,
    "False": False,
    "Ellipsis": Ellipsis,
    **{
        sign + prefix + name: (-value if sign == "-" else value)
        for sign in ("", "+", "-")
        for prefix in ("", "math.", "np.", "numpy.")
        for name, value in (("inf", math.inf), ("nan", math.nan))
    },
}

_DTYPE_WORD = re.compile(
    r"(?:(?:paddle|torch|np|numpy)\.)?(bool|u?int\d+|b?float\d+|complex\d+)_?$"
)

_CLOSING = {"(": ")", "[": "]"}


class _Parser:
    """A recursive-descent parser over one line."""

    def __init__(self, line: str):
        self._line = line
        self._position = 0
        self._tensor_count = 0
        self._kind = ""
        self._text = ""
        self._advance()

    def case(self) -> CaseLine:
        api = self._expect_kind("word", "an API path such as paddle.expand")
        self._expect("(")
        args, kwargs = self._call_arguments(")")
        if self._kind:
            raise self._error("the end of the line")
        return CaseLine(api, tuple(args), kwargs)

    def _call_arguments(self, closing: str) -> tuple[list[Any], dict[str, Any]]:
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        while self._text != closing or self._kind != "punctuation":
            name = self._keyword()
            value = self._value()
            if name is None:
                if kwargs:
                    raise self._refuse("a positional argument follows a keyword argument")
                args.append(value)
            elif name in kwargs:
                raise self._refuse(f"the keyword {name!r} is given twice")
            else:
                kwargs[name] = value
            if not self._accept(","):
                break
        self._expect(closing)
        return args, kwargs

    def _keyword(self) -> str | None:
        """Consumes `name=` if it comes next."""
        if self._kind == "word" and re.match(r"\s*=", self._line[self._position :]):
            name = self._text
            self._advance()
            self._expect("=")
            return name
        return None

    def _value(self) -> Any:
        kind, text = self._kind, self._text
        if kind == "string":
            self._advance()
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            self._advance()
            return _number(text)
        if kind == "ellipsis":
            self._advance()
            return Ellipsis
        if kind == "word":
            self._advance()
            return self._word(text)
        if text in _CLOSING:
            self._advance()
            return self._sequence(list if text == "[" else tuple, _CLOSING[text])
        raise self._error("a value")

    def _word(self, word: str) -> Any:
        if word in _WORDS:
            return _WORDS[word]
        if self._text in _CLOSING and self._kind == "punctuation":
            return self._constructor(word)
        dtype = _DTYPE_WORD.match(word)
        if dtype:
            return DtypeName(dtype.group(1))
        raise self._refuse(f"the word {word!r} is not a value")

    def _constructor(self, word: str) -> Any:
        opening = self._text
        self._advance()
        if word in ("list", "tuple"):
            return self._sequence(list if word == "list" else tuple, _CLOSING[opening])
        if opening == "(" and word == "Tensor":
            return self._tensor()
        if opening == "(" and word in ("slice", "complex"):
            return self._builtin(slice if word == "slice" else complex)
        if opening == "(" and word in ("Dtype", "VarType"):
            name = self._raw_until_closing()
            dtype = _DTYPE_WORD.match(name)
            return DtypeName(dtype.group(1) if dtype else name)
        if opening == "(" and word in ("Place", "type"):
            return Opaque(f"{word}({self._raw_until_closing()})")
        raise self._refuse(
            f"{word!r} is none of list, tuple, Tensor, slice, complex, Dtype, VarType, Place, type"
        )

    def _sequence(self, make: type, closing: str) -> Any:
        values, keywords = self._call_arguments(closing)
        if keywords:
            raise self._refuse("a list or tuple takes no keyword")
        return make(values)

    def _builtin(self, make: type) -> Any:
        values, keywords = self._call_arguments(")")
        if keywords or not 1 <= len(values) <= 3:
            raise self._refuse(f"{make.__name__} takes one to three plain arguments")
        try:
            return make(*values)
        except TypeError as error:
            raise self._refuse(f"{make.__name__} refuses its arguments: {error}") from error

    def _tensor(self) -> TensorSpec:
        key = self._tensor_count
        self._tensor_count += 1
        args, options = self._call_arguments(")")
        if len(args) != 2 or not isinstance(args[0], (list, tuple)):
            raise self._refuse('a tensor is written Tensor([sizes],"dtype")')
        shape, dtype = args
        if not all(type(size) is int and size >= 0 for size in shape):
            raise self._refuse(f"tensor sizes must be integers of at least 0, got {shape!r}")
        name = dtype.name if isinstance(dtype, DtypeName) else dtype
        if not isinstance(name, str):
            raise self._refuse(f"a tensor's dtype must be a name, got {dtype!r}")
        return TensorSpec(
            tuple(shape),
            name,
            key,
            values=_optional_tuple(options.get("values")),
            strides=_optional_tuple(options.get("strides")),
            offset=self._offset(options.get("offset", 0)),
        )

    def _offset(self, offset: Any) -> int:
        if type(offset) is not int or offset < 0:
            raise self._refuse(
                f"a tensor's offset must be an integer of at least 0, got {offset!r}"
            )
        return offset

    def _raw_until_closing(self) -> str:
        """The text up to the matching parenthesis, consumed with it."""
        words: list[str] = []
        depth = 1
        while self._kind:
            depth += {"(": 1, ")": -1}.get(self._text, 0)
            if depth == 0:
                self._advance()
                return "".join(words).strip("\"'")
            words.append(self._text)
            self._advance()
        raise self._error("')'")

    def _advance(self) -> None:
        rest = self._line[self._position :]
        if not rest.strip():
            self._kind, self._text, self._position = "", "", len(self._line)
            return
        match = _TOKEN.match(rest)
        if match is None:
            self._kind, self._text = "character", rest.lstrip()[0]
            self._position = len(self._line) - len(rest.lstrip()) + 1
            raise self._error("a value, a name or punctuation")
        self._kind = match.lastgroup or ""
        self._text = match.group(self._kind)
        self._position += match.end()

    def _accept(self, text: str) -> bool:
        if self._kind == "punctuation" and self._text == text:
            self._advance()
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._error(repr(text))

    def _expect_kind(self, kind: str, expected: str) -> str:
        if self._kind != kind:
            raise self._error(expected)
        text = self._text
        self._advance()
        return text

    def _error(self, expected: str) -> CaseSyntaxError:
        got = repr(self._text) if self._kind else "the end of the line"
        return self._refuse(f"expected {expected}, got {got}")

    def _refuse(self, message: str) -> CaseSyntaxError:
        column = max(self._position - len(self._text), 0) + 1
        return CaseSyntaxError(f"column {column}: {message}")


def _number(text: str) -> Any:
    if text.endswith("j"):
        return complex(text)
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def _optional_tuple(value: Any) -> tuple[Any, ...] | None:
    return tuple(value) if isinstance(value, (list, tuple)) else None


def _collect_tensors(value: Any, found: list[TensorSpec]) -> None:
    if isinstance(value, TensorSpec):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect_tensors(item, found)
    elif isinstance(value, slice):
        _collect_tensors((value.start, value.stop, value.step), found)
