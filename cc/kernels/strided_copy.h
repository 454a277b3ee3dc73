// Copying between two views of any strides: broadcasting, transposing, materialising.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// Copies the elements of src to the same places of dst, bit for bit. Both have one shape and
/// dtype; dst has no repeated elements; the two share no memory. Strides of src may be 0, which
/// broadcasts; all strides may be negative.
void StridedCopy(const TensorView& src, const MutableTensorView& dst, const Context& context);

/// Sets every element of out, which has no repeated elements, to zero.
void FillZero(const MutableTensorView& out, const Context& context);

}  // namespace paddlemend
