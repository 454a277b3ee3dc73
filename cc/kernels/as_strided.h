// A view of memory with any shape and strides, its copy, and its gradient.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// *out = the view of `memory` that has this shape and these strides.
///
/// memory is the whole allocation that x lies in, from its first byte, in the dtype of x (any), as
/// a row-major tensor of any shape: where in it x lies does not matter. shape and stride have one
/// entry a dimension; strides count elements and may be 0 or overlap. offset is that of the first
/// element in bytes from the start of the allocation.
///
/// Errors: invalid argument for shape and stride of different lengths, a negative size, stride or
/// offset, an offset that is no multiple of the element size, more dimensions or bytes than a
/// tensor can have, and a view that reaches out of the allocation; an empty one reaches nowhere.
PM_OP Status AsStrided(const TensorView& memory, IntSpan shape, IntSpan stride, int64_t offset,
                       TensorView* out);

/// The shape of as_strided_copy: `shape`, with all checks of as_strided.
PM_OP Status AsStridedCopyShape(const TensorView& memory, IntSpan shape, IntSpan stride,
                                int64_t offset, Shape* out);

/// out = the elements of as_strided(memory, shape, stride, offset), bitwise. out has that shape and
/// the dtype of memory, may have strides, and shares no memory with it.
///
/// Errors: as as_strided; invalid argument for another shape or dtype of out.
PM_OP Status AsStridedCopy(const TensorView& memory, IntSpan shape, IntSpan stride, int64_t offset,
                           const MutableTensorView& out, const Context& context);

/// The gradient of y = as_strided(x, ..., stride, offset): each element of x_grad is the sum of
/// out_grad over the places of y with its address; places that are no element of x are dropped.
///
/// out_grad has the shape of y; x_grad that of x. x is an allocation's elements at x_offset bytes
/// from its start with the strides x_stride, in elements, of any sign. All tensors share the dtype
/// (any), may have strides, and share no memory.
///
/// Elements of x with one address get equal parts of the sum, as in Torch: then the gradient of
/// what made x such a view, which adds them up, is the sum again. (Integers are divided towards
/// zero, and a bool gets the whole.) Sums are accumulated in float32 (float64 for float64; places
/// that differ in a dimension of stride 0 are added in float64) and rounded once; x_grad once more
/// where x has several elements at one address. Integers wrap around; a bool is the logical or.
/// Equal inputs give equal bits, whatever the number of threads. The work is proportional to the
/// elements of out_grad and x_grad, whatever the strides.
///
/// Errors: as as_strided, but nothing is said about the size of the allocation; invalid argument
/// for dtypes or numbers of dimensions that do not match, and for an x that starts before the
/// allocation.
PM_OP Status AsStridedGrad(const TensorView& out_grad, IntSpan stride, int64_t offset,
                           IntSpan x_stride, int64_t x_offset, const MutableTensorView& x_grad,
                           const Context& context);

}  // namespace paddlemend
