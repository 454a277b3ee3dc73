// The distinct rows of a matrix.
#pragma once

#include <cstdint>

#include "cc/kernels/distinct.h"
#include "cc/kernels/dtype.h"

namespace paddlemend {

/// Writes the results for the distinct ones of n rows of `length` real elements each, in row-major
/// memory at `rows`, and the first place of each to `first`, which has room for n; returns their
/// number. Rows are compared like words: ascending by the first element that differs. A NaN is
/// larger than every number, and a row that has one is equal to no other. Overwrites `rows`.
int64_t DistinctRows(DType dtype, void* rows, int64_t n, int64_t length, int64_t* first,
                     const DistinctResults& results, const Context& context);

}  // namespace paddlemend
