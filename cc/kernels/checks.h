// Checks that operators share.
#pragma once

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

}  // namespace paddlemend
