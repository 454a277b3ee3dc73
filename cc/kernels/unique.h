// The distinct elements or slices of a tensor.
#pragma once

#include "cc/kernels/op.h"

namespace paddlemend {

/// out = the distinct elements of x, of any real dtype, in ascending order, or, with one entry in
/// `axis`, its distinct slices along that axis, ordered by the first element that differs. A
/// negative axis counts from the end.
///
/// Results depend on the values, so outputs have room for n of them, the number of elements or of
/// slices: out has the dtype of x and the shape [n], or that of x; the first *count elements, or
/// slices along the axis, are written, the others undefined. index, inverse and counts are vectors
/// of n numbers, all int32 or all int64, and may be null: index is the first place of each result,
/// inverse the number of the result for each of the n places, counts how often each occurs; of
/// index and counts the first *count are written. Nothing shares memory.
///
/// Every NaN is a value of its own, which comes last; a slice that has one is equal to no other.
/// Zeros of either sign are equal; the first one is taken, as the first of all equal slices is.
/// Equal inputs give equal bits, whatever the number of threads.
///
/// Errors: unsupported dtype for complex x and for numbers of another dtype; out of range for an
/// axis, which a 0-D x has none of; invalid argument for outputs that do not match, for slices
/// without elements unless there is no slice, and if n exceeds int32 numbers.
PM_OP Status Unique(const TensorView& x, IntSpan axis, const MutableTensorView& out,
                    const MutableTensorView* index, const MutableTensorView* inverse,
                    const MutableTensorView* counts, int64_t* count, const Context& context);

}  // namespace paddlemend
