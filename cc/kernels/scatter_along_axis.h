// Combining values with the elements that an index selects along an axis.
#pragma once

#include "cc/kernels/along_axis.h"
#include "cc/kernels/context.h"
#include "cc/kernels/dtype.h"
#include "cc/kernels/reduction.h"

namespace paddlemend {

/// out = x, then every value, in the order of the positions, is combined with the element of out
/// that the entry of the index at its position means. A null x means zeros. What the reductions do
/// is said at PutAlongAxis, in put_along_axis.h, whose checks the arguments have passed.
///
/// The arrays are of `dtype` in row-major order: x and out like the x of the plan, value like its
/// index. out may be x.
void ScatterAlongAxis(const AlongAxis& plan, DType dtype, Reduction reduction, bool include_self,
                      const void* x, const void* value, void* out, const Context& context);

}  // namespace paddlemend
