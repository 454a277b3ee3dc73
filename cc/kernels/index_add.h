// Adding slices at indices of an axis, and its gradient.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// out = x, then for every position i: the slice index[i] of out along `axis` += slice i of value.
///
/// x and out have one shape; value has it too except along axis, where its size is the number of
/// indices. All three share the dtype (any). index is int32 or int64, 1-D, or 0-D for one index;
/// index[i] is in [-n, n) for size n of the axis, negative values count from its end. axis is in
/// [-ndim, ndim); a 0-D x counts as one dimension. Inputs may have strides; out may be x itself
/// (same memory and strides) and overlaps nothing otherwise.
///
/// The additions to one element happen in the order of the positions, x first: equal inputs give
/// equal bits, whatever the number of threads. float16 and bfloat16 are accumulated in float32 and
/// rounded once; integers wrap around; a bool is the logical or.
///
/// Errors: out of range for the axis; unsupported dtype for that of index; invalid argument for
/// shapes or dtypes that do not match and for an index out of range (checked before anything is
/// written; as in Torch not at all if x has no element and more than one dimension).
PM_OP Status IndexAdd(const TensorView& x, const TensorView& index, int64_t axis,
                      const TensorView& value, const MutableTensorView& out,
                      const Context& context);

/// The gradients of index_add: x_grad = out_grad, and slice i of value_grad along `axis` is the
/// slice index[i] of out_grad (both bitwise). Either may be null. Shapes, dtypes, strides and axis
/// as in index_add; x_grad may be out_grad itself. Nothing else may share memory.
///
/// Errors: as index_add; an index out of range is always one if value_grad is wanted.
PM_OP Status IndexAddGrad(const TensorView& out_grad, const TensorView& index, int64_t axis,
                          const MutableTensorView* x_grad, const MutableTensorView* value_grad,
                          const Context& context);

}  // namespace paddlemend
