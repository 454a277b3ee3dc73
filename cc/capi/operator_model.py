"""Reads operator declarations out of kernel headers.

A declaration has exactly this form, with a block of ``///`` lines directly above it::

    /// What it does: shapes, dtypes, errors.
    PM_OP Status IndexAdd(const TensorView& x, int64_t axis, const MutableTensorView& out,
                          const Context& context);

Parameter types: see ``PARAMETER_KINDS``. A function with a ``Shape*`` parameter computes the
shape of the output of that name of the operator whose name it has without ``Shape``; one with a
``TensorView*`` parameter describes a view of the memory of its first input. Both take no output
tensor and no context. Every other function has at least one output tensor, and the context comes
last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PARAMETER_KINDS = {
    "const TensorView&": "input",
    "const TensorView*": "optional_input",
    "TensorList": "input_list",
    "int64_t": "int",
    "double": "float",
    "bool": "bool",
    "const char*": "text",
    "IntSpan": "int_list",
    "const MutableTensorView&": "output",
    "const MutableTensorView*": "optional_output",
    "const ComplexOutput&": "complex_output",
    "const RealOutput&": "real_output",
    "Shape*": "shape",
    "TensorView*": "view",
    "const Context&": "context",
}


class DeclarationError(Exception):
    """A declaration that does not have the accepted form; the text starts with file:line."""


@dataclass(frozen=True)
class Parameter:
    name: str
    kind: str

    @property
    def is_input(self) -> bool:
        return self.kind in ("input", "optional_input")

    @property
    def is_output(self) -> bool:
        return self.kind in ("output", "optional_output", "complex_output", "real_output")


@dataclass(frozen=True)
class Operator:
    header: str  # as in #include, from the root of the repository
    cpp_name: str
    doc: tuple[str, ...]
    parameters: tuple[Parameter, ...]

    @property
    def name(self) -> str:
        """The name in C (after ``pm_``) and in Python: IndexAdd -> index_add."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.cpp_name).lower()

    @property
    def computes_shape(self) -> bool:
        return any(p.kind == "shape" for p in self.parameters)

    @property
    def shape_of(self) -> str | None:
        """The output whose shape this function computes."""
        return next((p.name for p in self.parameters if p.kind == "shape"), None)

    @property
    def makes_view(self) -> bool:
        return any(p.kind == "view" for p in self.parameters)

    @property
    def subject(self) -> str:
        """The operator that messages are about: for expand_shape it is expand."""
        return self.name[: -len("_shape")] if self.computes_shape else self.name

    @property
    def outputs(self) -> list[Parameter]:
        return [p for p in self.parameters if p.is_output]


_DECLARATION = re.compile(r"PM_OP\s+Status\s+([A-Z][A-Za-z0-9]*)\s*\(([^()]*)\)\s*;")
_PARAMETER = re.compile(r"(.*[\s&*])([a-z][a-z0-9_]*)")


def read_operators(headers: list[str]) -> list[Operator]:
    """All declarations in the given files, in order. Raises DeclarationError."""
    operators = [op for header in headers for op in _read_header(Path(header))]
    names = [op.name for op in operators]
    outputs = {op.name: [p.name for p in op.outputs] for op in operators}
    for op in operators:
        if names.count(op.name) > 1:
            raise DeclarationError(f"{op.header}: {op.cpp_name} is declared more than once")
        if op.computes_shape and not _shape_is_of(op, outputs):
            raise DeclarationError(
                f"{op.header}: {op.cpp_name} has a Shape* parameter, so its name must be that of "
                "another PM_OP function followed by Shape, and that of the parameter the name of "
                "an output of the function"
            )
    return operators


def _shape_is_of(op: Operator, outputs: dict[str, list[str]]) -> bool:
    return op.name.endswith("_shape") and op.shape_of in outputs.get(op.subject, [])


def _read_header(path: Path) -> list[Operator]:
    text = path.read_text(encoding="utf-8")
    operators = []
    for start in re.finditer(r"^[ \t]*PM_OP\b", text, re.MULTILINE):
        line = text.count("\n", 0, start.start()) + 1
        where = f"{path}:{line}"
        match = _DECLARATION.match(text, start.end() - len("PM_OP"))
        if match is None:
            raise DeclarationError(f"{where}: expected 'PM_OP Status Name(parameters);'")
        doc = _doc_above(text[: start.start()].splitlines())
        if not doc:
            raise DeclarationError(f"{where}: {match[1]} needs a block of /// lines above it")
        parameters = tuple(_read_parameter(part, where) for part in match[2].split(","))
        op = Operator(path.as_posix(), match[1], doc, parameters)
        _check_form(op, where)
        operators.append(op)
    return operators


def _doc_above(lines: list[str]) -> tuple[str, ...]:
    doc: list[str] = []
    while lines and lines[-1].lstrip().startswith("///"):
        doc.insert(0, re.sub(r"^\s*/// ?", "", lines.pop()))
    return tuple(doc)


def _read_parameter(text: str, where: str) -> Parameter:
    declared = " ".join(text.split())
    match = _PARAMETER.fullmatch(declared)
    kind = PARAMETER_KINDS.get(match[1].strip()) if match else None
    if match is None or kind is None:
        accepted = ", ".join(PARAMETER_KINDS)
        raise DeclarationError(
            f"{where}: parameter '{declared}' is not '<type> <name>' with a type out of: {accepted}"
        )
    return Parameter(match[2], kind)


def _check_form(op: Operator, where: str) -> None:
    kinds = [p.kind for p in op.parameters]
    if len({p.name for p in op.parameters}) < len(kinds):
        raise DeclarationError(f"{where}: {op.cpp_name} has two parameters of one name")
    if "input" not in kinds:
        raise DeclarationError(f"{where}: {op.cpp_name} has no const TensorView& parameter")
    if op.computes_shape or op.makes_view:
        results = kinds.count("shape") + kinds.count("view")
        if results > 1 or "context" in kinds or op.outputs:
            raise DeclarationError(
                f"{where}: {op.cpp_name} computes a shape or a view, so it takes one "
                "Shape* or TensorView*, no output tensor and no context"
            )
    elif not op.outputs or kinds.count("context") != 1 or kinds[-1] != "context":
        raise DeclarationError(
            f"{where}: {op.cpp_name} needs an output tensor, and one "
            "const Context& as the last parameter"
        )
