#include "cc/kernels/broadcast.h"

#include <algorithm>

namespace paddlemend {

bool BroadcastView(const TensorView& x, const TensorLayout& target, TensorView* view) {
  const int leading = target.ndim - x.ndim;
  if (leading < 0) return false;
  *view = x;
  view->ndim = target.ndim;
  for (int d = 0; d < target.ndim; ++d) {
    const int64_t size = d < leading ? 1 : x.shape[d - leading];
    if (size != target.shape[d] && size != 1) return false;
    view->shape[d] = target.shape[d];
    view->strides[d] = size == target.shape[d] && d >= leading ? x.strides[d - leading] : 0;
  }
  return true;
}

Status DoesNotBroadcast(const char* from_name, const TensorLayout& from, const char* to_name,
                        const TensorLayout& to) {
  return InvalidArgument("the shape ", ShapeString(from), " of ", from_name,
                         " does not broadcast to the shape ", ShapeString(to), " of ", to_name);
}

Status BroadcastShapes(const char* a_name, const TensorLayout& a, const char* b_name,
                       const TensorLayout& b, Shape* shape) {
  shape->ndim = std::max(a.ndim, b.ndim);
  for (int d = 1; d <= shape->ndim; ++d) {
    const int64_t a_size = d <= a.ndim ? a.shape[a.ndim - d] : 1;
    const int64_t b_size = d <= b.ndim ? b.shape[b.ndim - d] : 1;
    if (a_size != b_size && a_size != 1 && b_size != 1) {
      return InvalidArgument("the shapes ", ShapeString(a), " of ", a_name, " and ", ShapeString(b),
                             " of ", b_name, " do not broadcast to one");
    }
    shape->dims[shape->ndim - d] = a_size == 1 ? b_size : a_size;
  }
  int64_t numel;
  if (CheckedNumel(shape->dims.data(), shape->ndim, ElementSize(a.dtype), &numel)) {
    return OkStatus();
  }
  return InvalidArgument("the shapes ", ShapeString(a), " of ", a_name, " and ", ShapeString(b),
                         " of ", b_name, " broadcast to more than 2^63 - 1 bytes");
}

}  // namespace paddlemend
