// The adjoint of reading memory through a view: adding up by address what was read.
#pragma once

#include <cstdint>

#include "cc/kernels/context.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// Where the elements of a tensor lie: element 0 at address `start`, all in [0, span). Addresses
/// count elements.
struct AddressedLayout {
  TensorLayout layout;
  int64_t start;
  int64_t span;
};

/// Each element of x_grad = the sum of out_grad over its elements with the address that the element
/// has in x, divided by the number of elements of x there. Element 0 of out_grad is at out_start;
/// out_strides, >= 0, lead from one to the next. x has the shape of x_grad and at least one
/// element. How sums are rounded is said at AsStridedGrad, in as_strided.h.
void StridedAdjoint(const TensorView& out_grad, const Dims& out_strides, int64_t out_start,
                    const AddressedLayout& x, const MutableTensorView& x_grad,
                    const Context& context);

}  // namespace paddlemend
