// Where a mask is true.
#pragma once

#include <cstdint>
#include <memory>

#include "cc/kernels/context.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// The numbers of the true elements of a bool tensor of any strides, in row-major order,
/// *count of them.
std::unique_ptr<Buffer> MaskPositions(const TensorView& mask, int64_t* count,
                                      const Context& context);

}  // namespace paddlemend
