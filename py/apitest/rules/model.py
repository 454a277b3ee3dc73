"""What a rule is: how the harness binds, feeds and judges one API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from paddlemend import catalogue

if TYPE_CHECKING:
    from paddlemend.apitest.equivalence import Equivalence
    from paddlemend.apitest.host_tensor import HostTensor

# Parameter kinds: how an argument of a case line is bound and handed to a counterpart.
VALUE = "value"  # tensors, lists of tensors and plain values, passed on as they stand
SIZES = "sizes"  # a shape: list or tuple of ints and one-element tensors, or one 1-D tensor

# By parameter name: tensors as HostTensor (in a rule's functions as NumPy arrays), plain values.
Arguments = Mapping[str, Any]

Shapes = Mapping[str, Sequence[int]]

# generator(call, spec, rng): a legal value for the tensor `spec` of the bound call.
Generator = Callable[..., "HostTensor"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a Paddle API, in the order of its signature.

    `values` generates legal values of its tensors; None means values without any condition.
    `aliases` are the other keywords under which Paddle takes it. `variadic` also takes the
    remaining positional arguments, as `x.expand(2, 3)` does.
    """

    name: str
    values: Generator | None = None
    kind: str = VALUE
    aliases: tuple[str, ...] = ()
    variadic: bool = False


@dataclass(frozen=True)
class ShapeOf:
    """An argument of a counterpart that is the shape of the tensor bound to `parameter`."""

    parameter: str


@dataclass(frozen=True)
class Output:
    """An argument of a gradient function: the forward function's output of this number."""

    number: int


@dataclass(frozen=True)
class TorchCall:
    """The Torch counterpart: `path(*positional, **keywords)`, given as Paddle parameter names.

    A parameter that the case line leaves out is left out of the Torch call as well.
    """

    path: str
    positional: tuple[str, ...] = ()
    keywords: Mapping[str, str] = field(default_factory=dict)


# A composition of Torch's operators, called with the arguments by Paddle parameter name, for an API
# that Torch has no counterpart of: the defaults in its signature are Paddle's, it raises for
# illegal input (rules/legality.py), autograd gives its gradients, and it computes in the dtypes it
# is given, which are widened for the float64 reference.
ReferenceFunction = Callable[..., Any]


LibraryArgument = "str | ShapeOf | Output | Callable[[Arguments], Any]"


@dataclass(frozen=True)
class LibraryCall:
    """The call into paddlemend.native: `function(*arguments)`, and the same for the gradient.

    `function` names one of the module's functions; a function itself gets the module first, where
    which of its functions is called depends on the values.

    An argument is a Paddle parameter name, a `ShapeOf`, a function of the values by parameter name,
    or, in `gradient_arguments`, "out_grad" or an `Output`. `gradients` are the parameters whose
    gradients the gradient function returns, in its order. The first `outputs` of the outputs are
    judged; None means all. `written` says which parameters are passed again as which outputs, which
    are judged after the others: {"out": "x"} of an in-place spelling. The gradient function gets
    them as they were before. `defaults` are Paddle's values of parameters that a case may leave
    out; `derived` are those that only functions of the values look at. `lacks(values)` says what
    the library leaves to Paddle's Python, "" where a call needs nothing of it; the values are
    Torch's tensors and plain values.
    """

    function: str | Callable[..., Any]
    arguments: tuple[LibraryArgument, ...]
    gradient_function: str | None = None
    gradient_arguments: tuple[LibraryArgument, ...] = ()
    gradients: tuple[str, ...] = ()
    outputs: int | None = None
    written: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    derived: frozenset[str] = frozenset()
    lacks: Callable[[Arguments], str] | None = None


@dataclass(frozen=True)
class Difference:
    """How a documented difference of the catalogue is recognised and judged.

    `name` is that of the `catalogue.Difference`. `applies(arguments)` says whether a call is
    concerned; the values are the bound arguments, a tensor as a NumPy array. `reference(arguments)`
    returns the arguments under which the reference gives the answer that Paddle documents; None
    where the reference gives it as it stands. `may_refuse` is set where some Paddle versions
    refuse the call, as Torch does.
    """

    name: str
    applies: Callable[[Arguments], bool]
    reference: Callable[[Arguments], Arguments] | None = None
    may_refuse: bool = False


@dataclass(frozen=True)
class Rule:
    """How one API is bound, fed and judged.

    `path` and the `aliases` share one signature, `parameters`. `overwrites` names the parameters
    whose tensors the call changes: they are judged as further outputs. `differentiable` names the
    parameters that Paddle documents a gradient for; None means every floating and complex one.

    `residual(arguments, output)` is the normwise residual of an output, divided by n·eps, for the
    rule `catalogue.RESIDUAL`; `arguments` are widened NumPy arrays and plain values. `equivalence`
    puts results whose order means nothing into the order of the reference. `moves_data(arguments)`
    says that a call only moves elements although others of the operator compute: its outputs are
    judged bitwise; `arguments` are those of the line, by parameter name.
    `may_lack_outputs`: an output that a call gives no meaning to may come without memory; it counts
    as zeros, which is what the reference gives. `random(arguments)` says whether the values of the
    outputs are random, as those of dropout are: then dtypes and shapes are judged.

    `scratch(shapes)` is the number of bytes that the reference needs beyond inputs and outputs,
    `operations(shapes)` the number of multiply-adds of one forward call: both bound what is run.
    The shapes are those of the tensor arguments by label, and of the outputs as "output 0".
    """

    path: str
    parameters: tuple[Parameter, ...]
    reference: TorchCall | ReferenceFunction
    operator: catalogue.Operator | None = None
    aliases: tuple[str, ...] = ()
    library: LibraryCall | None = None
    overwrites: tuple[str, ...] = ()
    differentiable: tuple[str, ...] | None = None
    differences: tuple[Difference, ...] = ()
    equivalence: Equivalence | None = None
    residual: Callable[[Arguments, HostTensor], float] | None = None
    moves_data: Callable[[Arguments], bool] | None = None
    may_lack_outputs: bool = False
    random: Callable[[Arguments], bool] | None = None
    scratch: Callable[[Shapes], int] | None = None
    operations: Callable[[Shapes], int] | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path of this API, the function first, then the tensor method."""
        return (self.path, *self.aliases)

    @property
    def forward_tolerance(self) -> str:
        """The tolerance rule of the outputs; without an operator, that of sums."""
        return self.operator.forward_tolerance if self.operator else catalogue.SUM

    @property
    def gradient_tolerance(self) -> str:
        """The tolerance rule of the gradients; without an operator, that of sums."""
        return self.operator.gradient_tolerance if self.operator else catalogue.SUM

    def documented(self, difference: Difference) -> catalogue.Difference:
        """The catalogue's entry of one of `differences`."""
        assert self.operator is not None
        return next(entry for entry in self.operator.differences if entry.name == difference.name)
