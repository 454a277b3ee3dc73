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
LINALG_DTYPES = ("float32", "float64", *COMPLEX_DTYPES)  # those that LAPACK has
FLOAT8_DTYPES = ("float8_e4m3fn", "float8_e5m2")  # Paddle moves them, and computes with none

# Policies: what install() does with the stock kernel of an operator.
REPLACE = "replace"  # ours runs always
GUARD = "guard"  # ours runs where stock is wrong or missing, stock elsewhere

# Tolerance rules: how a result is judged (py/apitest/tolerance.py gives the numbers).
BITWISE = "bitwise"  # data movement: every bit equal
CLOSE = "close"  # within assert_close of a float64 reference
SUM = "sum"  # close, or an error norm at most twice that of Torch's result in the same dtype
SHAPE = "shape"  # random values: dtype and shape alone
RESIDUAL = "residual"  # close, or a normwise residual of at most 50·n·eps


@dataclass(frozen=True)
class PhiKernel:
    """One kernel name in Paddle's KernelFactory and the dtypes that ours serves.

    With `where_present`, only of the dtypes that the wheel has it for, which may be none.
    """

    name: str
    dtypes: tuple[str, ...] = ALL_DTYPES
    where_present: bool = False


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


def _real_operand(operator: str) -> Difference:
    return Difference(
        name=f"{operator}.real_operand",
        reason="a real operand beside a complex one is made complex; Torch refuses it",
        link="https://github.com/PaddlePaddle/Paddle/blob/v3.3.1/paddle/phi/api/lib/data_transform.cc",
    )


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
        "all, with NumPy 2.4: a 1-D tensor of one element among the sizes is refused",
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
        _real_operand("index_add"),
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
    phi_kernels=(PhiKernel("index_sample"), PhiKernel("index_sample_grad")),
    policy=REPLACE,
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
        "all: a view beyond the memory of x, and sizes that overflow are not refused",
        "all: a negative stride, and a shape and a stride of different lengths are accepted",
        "all: an offset of part of an element is accepted",
        "3.0-3.2: a negative offset is accepted",
        "3.0: a view of elements that an empty x has not is accepted",
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
    phi_kernels=(
        PhiKernel("index_put"),
        PhiKernel("index_put_grad"),
        # x[indices] = value, since 3.1: checks before the wheel's own kernels, and a gradient.
        PhiKernel("index_elementwise_put", where_present=True),
        PhiKernel("index_elementwise_put_with_tensor", where_present=True),
        PhiKernel("index_elementwise_put_with_tensor_grad", where_present=True),
    ),
    policy=REPLACE,
    reference="Torch's operators; of several values for one place the last one stays, as in NumPy",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: an index out of range is not refused: it writes to other memory; since 3.1 also in"
        " `x[index] = value`",
        "3.1.1-3.3: the gradient of value in `x[index] = value` is wrong but for float32",
        "all: a mask of another shape than x, and more indices than dimensions are accepted",
        "all: 0-D integer indices, and more than 6 dimensions of x are refused",
        "all: an index into an empty or a 0-D x is not checked; 3.0 ends the process",
        "all: the gradient of value is wrong or raises when x is empty and requires none",
        "3.3: a value that does not broadcast is accepted where x is empty",
        "3.0: the gradient of value has no dimension where the index is empty",
        "3.0: float16 sums are off, forward and in the gradient of a value that is broadcast",
    ),
    differences=(_real_operand("index_put"),),
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
    phi_kernels=(PhiKernel("put_along_axis"), PhiKernel("put_along_axis_grad")),
    policy=REPLACE,
    reference="torch.scatter_reduce; for assign the last of several values wins, as in NumPy",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: the gradient of a negative index writes to other memory",
        "all: an index into an axis of size 0 is accepted, its gradient ends the process",
        "all: an index longer than arr in another dimension is accepted",
        "all: the gradient of mul is NaN where a factor is 0, infinite where the product overflows",
        "all: the gradient of values that are larger than the index has the shape of the index",
        "all: the gradient of mul, amax and amin compares with other values if they are larger",
        "all: amax and amin drop NaN, and share the gradient with an arr that is not included",
        "all: a number as values is refused unless it has the dtype of arr by default",
        "all: 0-D tensors are refused",
        "3.0: the mean of integers is rounded towards 0",
        "3.0: an index smaller than arr in a middle dimension writes to other elements",
        "all: float16, bfloat16, int8, bool and complex are missing",
    ),
    differences=(_real_operand("put_along_axis"),),
)

# ------------------------------------------------------------------------------------ batch_norm

BATCH_NORM = Operator(
    name="batch_norm",
    tasks=(1,),
    apis=(Api("paddle.nn.functional.batch_norm"),),
    phi_kernels=(
        PhiKernel("batch_norm", FLOATING_DTYPES),
        PhiKernel("batch_norm_infer", FLOATING_DTYPES),
        PhiKernel("batch_norm_grad", FLOATING_DTYPES),
    ),
    policy=REPLACE,
    reference="torch; the running statistics by Paddle's momentum, which is 1 - Torch's",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "3.0, 3.1.0: a 0-size input is refused",
        "all: with training=False, use_global_stats=False the gradient is not that of the batch",
        "all: weight or bias alone has no gradient, of a 0-size batch it is refused",
        "3.0-3.2: running statistics of a wrong size are read and written out of bounds",
        "3.3: they are in training; of a 0-size x any are accepted",
        "all: float16 and bfloat16 are missing",
    ),
    differences=(
        Difference(
            name="batch_norm.biased_variance",
            reason="the running variance takes the biased variance of the batch; Torch's unbiased",
            link="https://github.com/PaddlePaddle/Paddle/blob/v3.3.1/paddle/phi/kernels/cpu/batch_norm_kernel.cc",
        ),
        Difference(
            name="batch_norm.single_value",
            reason="a batch of one value a channel passes through unchanged; Torch refuses it",
            link="https://github.com/PaddlePaddle/Paddle/blob/v3.3.1/paddle/phi/kernels/cpu/batch_norm_kernel.cc",
        ),
    ),
)

# ------------------------------------------------------------------------------ fused_layer_norm

FUSED_LAYER_NORM = Operator(
    name="fused_layer_norm",
    tasks=(3,),
    apis=(Api("paddle.incubate.nn.functional.fused_layer_norm"),),
    phi_kernels=(PhiKernel("fused_bias_residual_layernorm", FLOATING_DTYPES),),
    policy=REPLACE,
    reference="torch.native_layer_norm of x + bias + residual_alpha * residual",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: the variance is computed in one pass: wrong at a mean of 1e3, NaN at 1e4",
        "all: a bias without a residual is left out of the norm",
        "all: a norm_weight of two dimensions, and a bias without a norm go unchecked",
        "3.0-3.2: a norm_bias, in 3.0 a bias or residual of a wrong size is read out of bounds",
        "all: a flat bias of columns of several dimensions is refused",
        "all: without a norm, mean, variance and residual_out are memory",
        "all: float16, bfloat16, float64 and quantization are missing",
    ),
)

# -------------------------------------------------------------------------------------- copysign

COPYSIGN = Operator(
    name="copysign",
    tasks=(9,),
    apis=(
        Api("paddle.copysign", ("paddle.Tensor.copysign", "paddle.tensor.copysign")),
        Api("paddle.copysign_", ("paddle.Tensor.copysign_", "paddle.tensor.copysign_")),
    ),
    phi_kernels=(
        PhiKernel("copysign", ("bool", *INTEGER_DTYPES, *FLOATING_DTYPES)),
        PhiKernel("copysign_grad", FLOATING_DTYPES),
    ),
    policy=REPLACE,
    reference="torch; copysign_ of integers keeps the dtype and saturates",
    forward_tolerance=BITWISE,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: integers give integers, int8 -128 keeps its sign",
        "all: a negative number as y is lost on unsigned integers, -0.5 on all integers",
        "all: x and y of different dtypes are refused unless both are floating",
        "3.0: x and y of different floating dtypes, and broadcasting with a 0-size are refused",
        "all: copysign_ of int64 rounds to float64",
        "3.0, 3.1.0: the float16 gradient of a long broadcast is wrong",
        "3.3: copysign_ with a wider y changes the dtype of x",
    ),
    behaviour_changes=(
        BehaviourChange(
            name="copysign.integer_dtype",
            description="copysign of integers gives the default floating dtype, not integers",
        ),
    ),
)

# --------------------------------------------------------------------------------------- eigvals

EIGVALS = Operator(
    name="eigvals",
    tasks=(10,),
    apis=(Api("paddle.linalg.eigvals", ("paddle.Tensor.eigvals", "paddle.tensor.eigvals")),),
    phi_kernels=(
        PhiKernel("eigvals", LINALG_DTYPES),
        PhiKernel("eig", LINALG_DTYPES),
        PhiKernel("eig_grad", LINALG_DTYPES),
    ),
    policy=REPLACE,
    reference="torch, in any order",
    forward_tolerance=RESIDUAL,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: there is no gradient; that of eig is wrong for a batch",
        "all: a NaN ends the process with status 0, an infinity is accepted",
        "3.0: 0-size inputs are refused",
    ),
)

# -------------------------------------------------------------------------------------- eigvalsh

EIGVALSH = Operator(
    name="eigvalsh",
    tasks=(11,),
    apis=(
        Api(
            "paddle.linalg.eigvalsh",
            ("paddle.eigvalsh", "paddle.Tensor.eigvalsh", "paddle.tensor.eigvalsh"),
        ),
    ),
    phi_kernels=(PhiKernel("eigvalsh", LINALG_DTYPES), PhiKernel("eigvalsh_grad", LINALG_DTYPES)),
    policy=REPLACE,
    reference="torch",
    forward_tolerance=RESIDUAL,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: the gradient of a batch of more than one matrix is wrong",
        "all: the eigenvalues of a complex 0-size input are complex",
        "3.0: the gradient of a 0-size batch has a dimension too many",
        'all: any UPLO but "L" counts as "U"',
        "all: what is not finite is accepted",
    ),
)

# -------------------------------------------------------------------------------- cholesky_solve

CHOLESKY_SOLVE = Operator(
    name="cholesky_solve",
    tasks=(12,),
    apis=(
        Api(
            "paddle.linalg.cholesky_solve",
            ("paddle.Tensor.cholesky_solve", "paddle.tensor.cholesky_solve"),
        ),
    ),
    phi_kernels=(
        PhiKernel("cholesky_solve", LINALG_DTYPES),
        PhiKernel("cholesky_solve_grad", LINALG_DTYPES),
    ),
    policy=REPLACE,
    reference="torch",
    forward_tolerance=RESIDUAL,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: the gradient ends the process when one input needs none",
        "3.0: the gradient of a 0-size input ends the process or is refused",
        "all: the gradient of the factor depends on its other triangle",
        "all: a static program with rows known of one operand alone is refused",
        "all: complex is missing",
    ),
    differences=(
        _real_operand("cholesky_solve"),
        Difference(
            name="cholesky_solve.triangular_gradient",
            reason="the factor has a gradient in its triangle alone; Torch's is a full matrix",
            link="https://github.com/PaddlePaddle/Paddle/blob/v3.3.1/paddle/phi/kernels/impl/cholesky_solve_grad_kernel_impl.h",
        ),
    ),
)

# ---------------------------------------------------------------------------------------- unique

UNIQUE = Operator(
    name="unique",
    tasks=(13,),
    apis=(Api("paddle.unique", ("paddle.Tensor.unique", "paddle.tensor.unique")),),
    phi_kernels=(
        PhiKernel("unique", ("bool", *INTEGER_DTYPES, *FLOATING_DTYPES)),
        PhiKernel("unique_raw", ("bool", *INTEGER_DTYPES, *FLOATING_DTYPES)),
    ),
    policy=REPLACE,
    reference="NumPy's lexsort: Torch's values, inverse and counts, and the first index of each",
    forward_tolerance=BITWISE,
    gradient_tolerance=BITWISE,
    wrong_today=(
        "3.2, 3.3: a 0-size input keeps its shape, and its axis is not checked",
        "all: of NaN the inverse is memory, the counts are 0; 3.0, 3.1: other values are dropped",
        "3.0, 3.1: an axis of size 0 ends the process, in static programs of all",
        "3.0, 3.1: slices of nothing end the process; 3.2, 3.3: they are accepted",
        "all: a negative axis but the last ends the process",
        "all: in static programs the result has the dtype float32 until it runs",
        "3.0: Paddle's own dtypes are refused for the numbers",
        "all: the time of inverse and counts grows with the square of the number of values",
        "all: bool, uint8, int8, int16, float16 and bfloat16 are missing",
    ),
    differences=(
        Difference(
            name="unique.flat_inverse",
            reason="the inverse is flat; Torch's has the shape of x",
            link="https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/unique_en.html",
        ),
    ),
)

# -------------------------------------------------------------------- fused_multi_head_attention

FUSED_MULTI_HEAD_ATTENTION = Operator(
    name="fused_multi_head_attention",
    tasks=(6, 14),
    apis=(Api("paddle.incubate.nn.functional.fused_multi_head_attention"),),
    phi_kernels=(),  # a CPU wheel has no such operator; ours is made of others
    policy=REPLACE,
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
    policy=REPLACE,
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
    policy=REPLACE,
    reference="torch, padded and laid out as Paddle documents it; empty operands sum to zeros",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: SAME silently resets the dilation to 1",
        "3.0, 3.1.0: an empty batch is refused; 3.0: without channels NHWC ends with SIGFPE",
        "3.3: without input channels the result has no channels, with a bias it raises",
        "all: no filters are refused",
        "all: an empty image has one position, not none, under a stride of 2",
        "3.0: an empty image padded by 1 ends the process with SIGSEGV",
        "all: a kernel one longer than the padded image is accepted; an empty kernel too",
        "all: one filter with a bias of another size gives as many channels as the bias has",
        "all: float16 and bfloat16 are missing",
    ),
    behaviour_changes=(
        BehaviourChange(
            name="conv.same_dilation",
            description="convolutions padded by SAME are dilated as they say, not by 1",
        ),
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
    policy=REPLACE,
    reference="torch, cropped and laid out as Paddle documents it; empty operands sum to zeros",
    forward_tolerance=SUM,
    gradient_tolerance=SUM,
    wrong_today=(
        "all: SAME silently resets the dilation to 1",
        "3.0: in NHWC the gradient of x is wrong for a 3 x 3 kernel, stride 1 and padding 1",
        "3.0: no input channels and no filters are refused",
        "3.0: the gradient of an empty image ends the process with SIGSEGV",
        "3.2.0, 3.3: output_size is not checked for an empty image",
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
    INDEX_SAMPLE,
    AS_STRIDED,
    INDEX_PUT,
    PUT_ALONG_AXIS,
    BATCH_NORM,
    FUSED_LAYER_NORM,
    COPYSIGN,
    EIGVALS,
    EIGVALSH,
    CHOLESKY_SOLVE,
    UNIQUE,
    FUSED_MULTI_HEAD_ATTENTION,
    VARIABLE_LENGTH_MEMORY_EFFICIENT_ATTENTION,
    CONV2D,
    CONV2D_TRANSPOSE,
)


def operator(name: str) -> Operator:
    """The operator called `name`; KeyError names the known ones."""
    for entry in OPERATORS:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in OPERATORS)
    raise KeyError(f"operator {name!r} is not in the catalogue; known operators: {known}")
