// Solving linear systems by a Cholesky factor of their matrix, and the gradient.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// The shape of cholesky_solve(x, y): the batches of both, broadcast, and the matrix shape of x.
///
/// Errors: invalid argument for fewer than 2 dimensions, a y that is not square, an x of another
/// number of rows, and batches that do not broadcast.
PM_OP Status CholeskySolveShape(const TensorView& x, const TensorView& y, Shape* out);

/// Solves A out = x, A being y yᴴ, or with `upper` yᴴ y. x is [*, M, K] and y [*, M, M], of which
/// only the lower triangle, or with `upper` the upper one, is read. Their batches broadcast. x, y
/// and out share the dtype (float32, float64, complex64 or complex128) and may have strides, but
/// out shares no memory.
///
/// Equal inputs give equal bits, whatever the number of threads. A zero on the diagonal of y gives
/// infinities and NaN, as does what is not finite.
///
/// Errors: unsupported dtype; invalid argument for shapes or dtypes that do not match.
PM_OP Status CholeskySolve(const TensorView& x, const TensorView& y, bool upper,
                           const MutableTensorView& out, const Context& context);

/// The gradients of out = cholesky_solve(x, y). x_grad solves A x_grad = out_grad, summed over the
/// dimensions in which x was broadcast. y_grad is -(S + Sᴴ) y, or with `upper` -y (S + Sᴴ), where
/// S = x_grad outᴴ, summed likewise, in the triangle that is read, and zero outside of it: also
/// where nothing was solved. Either may be null. Shapes, dtypes and memory as in cholesky_solve.
///
/// Errors: as cholesky_solve.
PM_OP Status CholeskySolveGrad(const TensorView& out_grad, const TensorView& y,
                               const TensorView& out, bool upper, const MutableTensorView* x_grad,
                               const MutableTensorView* y_grad, const Context& context);

}  // namespace paddlemend
