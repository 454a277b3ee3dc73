// The magnitude of one tensor with the sign of another, and its gradient.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// The shape of copysign(x, y): the one that both broadcast to.
///
/// Errors: invalid argument if there is none.
PM_OP Status CopysignShape(const TensorView& x, const TensorView& y, Shape* out);

/// out = the magnitude of x with the sign of y, which are broadcast to the shape of out. x, y and
/// out share the dtype (any real one). Of floating point numbers the sign bit is copied and every
/// other bit kept, those of zeros, infinities and NaN too. Integers saturate: |-128| is 127 in
/// int8; unsigned ones and bool have no negative sign to copy. Inputs may have strides; out may be
/// x itself (same memory and strides) and overlaps nothing otherwise.
///
/// Errors: unsupported dtype for complex numbers; invalid argument for dtypes that differ and if x
/// or y does not broadcast to the shape of out.
PM_OP Status Copysign(const TensorView& x, const TensorView& y, const MutableTensorView& out,
                      const Context& context);

/// The gradients of copysign, each summed over the dimensions in which its input was broadcast: in
/// float64, rounded once. x_grad is out_grad with the sign that x changed or not; 0 where x is
/// zero, NaN where x is infinite or NaN, as in Torch. y_grad is zeros. Either may be null. All
/// share one dtype (any floating point one) and may have strides, but no memory; the shape of
/// out_grad is that of copysign(x, y).
///
/// Errors: unsupported dtype; invalid argument for dtypes or shapes that do not match.
PM_OP Status CopysignGrad(const TensorView& x, const TensorView& y, const TensorView& out_grad,
                          const MutableTensorView* x_grad, const MutableTensorView* y_grad,
                          const Context& context);

}  // namespace paddlemend
