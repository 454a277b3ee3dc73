// Adding the elements of a view that may overlap itself to the memory it shows.
#pragma once

#include <cstdint>

#include "cc/kernels/context.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// Sets the `span` elements of `dtype` at `out` to zero, then adds each of `values` to the element
/// at its address: element 0 has the address `start`, and `strides` lead to the others. strides are
/// positive where the size is above 1. Values outside [0, span) are dropped.
///
/// values may have strides in memory; their dtype is `dtype`, or float32 for half precision, which
/// is summed in float32 and rounded once. Integers wrap around; a bool is the logical or. The order
/// of the additions depends on shape and strides alone.
void AddStrided(const TensorView& values, const Dims& strides, int64_t start, DType dtype,
                void* out, int64_t span, const Context& context);

}  // namespace paddlemend
