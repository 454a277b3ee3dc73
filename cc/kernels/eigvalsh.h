// Eigenvalues of Hermitian matrices, their eigenvectors, and the gradient of the eigenvalues.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// The shape of the eigenvalues of x: that of x without its last dimension.
///
/// Errors: invalid argument for an x that does not hold square matrices.
PM_OP Status EigvalshShape(const TensorView& x, Shape* w);

/// w = the eigenvalues of each matrix of x, in ascending order. x is [*, M, M] (float32, float64,
/// complex64 or complex128), w is [*, M] of the real dtype of its precision. The matrices are
/// Hermitian; uplo says which triangle is read: "L" the lower or "U" the upper one, of whose
/// diagonal only the real part. Both may have strides, but no memory in common. Equal inputs give
/// equal bits, whatever the number of threads.
///
/// Errors: unsupported dtype; invalid argument for another uplo, shapes or dtypes that do not
/// match, and a number that is not finite in the triangle (all before anything is written), and for
/// values that do not converge.
PM_OP Status Eigvalsh(const TensorView& x, const char* uplo, const RealOutput& w,
                      const Context& context);

/// The shape of the eigenvalues, as eigvalsh_shape.
PM_OP Status EighShape(const TensorView& x, Shape* w);

/// As eigvalsh; v = the orthonormal eigenvectors, one a column: x = v diag(w) vᴴ. v has the shape
/// and dtype of x.
PM_OP Status Eigh(const TensorView& x, const char* uplo, const RealOutput& w,
                  const MutableTensorView& v, const Context& context);

/// The gradient of w = eigvalsh(x), given the eigenvectors v of eigh: x_grad = v diag(w_grad) vᴴ
/// for each matrix, as a whole. w_grad is [*, M] and real; v and x_grad are [*, M, M]. All may have
/// strides, but x_grad no memory in common with others. Equal inputs give equal bits, whatever the
/// number of threads.
///
/// Errors: unsupported dtype; invalid argument for shapes or dtypes that do not match.
PM_OP Status EigvalshGrad(const TensorView& v, const TensorView& w_grad,
                          const MutableTensorView& x_grad, const Context& context);

}  // namespace paddlemend
