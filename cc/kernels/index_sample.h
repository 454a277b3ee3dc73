// Sampling each row of a matrix at columns of its own, and the gradient.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// The shape of index_sample(x, index): that of index.
///
/// Errors: invalid argument for shapes that do not match.
PM_OP Status IndexSampleShape(const TensorView& x, const TensorView& index, Shape* out);

/// out[b, m] = x[b, index[b, m]] (bitwise). x is [B, N], index and out are [B, M]; an index of no
/// rows, [0, M], is taken for any x. x and out share the dtype (any), index is int32 or int64 with
/// entries in [0, N). Inputs may have strides; out shares no memory with them.
///
/// Errors: unsupported dtype for that of index; invalid argument for shapes or dtypes that do not
/// match and for an entry out of range (checked before anything is written).
PM_OP Status IndexSample(const TensorView& x, const TensorView& index, const MutableTensorView& out,
                         const Context& context);

/// The gradient of index_sample: x_grad[b, n] is the sum of those out_grad[b, m] whose index[b, m]
/// is n, 0 if there is none. Shapes, dtypes, strides and memory as in index_sample.
///
/// The additions to one element happen in the order of m: equal inputs give equal bits, whatever
/// the number of threads. float16 and bfloat16 are accumulated in float32 and rounded once;
/// integers wrap around; a bool is the logical or.
///
/// Errors: as index_sample.
PM_OP Status IndexSampleGrad(const TensorView& out_grad, const TensorView& index,
                             const MutableTensorView& x_grad, const Context& context);

}  // namespace paddlemend
