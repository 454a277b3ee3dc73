// Combining values with the elements that an index selects along an axis, and the gradients.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// out = x, then for every position p of index, in row-major order, the element of out at p with
/// its coordinate along `axis` replaced by index[p] is combined with value[p], as `reduce` says:
/// - assign: it becomes the value (bitwise), so that the last value wins;
/// - add, mul: the sum, the product; of bool the logical or, the logical and;
/// - mean: the sum of all that was combined, divided by their number; of integers the floor of the
///   quotient;
/// - amax, amin: the extreme, NaN if one of them is NaN.
/// x itself is one of what is combined only if include_self; an element that gets no value is that
/// of x anyway. assign does not look at include_self. "multiply" is another name of mul.
///
/// x, index and value have the same number of dimensions. Along every dimension index is at most as
/// long as value and, except along axis, as x; what is beyond it in value is not used. x, value and
/// out share the dtype: any, but no bool for mean and no complex one for amax and amin. index is
/// int32 or int64; entries are in [-n, n) for size n of the axis, negative ones count from its end.
/// axis is in [-ndim, ndim); 0-D tensors count as one dimension. Inputs may have strides; out has
/// the shape of x and may be x itself (same memory and strides), but overlaps nothing otherwise.
///
/// Equal inputs give equal bits, whatever the number of threads. float16 and bfloat16 are combined
/// in float32 and rounded once; sums and products of integers wrap around.
///
/// Errors: out of range for the axis; unsupported dtype for that of index, and for reductions that
/// x does not have; invalid argument for another `reduce`, for shapes or dtypes that do not match
/// and for an entry out of range (checked before anything is written).
PM_OP Status PutAlongAxis(const TensorView& x, const TensorView& index, const TensorView& value,
                          int64_t axis, const char* reduce, bool include_self,
                          const MutableTensorView& out, const Context& context);

/// The gradients of put_along_axis; x_grad and value_grad may be null. Shapes, dtypes and strides
/// as there; out is what it returned and out_grad the gradient of that. x and value may be null for
/// assign, add and mean, out but for amax and amin. The gradients share no memory with anything.
///
/// - An element of x that gets values has gradient 0 for assign, and if not include_self.
/// - assign: the value that won has the whole gradient, all others 0.
/// - mul: the gradient times the product (of the conjugates) of the others, not a quotient.
/// - amax, amin: what equals the extreme shares the gradient evenly; x only if include_self. Where
///   the extreme is NaN, so are the gradients of all that was combined.
/// value_grad is 0 beyond the index. float16 and bfloat16 are computed in float32 and rounded once;
/// integers are divided to the floor, a bool is not divided.
///
/// Errors: as put_along_axis; invalid argument for a tensor that is null but needed.
PM_OP Status PutAlongAxisGrad(const TensorView* x, const TensorView& index, const TensorView* value,
                              const TensorView* out, const TensorView& out_grad, int64_t axis,
                              const char* reduce, bool include_self,
                              const MutableTensorView* x_grad, const MutableTensorView* value_grad,
                              const Context& context);

}  // namespace paddlemend
