// The gradients of combining values with the elements that an index selects along an axis.
#pragma once

#include "cc/kernels/along_axis.h"
#include "cc/kernels/context.h"
#include "cc/kernels/dtype.h"
#include "cc/kernels/reduction.h"

namespace paddlemend {

/// Arrays of one dtype in row-major order. Those with values are like the index of a plan, the
/// others like its x.
struct ScatterGradArrays {
  const void* x;      // for mul, amax and amin
  const void* value;  // for mul, amax and amin
  const void* out;    // for amax and amin
  const void* out_grad;
  void* x_grad;      // may be null
  void* value_grad;  // may be null
};

/// The gradients of ScatterAlongAxis. What they are is said at PutAlongAxisGrad, in
/// put_along_axis.h, whose checks the arguments have passed.
void ScatterAlongAxisGrad(const AlongAxis& plan, DType dtype, Reduction reduction,
                          bool include_self, const ScatterGradArrays& arrays,
                          const Context& context);

}  // namespace paddlemend
