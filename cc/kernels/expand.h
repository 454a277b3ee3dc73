// Broadcasting to a larger shape, and its gradient.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// The shape of expand(x, shape). `shape` has at least as many entries as x has dimensions; they
/// are matched from the last one. An entry is the size of the result: equal to that of x, or
/// anything >= 0 where x has size 1 or no such dimension. -1 keeps the size of x and needs a
/// dimension of x to keep.
///
/// Errors: invalid argument for an entry that breaks these rules, for fewer entries than x has
/// dimensions, and for a result of more dimensions or bytes than a tensor can have.
PM_OP Status ExpandShape(const TensorView& x, IntSpan shape, Shape* out);

/// Copies x into every place of out that broadcasting gives it (bitwise). The shape of out is the
/// target; it has at least the dimensions of x. x and out share the dtype (any) and may have
/// strides, but no memory.
///
/// Errors: invalid argument if the dtypes differ or x does not broadcast to the shape of out.
PM_OP Status Expand(const TensorView& x, const MutableTensorView& out, const Context& context);

/// The gradient of expand: x_grad is the sum of out_grad over the broadcast dimensions, zeros if
/// out_grad is empty. The shape of x_grad is that of x. Both share the dtype (any) and may have
/// strides, but no memory. Floating point sums are accumulated in float64 and rounded once;
/// integers wrap around; a bool is the logical or. Equal inputs give equal bits, whatever the
/// number of threads.
///
/// Errors: invalid argument if the dtypes differ or x_grad does not broadcast to out_grad.
PM_OP Status ExpandGrad(const TensorView& out_grad, const MutableTensorView& x_grad,
                        const Context& context);

}  // namespace paddlemend
