// Paddle's dense tensors as DLTensors, and our status as Paddle's errors.
#pragma once

#include <optional>

#include "cc/phi/device.h"
#include "paddle/phi/core/dense_tensor.h"
#include "paddle/phi/core/enforce.h"

namespace paddlemend::phi_adapter {

inline DLDataType ToDlpack(phi::DataType dtype) {
  switch (dtype) {
    case phi::DataType::BOOL:
      return {kDLBool, 8, 1};
    case phi::DataType::UINT8:
      return {kDLUInt, 8, 1};
    case phi::DataType::INT8:
      return {kDLInt, 8, 1};
    case phi::DataType::INT16:
      return {kDLInt, 16, 1};
    case phi::DataType::INT32:
      return {kDLInt, 32, 1};
    case phi::DataType::INT64:
      return {kDLInt, 64, 1};
    case phi::DataType::FLOAT16:
      return {kDLFloat, 16, 1};
    case phi::DataType::BFLOAT16:
      return {kDLBfloat, 16, 1};
    case phi::DataType::FLOAT32:
      return {kDLFloat, 32, 1};
    case phi::DataType::FLOAT64:
      return {kDLFloat, 64, 1};
    case phi::DataType::COMPLEX64:
      return {kDLComplex, 64, 1};
    case phi::DataType::COMPLEX128:
      return {kDLComplex, 128, 1};
    default:
      PADDLE_THROW(common::errors::Unimplemented("paddlemend has no kernel for the data type %s.",
                                                 phi::DataTypeToString(dtype)));
  }
}

/// The dtypes of the same precision without, and with imaginary parts.
inline phi::DataType RealDtype(phi::DataType dtype) {
  return dtype == phi::DataType::COMPLEX64    ? phi::DataType::FLOAT32
         : dtype == phi::DataType::COMPLEX128 ? phi::DataType::FLOAT64
                                              : dtype;
}
inline phi::DataType ComplexDtype(phi::DataType dtype) {
  return RealDtype(dtype) == phi::DataType::FLOAT32 ? phi::DataType::COMPLEX64
                                                    : phi::DataType::COMPLEX128;
}

/// A view of `tensor`, which must outlive it. Empty tensors may have no memory: their data is null.
class DenseTensorView {
 public:
  explicit DenseTensorView(const phi::DenseTensor& tensor) {
    view_.data = tensor.numel() == 0 ? nullptr : const_cast<void*>(tensor.data());
    view_.device = DeviceOf(tensor.Holder() ? tensor.place() : phi::Place());
    view_.ndim = tensor.dims().size();
    view_.dtype = ToDlpack(tensor.dtype());
    view_.shape = const_cast<int64_t*>(tensor.dims().Get());
    // Tensors of the static executors may carry no strides; they are contiguous.
    const bool strided = tensor.strides().size() == view_.ndim && !tensor.meta().is_contiguous();
    view_.strides = strided ? const_cast<int64_t*>(tensor.strides().Get()) : nullptr;
    view_.byte_offset = 0;
  }

  DLTensor* get() { return &view_; }

 private:
  DLTensor view_;
};

/// A view of a tensor that is there; gradients that are not wanted and inputs that were not kept
/// for the backward pass are null.
class OptionalView {
 public:
  explicit OptionalView(const phi::DenseTensor* tensor) {
    if (tensor != nullptr && (tensor->numel() == 0 || tensor->initialized())) {
      view_.emplace(*tensor);
    }
  }

  DLTensor* get() { return view_ ? view_->get() : nullptr; }

 private:
  std::optional<DenseTensorView> view_;
};

/// Allocates `tensor` with the dims it has and `dtype`; null stays null.
inline phi::DenseTensor* Allocate(const DeviceContext& context, phi::DenseTensor* tensor,
                                  phi::DataType dtype) {
  if (tensor != nullptr) context.Alloc(tensor, dtype);
  return tensor;
}

/// Raises the error of a failed call in Paddle's types: ValueError, IndexError, … in Python.
inline void Check(pm_status status) {
  switch (status) {
    case PM_OK:
      return;
    case PM_OUT_OF_RANGE:
      PADDLE_THROW(common::errors::OutOfRange("%s", pm_last_error()));
    case PM_OUT_OF_MEMORY:
      PADDLE_THROW(common::errors::ResourceExhausted("%s", pm_last_error()));
    case PM_INTERNAL:
      PADDLE_THROW(common::errors::Fatal("%s", pm_last_error()));
    default:
      PADDLE_THROW(common::errors::InvalidArgument("%s", pm_last_error()));
  }
}

}  // namespace paddlemend::phi_adapter
