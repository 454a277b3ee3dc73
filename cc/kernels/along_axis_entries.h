// Looking at the entries of an index that selects along an axis.
#pragma once

#include "cc/kernels/along_axis.h"

namespace paddlemend {

/// Checks the entries of `index`, which lie in row-major order at `entries`: they are in [-size,
/// size), or [0, size) where negative ones are errors. Sets *has_negative.
///
/// Errors: invalid argument for an entry out of range.
Status CheckEntries(const TensorView& index, const void* entries, int64_t size,
                    NegativeIndex negative, const Context& context, bool* has_negative);

}  // namespace paddlemend
