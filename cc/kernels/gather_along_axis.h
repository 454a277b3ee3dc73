// Reading the elements that an index selects along an axis.
#pragma once

#include "cc/kernels/along_axis.h"
#include "cc/kernels/context.h"
#include "cc/kernels/dtype.h"

namespace paddlemend {

/// out[position] = the element of x that the entry there means (bitwise), for arrays of `dtype` in
/// row-major order like the x and the index of the plan. They share no memory.
void GatherAlongAxis(const AlongAxis& plan, DType dtype, const void* x, void* out,
                     const Context& context);

}  // namespace paddlemend
