// The distinct elements of a tensor.
#pragma once

#include <cstdint>

#include "cc/kernels/distinct.h"
#include "cc/kernels/dtype.h"

namespace paddlemend {

/// Writes the distinct ones of n real elements at `x` to `out`, ascending, with the results wanted,
/// and returns their number. Zeros of either sign are one value, with the sign of the first; every
/// NaN is one of its own, last, in the order of their places. `out` and `index` and `counts` of the
/// results have room for n.
int64_t DistinctValues(DType dtype, const void* x, int64_t n, void* out,
                       const DistinctResults& results, const Context& context);

}  // namespace paddlemend
