// Overwriting slices of a row-major array that a list of indices selects.
#pragma once

#include <cstdint>

#include "cc/kernels/context.h"

namespace paddlemend {

/// Slices to write: `count` of them, `bytes` bytes each, `stride` bytes apart. A stride of 0 writes
/// one slice everywhere.
struct SliceSource {
  const void* data;
  int64_t count;
  int64_t bytes;
  int64_t stride;
};

/// out[indices[i]] = slice i for every i, in this order: the last one of those with one index
/// stays, whatever the number of threads. `out` is an array of `size` slices; it and the source
/// share no memory. Number is int32_t or int64_t.
template <typename Number>
void PutSlices(const SliceSource& slices, const Number* indices, int64_t size, void* out,
               const Context& context);

}  // namespace paddlemend
