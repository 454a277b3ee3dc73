// Writing or adding values at the places that index tensors select, and its gradient.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// out = x with out[indices] = value, or with `accumulate` out[indices] += value, for each place of
/// the indices' broadcast shape in row-major order.
///
/// indices has at least one tensor and at most one for each dimension of x; they index its leading
/// dimensions in their order. int32 and int64 tensors index one dimension of size n each: values in
/// [-n, n), negative ones count from its end. A bool tensor of k dimensions is a mask of the shape
/// of the k dimensions of x it stands for: as if its true places were k vectors of indices. Dtypes
/// may be mixed. All index shapes, a mask's being the number of its true places, broadcast to one;
/// value broadcasts to that shape followed by the dimensions of x that are not indexed. x, value
/// and out share the dtype (any). Inputs may have strides; out may be x itself (same memory and
/// strides) and overlaps nothing otherwise.
///
/// Equal inputs give equal bits, whatever the number of threads. Of several values for one place
/// the last one stays. Added values are added in their order, x first: float16 and bfloat16 in
/// float32, rounded once; integers wrap around; a bool is the logical or.
///
/// Errors: unsupported dtype for that of an index; invalid argument for shapes or dtypes that do
/// not match and for an index out of range, also if x has no element (checked before anything is
/// written; as in Torch not at all if the broadcast shape has no element).
PM_OP Status IndexPut(const TensorView& x, TensorList indices, const TensorView& value,
                      bool accumulate, const MutableTensorView& out, const Context& context);

/// The gradients of index_put. x_grad is out_grad, and without `accumulate` zero at the places that
/// were written. value_grad is out_grad at those places, once for each value, also for one that
/// another one replaced, summed over the dimensions in which value was broadcast: in float64 for
/// floating point dtypes, rounded once. Either may be null. Shapes, dtypes and indices are those of
/// index_put; x_grad may be out_grad itself. Nothing else may share memory.
///
/// Errors: as index_put.
PM_OP Status IndexPutGrad(const TensorView& out_grad, TensorList indices, bool accumulate,
                          const MutableTensorView* x_grad, const MutableTensorView* value_grad,
                          const Context& context);

}  // namespace paddlemend
