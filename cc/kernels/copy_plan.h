// A copy between two strided views, reduced to the fewest nested loops.
#pragma once

#include <cstdint>

#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// One loop of a copy: `size` steps of that many bytes in source and destination.
struct CopyLoop {
  int64_t size;
  int64_t src;
  int64_t dst;
};

/// Nested loops, outermost first, around the copy of one element.
/// Invariants: every size is above 1, every dst is positive, dst does not grow from a loop to the
/// next inner one, and no two neighbours could be one loop.
struct CopyPlan {
  const char* src;
  char* dst;
  int64_t element;  // bytes: a power of two up to 16
  int ndim;
  CopyLoop loops[kMaxNdim];
};

/// Plans the copy of src to dst, which have one shape, at least one element and one dtype. A run of
/// elements that is contiguous on both sides becomes one larger element if there is one of its
/// size.
CopyPlan MakeCopyPlan(const TensorView& src, const MutableTensorView& dst);

}  // namespace paddlemend
