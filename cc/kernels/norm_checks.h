// Checks that norms share.
#pragma once

#include "cc/kernels/checks.h"
#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// An argument that may be missing, with its name for messages.
struct NamedTensor {
  const char* name;
  const TensorLayout* tensor;
};

/// The dtype of statistics and parameters for elements of `dtype`.
inline DType StatisticsDType(DType dtype) { return IsHalf(dtype) ? DType::kFloat32 : dtype; }

/// `parameter` has the shape [size], which is `meaning`, and the dtype of statistics of x.
inline Status CheckParameter(const NamedTensor& parameter, int64_t size, const char* meaning,
                             const TensorLayout& x) {
  if (parameter.tensor == nullptr) return OkStatus();
  const TensorLayout& tensor = *parameter.tensor;
  if (tensor.ndim != 1 || tensor.shape[0] != size) {
    return InvalidArgument("the shape of ", parameter.name, " is ", ShapeString(tensor),
                           ", expected [", size, "], ", meaning);
  }
  const DType dtype = StatisticsDType(x.dtype);
  if (tensor.dtype == dtype) return OkStatus();
  return InvalidArgument("the dtype of ", parameter.name, " is ", DTypeName(tensor.dtype),
                         ", expected ", DTypeName(dtype), " for x of ", DTypeName(x.dtype));
}

}  // namespace paddlemend
