"""The operators that libpaddlemend_cuda.so has."""

# Operators whose elements another library computes: //cc/cuda. This is all that is not about the CPU.
OPERATORS_ON_GPUS = [
    "as_strided",
    "batch_norm",
    "cholesky_solve",
    "copysign",
    "expand",
    "fused_layer_norm",
    "index_add",
    "index_put",
    "index_sample",
    "put_along_axis",
    "unique",
]
