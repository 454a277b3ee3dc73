// Summing a tensor down to a shape that broadcasts to its own: the adjoint of broadcasting.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// out = the sum of x over the dimensions that out lacks (leading ones) or has with size 1 where x
/// has another size; zeros where there is nothing to sum. The shape of out broadcasts to that of
/// x; both share the dtype (any), may have strides, and share no memory. If something is summed, a
/// float16 or bfloat16 x may also have a float32 out.
///
/// float16, bfloat16 and float32 are accumulated in float64 and rounded once, float64 pairwise
/// (Higham, "The accuracy of floating point summation", 1993), complex numbers part by part;
/// integers wrap around; a bool is the logical or. The order of the additions depends on the
/// shapes alone.
void SumToShape(const TensorView& x, const MutableTensorView& out, const Context& context);

}  // namespace paddlemend
