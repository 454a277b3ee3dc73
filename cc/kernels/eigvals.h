// Eigenvalues of general matrices, their eigenvectors, and the gradient of both.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// The shape of the eigenvalues of x: that of x without its last dimension.
///
/// Errors: invalid argument for an x that does not hold square matrices.
PM_OP Status EigvalsShape(const TensorView& x, Shape* w);

/// w = the eigenvalues of each matrix of x, in the order in which LAPACK's xGEEV finds them; pairs
/// of conjugate values of a real matrix lie side by side, that with the positive imaginary part
/// first; a complex matrix without imaginary parts is solved as the real one. x is [*, M, M]
/// (float32, float64, complex64 or complex128), w is [*, M] of the complex dtype of its precision.
/// Both may have strides, but no memory in common. Equal inputs give equal bits, whatever the
/// number of threads.
///
/// Errors: unsupported dtype; invalid argument for shapes or dtypes that do not match and for an
/// element that is not finite (all before anything is written), and for values that do not
/// converge.
PM_OP Status Eigvals(const TensorView& x, const ComplexOutput& w, const Context& context);

/// The shape of the eigenvalues, as eigvals_shape.
PM_OP Status EigShape(const TensorView& x, Shape* w);

/// As eigvals; v = the eigenvectors, one a column: x v = v diag(w). Each has norm 1 and a largest
/// component without imaginary part. v has the shape of x and the dtype of w.
PM_OP Status Eig(const TensorView& x, const ComplexOutput& w, const ComplexOutput& v,
                 const Context& context);

/// The gradient of w, v = eig(x), for each matrix:
///
///     x_grad = v⁻ᴴ (diag(w_grad) + (vᴴ v_grad - vᴴ v diag(re(diag(vᴴ v_grad)))) / E) vᴴ
///
/// where E[i, j] = conj(w[j] - w[i]) and the quotient has a diagonal of zeros. w_grad, v_grad or
/// both may be null and count as zeros. w, w_grad [*, M] and v, v_grad [*, M, M] have one complex
/// dtype; x_grad is [*, M, M] of the same dtype or the real one of its precision, which gets the
/// real part. All may have strides, but x_grad no memory in common with others. Equal inputs give
/// equal bits, whatever the number of threads.
///
/// Equal eigenvalues divide by zero, as in Torch, where v_grad is given; without it they do not.
///
/// Errors: unsupported dtype; invalid argument for shapes or dtypes that do not match, and for a
/// matrix v without an inverse.
PM_OP Status EigGrad(const TensorView& w, const TensorView& v, const TensorView* w_grad,
                     const TensorView* v_grad, const MutableTensorView& x_grad,
                     const Context& context);

}  // namespace paddlemend
