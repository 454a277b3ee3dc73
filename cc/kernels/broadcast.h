// Views and shapes that broadcasting gives: sizes are matched from the last dimension, and a size
// of 1 or a dimension that is missing repeats.
#pragma once

#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// Sets *view to `x` with the shape of `target`: broadcast dimensions get stride 0. Returns false
/// if x does not broadcast to that shape.
bool BroadcastView(const TensorView& x, const TensorLayout& target, TensorView* view);

/// "the shape … of from does not broadcast to the shape … of to".
Status DoesNotBroadcast(const char* from_name, const TensorLayout& from, const char* to_name,
                        const TensorLayout& to);

/// Sets *shape to the one shape that both broadcast to; an error names both if there is none, or if
/// it has more bytes of the dtype of `a` than a tensor can have.
Status BroadcastShapes(const char* a_name, const TensorLayout& a, const char* b_name,
                       const TensorLayout& b, Shape* shape);

}  // namespace paddlemend
