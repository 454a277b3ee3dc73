// Adding slices of one row-major array to slices of another that a list of indices selects.
#pragma once

#include <cstdint>

#include "cc/kernels/context.h"
#include "cc/kernels/dtype.h"

namespace paddlemend {

/// x and out are [outer, size, inner] in row-major order, value is [outer, count, inner]; `indices`
/// has `count` entries in [0, size). All counts are of elements of `dtype`.
struct SliceAddShape {
  DType dtype;
  int64_t outer;
  int64_t size;
  int64_t count;
  int64_t inner;
};

/// out = x, then out[:, indices[i]] += value[:, i] for every i, in this order. out may be x. What
/// half precision, integers and bool do is said at IndexAdd, in index_add.h. Number is int32_t or
/// int64_t.
template <typename Number>
void AddSlices(const SliceAddShape& shape, const void* x, const Number* indices, const void* value,
               void* out, const Context& context);

}  // namespace paddlemend
