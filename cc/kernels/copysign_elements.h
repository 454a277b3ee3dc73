// The elements of copysign and of its gradient, whose arguments have been checked.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// out = the magnitude of x with the sign of y, both broadcast to `shape`: row-major memory of that
/// shape, which may be that of x. The dtype has signs: it is neither bool nor uint8.
void CopySigns(const TensorView& x, const TensorView& y, const TensorLayout& shape, void* out,
               const Context& context);

/// grad = the gradient of x before it is summed: row-major memory of the shape of out_grad.
void SignGradients(const TensorView& x, const TensorView& y, const TensorView& out_grad, void* grad,
                   const Context& context);

}  // namespace paddlemend
