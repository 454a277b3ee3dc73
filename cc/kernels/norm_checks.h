// Checks and dispatch that norms share.
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

inline bool IsHalf(DType dtype) { return dtype == DType::kFloat16 || dtype == DType::kBFloat16; }

/// The dtype of statistics and parameters for elements of `dtype`.
inline DType StatisticsDType(DType dtype) { return IsHalf(dtype) ? DType::kFloat32 : dtype; }

inline Status CheckNormDType(const TensorLayout& tensor, const char* name) {
  if (IsHalf(tensor.dtype) || tensor.dtype == DType::kFloat32 || tensor.dtype == DType::kFloat64) {
    return OkStatus();
  }
  return UnsupportedDType("the dtype of ", name, " is ", DTypeName(tensor.dtype),
                          ", expected float16, bfloat16, float32 or float64");
}

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

/// Calls `function(TypeTag<T>())` for a dtype that CheckNormDType accepts.
template <typename Function>
void DispatchNormDType(DType dtype, const Function& function) {
  switch (dtype) {
    case DType::kFloat16:
      return function(TypeTag<Float16>());
    case DType::kBFloat16:
      return function(TypeTag<BFloat16>());
    case DType::kFloat32:
      return function(TypeTag<float>());
    default:
      return function(TypeTag<double>());
  }
}

}  // namespace paddlemend
