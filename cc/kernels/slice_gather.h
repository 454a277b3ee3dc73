// Copying slices that a list of indices selects.
#pragma once

#include <cstdint>

#include "cc/kernels/context.h"

namespace paddlemend {

/// out[:, i] = x[:, indices[i]] for x of [outer, size, slice_bytes] bytes and out of
/// [outer, count, slice_bytes], both in row-major order; `indices` has `count` entries in
/// [0, size). x and out share no memory. Number is int32_t or int64_t.
template <typename Number>
void GatherSlices(const void* x, int64_t outer, int64_t size, int64_t slice_bytes,
                  const Number* indices, int64_t count, void* out, const Context& context);

}  // namespace paddlemend
