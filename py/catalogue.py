"""The catalogue: what paddlemend knows about every operator it mends.

Install, status, the parity harness, the documentation tables and the tests read it; none of them
repeats a fact that stands here. It is pure data over the standard library, so that it imports
without Paddle, Torch or NumPy.

To add an operator, write one `Operator` entry and list it in `OPERATORS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

INTEGER_DTYPES = ("uint8", "int8", "int16", "int32", "int64")
FLOATING_DTYPES = ("float16", "bfloat16", "float32", "float64")
COMPLEX_DTYPES = ("complex64", "complex128")
ALL_DTYPES = ("bool", *INTEGER_DTYPES, *FLOATING_DTYPES, *COMPLEX_DTYPES)

# Policies: what install() does with the stock kernel of an operator.
REPLACE = "replace"  # ours runs always
GUARD = "guard"  # ours runs where stock is wrong or missing, stock elsewhere

# Tolerance rules: how a result is judged (py/apitest/tolerance.py gives the numbers).
BITWISE = "bitwise"  # data movement: every bit equal
CLOSE = "close"  # within assert_close of a float64 reference
SUM = "sum"  # close, or an error norm at most twice that of Torch's result in the same dtype

# Parameter kinds: how a case line's argument is bound, generated and handed to a counterpart.
TENSOR = "tensor"  # a tensor
SIZES = "sizes"  # a shape: list or tuple of ints and one-element tensors, or one 1-D tensor
SCALAR = "scalar"  # a number, string, bool, dtype or None, passed on as it stands

Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class PhiKernel:
    """One kernel name in Paddle's KernelFactory and the dtypes that ours serves."""

    name: str
    dtypes: tuple[str, ...] = ALL_DTYPES


@dataclass(frozen=True)
class Parameter:
    """One parameter of a Paddle API, in the order of its signature.

    `values` names the generator of legal values in py/apitest/inputs.py. `aliases` are the other
    keywords under which Paddle takes it. `variadic` also takes the remaining positional arguments,
    as `x.expand(2, 3)` does.
    """

    name: str
    kind: str = SCALAR
    values: str = "random"
    aliases: tuple[str, ...] = ()
    variadic: bool = False


@dataclass(frozen=True)
class ShapeOf:
    """An argument of a counterpart that is the shape of the tensor bound to `parameter`."""

    parameter: str


@dataclass(frozen=True)
class TorchCall:
    """The Torch counterpart: `path(*positional, **keywords)`, given as Paddle parameter names.

    A parameter that the case line leaves out is left out of the Torch call as well.
    """

    path: str
    positional: tuple[str, ...] = ()
    keywords: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LibraryCall:
    """The call into paddlemend.native: `function(*arguments)`, and the same for the gradient.

    An argument is a Paddle parameter name, a `ShapeOf`, or, in `gradient_arguments`, the name
    "out_grad". `gradients` are the parameters whose gradients the gradient function returns, in
    its order. `in_place` names the parameter passed as `out` by an in-place spelling.
    """

    function: str
    arguments: tuple[str | ShapeOf, ...]
    gradient_function: str
    gradient_arguments: tuple[str | ShapeOf, ...]
    gradients: tuple[str, ...]
    in_place: str | None = None


@dataclass(frozen=True)
class Api:
    """One public API: its path, further paths with the same signature, and its counterparts.

    `in_place` names the parameter that the call overwrites, None for an out-of-place call.
    """

    path: str
    parameters: tuple[Parameter, ...]
    torch: TorchCall
    library: LibraryCall
    aliases: tuple[str, ...] = ()
    in_place: str | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path of this API, the function first, then the tensor method."""
        return (self.path, *self.aliases)


@dataclass(frozen=True)
class Difference:
    """A documented difference of Paddle's API from Torch's, with its own reference.

    `applies(arguments)` says whether a call is concerned; the values are the bound arguments, a
    tensor as a NumPy array. `reference(arguments)` returns the arguments under which Torch gives
    the answer that Paddle documents. `may_refuse` is set where some Paddle versions refuse the
    call, as Torch does.
    """

    name: str
    applies: Callable[[Arguments], bool]
    reason: str
    link: str
    reference: Callable[[Arguments], Arguments]
    may_refuse: bool = False


@dataclass(frozen=True)
class BehaviourChange:
    """A change to programs that run today: on with install(), off with `keep=[name]`."""

    name: str
    description: str


@dataclass(frozen=True)
class Operator:
    """Everything known about one operator.

    `tasks` are the numbers under which upstream lists the work. `reference` names what the answer
    is measured against. `forward_tolerance` and `gradient_tolerance` are tolerance rules.
    `wrong_today` are the defects of the released wheels in one phrase each.
    """

    name: str
    tasks: tuple[int, ...]
    apis: tuple[Api, ...]
    phi_kernels: tuple[PhiKernel, ...]
    policy: str
    reference: str
    forward_tolerance: str
    gradient_tolerance: str
    wrong_today: tuple[str, ...]
    differences: tuple[Difference, ...] = ()
    behaviour_changes: tuple[BehaviourChange, ...] = ()


# ---------------------------------------------------------------------------------------- expand

_EXPAND_X = Parameter("x", TENSOR, aliases=("input",))
_NAME = Parameter("name")

_EXPAND_LIBRARY = LibraryCall(
    function="expand",
    arguments=("x", "shape"),
    gradient_function="expand_grad",
    gradient_arguments=("out_grad", "x"),
    gradients=("x",),
)


def _is_empty_shape(arguments: Arguments) -> bool:
    shape = arguments.get("shape")
    return isinstance(shape, (list, tuple)) and len(shape) == 0 and arguments["x"].ndim > 0


def _with_shape_of_x(arguments: Arguments) -> Arguments:
    return {**arguments, "shape": list(arguments["x"].shape)}


EXPAND = Operator(
    name="expand",
    tasks=(2,),
    apis=(
        Api(
            path="paddle.expand",
            aliases=("paddle.Tensor.expand",),
            parameters=(
                _EXPAND_X,
                Parameter("shape", SIZES, "broadcast_sizes", aliases=("size",), variadic=True),
                _NAME,
            ),
            torch=TorchCall("torch.Tensor.expand", ("x", "shape")),
            library=_EXPAND_LIBRARY,
        ),
        Api(
            path="paddle.broadcast_to",
            aliases=("paddle.Tensor.broadcast_to",),
            parameters=(
                _EXPAND_X,
                Parameter("shape", SIZES, "broadcast_sizes", aliases=("size",)),
                _NAME,
            ),
            torch=TorchCall("torch.broadcast_to", ("x", "shape")),
            library=_EXPAND_LIBRARY,
        ),
        Api(
            path="paddle.expand_as",
            aliases=("paddle.Tensor.expand_as",),
            parameters=(_EXPAND_X, Parameter("y", TENSOR, aliases=("other",)), _NAME),
            torch=TorchCall("torch.Tensor.expand_as", ("x", "y")),
            library=LibraryCall(
                function="expand",
                arguments=("x", ShapeOf("y")),
                gradient_function="expand_grad",
                gradient_arguments=("out_grad", "x"),
                gradients=("x",),
            ),
        ),
    ),
    phi_kernels=(
        PhiKernel("expand"),
        PhiKernel("expand_grad"),
        PhiKernel("expand_as"),
        PhiKernel("expand_as_grad"),
    ),
    policy=REPLACE,
    reference="torch",
    forward_tolerance=BITWISE,
    gradient_tolerance=SUM,
    wrong_today=(
        "3.0: the gradient of a 0-size result ends the process with SIGFPE",
        "3.0: the float16 gradient is off by up to 0.17, more in long sums",
        "3.0, 3.1.0: expand_as refuses a 0-size target; later, it accepts any for a 0-size input",
        "all: the float32 gradient of a long sum has several times the rounding error of Torch's",
        "all: a size of -2 is accepted as a value",
        "all: more than 8 dimensions are refused",
        "all: expand_as lacks float16, bfloat16, int8, int16, uint8 and complex",
    ),
    differences=(
        Difference(
            name="expand.empty_shape",
            applies=_is_empty_shape,
            reason="an empty shape gives x itself since 3.3, in Python; Torch refuses it",
            link="https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/expand_en.html",
            reference=_with_shape_of_x,
            may_refuse=True,
        ),
    ),
)

# ------------------------------------------------------------------------------------- index_add

_INDEX_ADD_PARAMETERS = (
    Parameter("x", TENSOR, aliases=("input",)),
    Parameter("index", TENSOR, "index"),
    Parameter("axis", aliases=("dim",)),
    Parameter("value", TENSOR, aliases=("source",)),
    Parameter("alpha"),
    _NAME,
)


def _index_add_library(in_place: str | None) -> LibraryCall:
    return LibraryCall(
        function="index_add",
        arguments=("x", "index", "axis", "value"),
        gradient_function="index_add_grad",
        gradient_arguments=("out_grad", "index", "axis", "x", "value"),
        gradients=("x", "value"),
        in_place=in_place,
    )


def _index_add_torch(path: str) -> TorchCall:
    return TorchCall(path, ("x", "axis", "index", "value"), {"alpha": "alpha"})


def _has_negative_index(arguments: Arguments) -> bool:
    index: Any = arguments.get("index")
    return getattr(index, "dtype", None) in ("int32", "int64") and bool((index < 0).any())


def _with_wrapped_index(arguments: Arguments) -> Arguments:
    """Adds the length of the axis to every negative index, as Paddle does.

    A call whose axis is out of range is left alone: it is refused for that reason.
    """
    shape = getattr(arguments.get("x"), "shape", ()) or (1,)
    axis, index = arguments.get("axis"), arguments["index"]
    if not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
        return arguments
    return {**arguments, "index": index + shape[axis] * (index < 0)}


INDEX_ADD = Operator(
    name="index_add",
    tasks=(4,),
    apis=(
        Api(
            path="paddle.index_add",
            aliases=("paddle.Tensor.index_add",),
            parameters=_INDEX_ADD_PARAMETERS,
            torch=_index_add_torch("torch.index_add"),
            library=_index_add_library(in_place=None),
        ),
        Api(
            path="paddle.index_add_",
            aliases=("paddle.Tensor.index_add_",),
            parameters=_INDEX_ADD_PARAMETERS,
            torch=_index_add_torch("torch.Tensor.index_add_"),
            library=_index_add_library(in_place="x"),
            in_place="x",
        ),
    ),
    phi_kernels=(PhiKernel("index_add"), PhiKernel("index_add_grad")),
    policy=REPLACE,
    reference="torch",
    forward_tolerance=SUM,
    gradient_tolerance=BITWISE,
    wrong_today=(
        "3.0, 3.1.0: an empty index is refused",
        "all: a value longer than the index is accepted on the axis",
        "3.1.1-3.3: no index is checked when x is empty, no length of value when the index is",
        "3.3: no other size of value is checked either when the index is empty",
        "3.1.1-3.3: the gradient of an empty x raises when only value requires one",
        "all: float16 sums are rounded at every step",
        "all: 0-D x and 0-D index are refused",
        "all: bfloat16, int8, uint8, int16, bool and complex are missing",
    ),
    differences=(
        Difference(
            name="index_add.negative_index",
            applies=_has_negative_index,
            reason="a negative index counts from the end; Torch refuses it",
            link="https://github.com/PaddlePaddle/Paddle/blob/v3.3.1/paddle/phi/kernels/cpu/index_add_impl.h",
            reference=_with_wrapped_index,
        ),
    ),
)

OPERATORS: tuple[Operator, ...] = (EXPAND, INDEX_ADD)


def operator(name: str) -> Operator:
    """The operator called `name`; KeyError names the known ones."""
    for entry in OPERATORS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in OPERATORS)
    raise KeyError(f"operator {name!r} is not in the catalogue; known operators: {known}")


def find_api(path: str) -> tuple[Operator, Api] | None:
    """The operator and the API behind a public path such as "paddle.Tensor.expand", or None."""
    return _APIS_BY_PATH.get(path)


_APIS_BY_PATH: dict[str, tuple[Operator, Api]] = {
    path: (entry, api) for entry in OPERATORS for api in entry.apis for path in api.paths
}
