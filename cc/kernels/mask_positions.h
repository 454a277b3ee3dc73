// Where a mask is true.
#pragma once

#include <cstdint>
#include <vector>

#include "cc/kernels/context.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// The numbers of the true elements of a bool tensor of any strides, in row-major order.
std::vector<int64_t> MaskPositions(const TensorView& mask, const Context& context);

}  // namespace paddlemend
