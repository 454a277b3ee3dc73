// unique.
#pragma once

#include <vector>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/infermeta/unary.h"

namespace paddlemend::phi_adapter::unique {

struct Unique {};

/// The axis counted from the start, 0 for the elements of x and for one out of range, which the
/// kernel refuses.
inline int Dimension(const common::DDim& dims, const std::vector<int>& axis) {
  if (axis.empty() || axis[0] < -dims.size() || axis[0] >= dims.size()) return 0;
  return axis[0] < 0 ? axis[0] + dims.size() : axis[0];
}

/// out = the first `count` slices of `most` along a dimension.
inline void CopyFirst(const DeviceContext& context, const phi::DenseTensor& most, int dimension,
                      int64_t count, phi::DenseTensor* out) {
  common::DDim dims = most.dims();
  dims[dimension] = count;
  out->Resize(dims);
  Allocate(context, out, most.dtype());
  const common::DDim strides = phi::DenseTensorMeta::calc_strides(most.dims());
  DenseTensorView source(most);
  source.get()->shape = const_cast<int64_t*>(dims.Get());
  source.get()->strides = const_cast<int64_t*>(strides.Get());
  Check(pm_expand(source.get(), DenseTensorView(*out).get(), CallContext(context)));
}

/// Keeps the first `count` slices of `tensor` along its first dimension, and its memory only if
/// that is not mostly wasted.
inline void KeepFirst(const DeviceContext& context, int64_t count, phi::DenseTensor* tensor) {
  if (tensor == nullptr) return;
  if (count < tensor->dims()[0] / 2) {
    phi::DenseTensor kept;
    CopyFirst(context, *tensor, 0, count, &kept);
    tensor->ShareDataWith(kept);
    return;
  }
  common::DDim dims = tensor->dims();
  dims[0] = count;
  tensor->Resize(dims);
}

inline void RunUnique(const DeviceContext& context, const phi::DenseTensor& x, bool return_index,
                      bool return_inverse, bool return_counts, const std::vector<int>& axis,
                      phi::DataType dtype, phi::DenseTensor* out, phi::DenseTensor* index,
                      phi::DenseTensor* inverse, phi::DenseTensor* counts) {
  const int dimension = Dimension(x.dims(), axis);
  const bool is_flat = axis.empty() || x.dims().size() == 0;
  const int64_t n = is_flat ? x.numel() : x.dims()[dimension];
  phi::DenseTensor* const numbers[] = {return_index ? index : nullptr,
                                       return_inverse ? inverse : nullptr,
                                       return_counts ? counts : nullptr};
  for (phi::DenseTensor* tensor : numbers) {
    if (tensor != nullptr) tensor->Resize(common::make_ddim({n}));
    Allocate(context, tensor, dtype);
  }
  phi::DenseTensor slices;
  phi::DenseTensor* const most = dimension == 0 ? out : &slices;
  most->Resize(is_flat ? common::make_ddim({n}) : x.dims());
  Allocate(context, most, x.dtype());
  const std::vector<int64_t> wide_axis(axis.begin(), axis.end());
  int64_t count = 0;
  Check(pm_unique(DenseTensorView(x).get(), wide_axis.data(),
                  static_cast<int32_t>(wide_axis.size()), DenseTensorView(*most).get(),
                  OptionalView(numbers[0]).get(), OptionalView(numbers[1]).get(),
                  OptionalView(numbers[2]).get(), &count, CallContext(context)));
  KeepFirst(context, count, numbers[0]);
  KeepFirst(context, count, numbers[2]);
  if (dimension == 0) {
    KeepFirst(context, count, out);
  } else {
    CopyFirst(context, slices, dimension, count, out);
  }
}

/// Results are sorted, whether that is asked for or not: Paddle documents that it means nothing.
inline void RunUniqueRaw(const DeviceContext& context, const phi::DenseTensor& x, bool return_index,
                         bool return_inverse, bool return_counts, const std::vector<int>& axis,
                         phi::DataType dtype, bool, phi::DenseTensor* out, phi::DenseTensor* index,
                         phi::DenseTensor* inverse, phi::DenseTensor* counts) {
  RunUnique(context, x, return_index, return_inverse, return_counts, axis, dtype, out, index,
            inverse, counts);
}

/// The wheel knows -1 as the only negative axis, and forgets the dtype of x in static programs.
inline void InferUniqueRaw(const phi::MetaTensor& x, bool, bool, bool, const std::vector<int>& axis,
                           phi::DataType dtype, bool, phi::MetaTensor* out, phi::MetaTensor* index,
                           phi::MetaTensor* inverse, phi::MetaTensor* counts) {
  const common::DDim dims = x.dims();
  const int rank = dims.size();
  if (dtype != phi::DataType::INT32 && dtype != phi::DataType::INT64) {
    PADDLE_THROW(common::errors::InvalidArgument("unique: dtype is %s; expected int32 or int64.",
                                                 phi::DataTypeToString(dtype)));
  }
  if (!axis.empty() && (axis[0] < -rank || axis[0] >= rank)) {
    PADDLE_THROW(common::errors::InvalidArgument("unique: axis is %d; expected %d <= axis < %d.",
                                                 axis[0], -rank, rank));
  }
  const int dimension = Dimension(dims, axis);
  int64_t n = axis.empty() ? 1 : dims[dimension];
  for (int d = 0; axis.empty() && d < rank; ++d) {
    n = n < 0 || dims[d] < 0 ? -1 : n * dims[d];
  }
  common::DDim slices = axis.empty() ? common::make_ddim({-1}) : dims;
  slices[dimension] = -1;
  out->set_dims(slices);
  out->set_dtype(x.dtype());
  for (phi::MetaTensor* numbers : {index, inverse, counts}) {
    if (numbers == nullptr) continue;
    numbers->set_dims(common::make_ddim({numbers == inverse ? n : -1}));
    numbers->set_dtype(dtype);
  }
}

inline void InferUnique(const phi::MetaTensor& x, bool return_index, bool return_inverse,
                        bool return_counts, const std::vector<int>& axis, phi::DataType dtype,
                        phi::MetaTensor* out, phi::MetaTensor* index, phi::MetaTensor* inverse,
                        phi::MetaTensor* counts) {
  InferUniqueRaw(x, return_index, return_inverse, return_counts, axis, dtype, true, out, index,
                 inverse, counts);
}

inline const Registrar<Unique> registrar(
    "unique",
    {
        Route<Unique, &RunUnique>("unique"),
        Route<Unique, &RunUniqueRaw>("unique_raw"),
    },
    {
        HookInferMeta<Unique, &phi::UniqueInferMeta, &InferUnique>(),
        HookInferMeta<Unique, &phi::UniqueRawInferMeta, &InferUniqueRaw>(),
    });

}  // namespace paddlemend::phi_adapter::unique
