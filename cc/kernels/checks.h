// Checks that operators share.
#pragma once

#include <algorithm>

#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

inline Status CheckSameDType(const char* a_name, const TensorLayout& a, const char* b_name,
                             const TensorLayout& b) {
  if (a.dtype == b.dtype) return OkStatus();
  return InvalidArgument("the dtypes of ", a_name, " and ", b_name, " must be equal, but they are ",
                         DTypeName(a.dtype), " and ", DTypeName(b.dtype));
}

inline Status CheckSameShape(const char* a_name, const TensorLayout& a, const char* b_name,
                             const TensorLayout& b) {
  if (SameShape(a, b)) return OkStatus();
  return InvalidArgument("the shapes of ", a_name, " and ", b_name, " must be equal, but they are ",
                         ShapeString(a), " and ", ShapeString(b));
}

inline Status CheckIndexDType(const TensorLayout& index, const char* name) {
  if (index.dtype == DType::kInt32 || index.dtype == DType::kInt64) return OkStatus();
  return UnsupportedDType("the dtype of ", name, " is ", DTypeName(index.dtype),
                          ", expected int32 or int64");
}

inline Status CheckFloatingDType(const TensorLayout& tensor, const char* name) {
  if (IsFloating(tensor.dtype)) return OkStatus();
  return UnsupportedDType("the dtype of ", name, " is ", DTypeName(tensor.dtype),
                          ", expected float16, bfloat16, float32 or float64");
}

/// Sets *position to the axis counted from the start. A 0-D tensor counts as one dimension.
inline Status ResolveAxis(int64_t axis, const TensorLayout& x, int* position,
                          const char* name = "axis") {
  const int64_t ndim = std::max(x.ndim, 1);
  if (axis < -ndim || axis >= ndim) {
    return OutOfRange(name, " is ", axis, ", expected ", -ndim, " <= ", name, " < ", ndim);
  }
  *position = static_cast<int>(axis < 0 ? axis + ndim : axis);
  return OkStatus();
}

}  // namespace paddlemend
