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

# Policies: what install() does with the stock kernel of an operator.
REPLACE = "replace"  # ours runs always
GUARD = "guard"  # ours runs where stock is wrong or missing, stock elsewhere
PENDING = "pending"  # judged by the harness, not mended yet: the stock kernel runs

# Tolerance rules: how a result is judged (py/apitest/tolerance.py gives the numbers).
BITWISE = "bitwise"  # data movement: every bit equal
CLOSE = "close"  # within assert_close of a float64 reference
SUM = "sum"  # close, or an error norm at most twice that of Torch's result in the same dtype
RESIDUAL = "residual"  # close, or a normwise residual of at most 50·n·eps
SHAPE = "shape"  # random values: dtype and shape alone


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
        "3.0: expand_as refuses a 0-size target; 3.3: it accepts any target for a 0-size input",
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
        "3.0: an empty index is refused",
        "all: a value longer than the index is accepted on the axis",
        "3.3: an index is not checked when x is empty, nor a value's shape when the index is",
        "3.3: the gradient of an empty x raises when only value requires one",
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

# -------------------------------------------------------------------- fused_multi_head_attention

FUSED_MULTI_HEAD_ATTENTION = Operator(
    name="fused_multi_head_attention",
    tasks=(6, 14),
    apis=(Api("paddle.incubate.nn.functional.fused_multi_head_attention"),),
    phi_kernels=(),  # a CPU wheel has no such operator; ours is a custom one
    policy=PENDING,
    reference="Paddle's documented pseudo-code over Torch's operators",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=("all: there is no CPU operator",),
)

# ---------------------------------------------------- variable_length_memory_efficient_attention

VARIABLE_LENGTH_MEMORY_EFFICIENT_ATTENTION = Operator(
    name="variable_length_memory_efficient_attention",
    tasks=(7, 15),
    apis=(Api("paddle.incubate.nn.functional.variable_length_memory_efficient_attention"),),
    phi_kernels=(
        PhiKernel("variable_length_memory_efficient_attention", ("float16", "bfloat16", "float32")),
    ),
    policy=PENDING,
    reference="softmax attention over Torch's operators, sequence lengths as masks",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=("all: there is no CPU kernel",),
)

# ---------------------------------------------------------------------------------------- conv2d

CONV2D = Operator(
    name="conv2d",
    tasks=(17,),
    apis=(Api("paddle.nn.functional.conv2d"),),
    phi_kernels=(
        PhiKernel("conv2d", FLOATING_DTYPES),
        PhiKernel("conv2d_grad", FLOATING_DTYPES),
        PhiKernel("conv2d_double_grad", FLOATING_DTYPES),
        PhiKernel("depthwise_conv2d", FLOATING_DTYPES),
        PhiKernel("depthwise_conv2d_grad", FLOATING_DTYPES),
    ),
    policy=PENDING,
    reference="torch, padded and laid out as Paddle documents it; empty operands sum to zeros",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: SAME silently resets the dilation to 1",
        "3.0: an empty batch is refused; without channels NHWC ends the process with SIGFPE",
        "3.3: without input channels the result has no channels, with a bias it raises",
        "all: no filters are refused",
        "all: an empty image has one position, not none, under a stride of 2",
        "3.0: an empty image padded by 1 ends the process with SIGSEGV",
        "all: a kernel one longer than the padded image is accepted; an empty kernel too",
        "all: one filter with a bias of another size gives as many channels as the bias has",
        "all: float16 and bfloat16 are missing",
    ),
)

# ------------------------------------------------------------------------------ conv2d_transpose

CONV2D_TRANSPOSE = Operator(
    name="conv2d_transpose",
    tasks=(18,),
    apis=(Api("paddle.nn.functional.conv2d_transpose"),),
    phi_kernels=(
        PhiKernel("conv2d_transpose", FLOATING_DTYPES),
        PhiKernel("conv2d_transpose_grad", FLOATING_DTYPES),
        PhiKernel("depthwise_conv2d_transpose", FLOATING_DTYPES),
        PhiKernel("depthwise_conv2d_transpose_grad", FLOATING_DTYPES),
    ),
    policy=PENDING,
    reference="torch, cropped and laid out as Paddle documents it; empty operands sum to zeros",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: SAME silently resets the dilation to 1",
        "3.0: in NHWC the gradient of x is wrong for a 3 x 3 kernel, stride 1 and padding 1",
        "3.0: no input channels and no filters are refused",
        "3.0: the gradient of an empty image ends the process with SIGSEGV",
        "3.3: output_size is not checked for an empty image",
        "all: a padding that crops all of the result ends the process with SIGSEGV",
        "all: output_size in a list with tensors, or in a tensor of one element, is read as -1",
        "all: an output_padding between the stride and the dilation is refused",
        "all: an empty kernel is accepted",
        "all: float16 and bfloat16 are missing",
    ),
)

OPERATORS: tuple[Operator, ...] = (
    EXPAND,
    INDEX_ADD,
    FUSED_MULTI_HEAD_ATTENTION,
    VARIABLE_LENGTH_MEMORY_EFFICIENT_ATTENTION,
    CONV2D,
    CONV2D_TRANSPOSE,
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
