"""The catalogue: what paddlemend knows about every operator it mends.

Install, status, the parity harness, the documentation tables and the tests read it; none of them
repeats a fact that stands here. It is pure data over the standard library, so that it imports
without Paddle, Torch or NumPy.

To add an operator, write one `Operator` entry and list it in `OPERATORS`.
"""

from __future__ import annotations

from dataclasses import dataclass

INTEGER_DTYPES = ("uint8", "int8", "int16", "int32", "int64")
FLOATING_DTYPES = ("float16", "bfloat16", "float32", "float64")
COMPLEX_DTYPES = ("complex64", "complex128")
ALL_DTYPES = ("bool", *INTEGER_DTYPES, *FLOATING_DTYPES, *COMPLEX_DTYPES)
FLOAT8_DTYPES = ("float8_e4m3fn", "float8_e5m2")  # Paddle moves them, and computes with none

# Policies: what install() does with the stock kernel of an operator.
REPLACE = "replace"  # ours runs always
GUARD = "guard"  # ours runs where stock is wrong or missing, stock elsewhere
PENDING = "pending"  # judged by the harness, not mended yet: the stock kernel runs

# Tolerance rules: how a result is judged (py/apitest/tolerance.py gives the numbers).
BITWISE = "bitwise"  # data movement: every bit equal
CLOSE = "close"  # within assert_close of a float64 reference
SUM = "sum"  # close, or an error norm at most twice that of Torch's result in the same dtype
RESIDUAL = "residual"  # close, or a normwise residual of at most 50·n·eps


@dataclass(frozen=True)
class PhiKernel:
    """One kernel name in Paddle's KernelFactory and the dtypes that ours serves."""

    name: str
    dtypes: tuple[str, ...] = ALL_DTYPES


@dataclass(frozen=True)
class Api:
    """One public API: its path and the further paths of the same function.

    How the harness calls and judges it is said by its rule in py/apitest/rules/.
    """

    path: str
    aliases: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path of this API, the function first, then the tensor method."""
        return (self.path, *self.aliases)


@dataclass(frozen=True)
class Difference:
    """A documented difference of Paddle's API from Torch's.

    The rule of the API in py/apitest/rules/ says which calls are concerned and what the right
    answer is.
    """

    name: str
    reason: str
    link: str


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
    `wrong_today` are the defects of the released wheels in one phrase each. `dygraph_only` says
    that Paddle has no such operator in static programs: SOT breaks the graph at its APIs.
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
    dygraph_only: bool = False


# ---------------------------------------------------------------------------------------- expand

EXPAND = Operator(
    name="expand",
    tasks=(2,),
    apis=(
        Api("paddle.expand", ("paddle.Tensor.expand",)),
        Api("paddle.broadcast_to", ("paddle.Tensor.broadcast_to",)),
        Api("paddle.expand_as", ("paddle.Tensor.expand_as",)),
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
            reason="an empty shape gives x itself since 3.3, in Python; Torch refuses it",
            link="https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/expand_en.html",
        ),
    ),
)

# ------------------------------------------------------------------------------------- index_add

INDEX_ADD = Operator(
    name="index_add",
    tasks=(4,),
    apis=(
        Api("paddle.index_add", ("paddle.Tensor.index_add",)),
        Api("paddle.index_add_", ("paddle.Tensor.index_add_",)),
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
            reason="a negative index counts from the end; Torch refuses it",
            link="https://github.com/PaddlePaddle/Paddle/blob/v3.3.1/paddle/phi/kernels/cpu/index_add_impl.h",
        ),
    ),
)

# ---------------------------------------------------------------------------------- index_sample

INDEX_SAMPLE = Operator(
    name="index_sample",
    tasks=(5,),
    apis=(
        Api(
            "paddle.index_sample",
            ("paddle.Tensor.index_sample", "paddle.tensor.index_sample"),
        ),
    ),
    phi_kernels=(),
    policy=PENDING,
    reference="torch.gather along the columns",
    forward_tolerance=BITWISE,
    gradient_tolerance=SUM,
    wrong_today=(
        "3.0: an index of 0 rows is refused",
        "all: float16, bfloat16, int8, uint8, int16 and bool are missing",
    ),
)

# ------------------------------------------------------------------------------------ as_strided

AS_STRIDED = Operator(
    name="as_strided",
    tasks=(8,),
    apis=(Api("paddle.as_strided", ("paddle.Tensor.as_strided", "paddle.tensor.as_strided")),),
    phi_kernels=(
        PhiKernel("as_strided", (*ALL_DTYPES, *FLOAT8_DTYPES)),
        PhiKernel("as_strided_grad"),
    ),
    policy=REPLACE,
    reference="torch",
    forward_tolerance=BITWISE,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: the gradient of elements that overlap is overwritten, not added",
        "all: the gradient of a view of a slice or of a transposed tensor is at the wrong place",
        "all: a view beyond the memory of x is not refused",
        "all: a negative stride, and a shape and a stride of different lengths are accepted",
        "3.0: a negative offset is accepted",
        "all: SOT raises, where it could leave the graph",
    ),
    differences=(
        Difference(
            name="as_strided.byte_offset",
            reason="the offset counts bytes from the start of the memory of x; Torch's elements",
            link="https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/as_strided_en.html",
        ),
    ),
    dygraph_only=True,
)

# ------------------------------------------------------------------------------------- index_put

INDEX_PUT = Operator(
    name="index_put",
    tasks=(16,),
    apis=(
        Api("paddle.index_put", ("paddle.Tensor.index_put", "paddle.tensor.index_put")),
        Api("paddle.index_put_", ("paddle.Tensor.index_put_", "paddle.tensor.index_put_")),
    ),
    phi_kernels=(PhiKernel("index_put"), PhiKernel("index_put_grad")),
    policy=REPLACE,
    reference="Torch's operators; of several values for one place the last one stays, as in NumPy",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: an index out of range is not refused: it writes to other memory",
        "all: a mask of another shape than x, and more indices than dimensions are accepted",
        "all: an index into an empty or a 0-D x is not checked",
        "all: 0-D integer indices, and more than 6 dimensions of x are refused",
        "all: the gradient of an empty x raises when only value requires one",
        "3.0: the gradient of value has no dimension where the index is empty",
    ),
)

# -------------------------------------------------------------------------------- put_along_axis

PUT_ALONG_AXIS = Operator(
    name="put_along_axis",
    tasks=(19,),
    apis=(
        Api(
            "paddle.put_along_axis",
            ("paddle.Tensor.put_along_axis", "paddle.tensor.put_along_axis"),
        ),
        Api("paddle.Tensor.put_along_axis_", ("paddle.tensor.put_along_axis_",)),
    ),
    phi_kernels=(),
    policy=PENDING,
    reference="torch.scatter_reduce; for assign the last of several values wins, as in NumPy",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: the gradient of a negative index writes to other memory",
        "all: an index into an axis of size 0 is accepted, its gradient ends the process",
        "all: the gradient of mul is NaN where a factor is 0",
        "all: amax and amin drop NaN",
        "all: float16, bfloat16, int8, bool and complex are missing",
    ),
)

OPERATORS: tuple[Operator, ...] = (
    EXPAND,
    INDEX_ADD,
    INDEX_SAMPLE,
    AS_STRIDED,
    INDEX_PUT,
    PUT_ALONG_AXIS,
)

# Those that install() mends; the others are only judged by the harness so far.
MENDED: tuple[Operator, ...] = tuple(entry for entry in OPERATORS if entry.policy != PENDING)


def operator(name: str) -> Operator:
    """The operator called `name`; KeyError names the known ones."""
    for entry in OPERATORS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in OPERATORS)
    raise KeyError(f"operator {name!r} is not in the catalogue; known operators: {known}")
