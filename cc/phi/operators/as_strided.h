// as_strided and its gradient: kernels of layout STRIDED, which read and make tensors with strides.
#pragma once

#include <vector>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"

namespace paddlemend::phi_adapter::as_strided {

struct AsStrided {};

using Sizes = std::vector<int64_t>;

/// A view needs no more of a dtype than its size, so float8, which the C ABI lacks, has views too.
inline DLDataType ViewDtype(phi::DataType dtype) {
  const bool is_float8 =
      dtype == phi::DataType::FLOAT8_E4M3FN || dtype == phi::DataType::FLOAT8_E5M2;
  return is_float8 ? DLDataType{kDLUInt, 8, 1} : ToDlpack(dtype);
}

/// Checks the view against the whole allocation of x: as for the offset, which counts from its
/// start, it does not matter where in it x lies.
inline void CheckView(const phi::DenseTensor& x, const Sizes& shape, const Sizes& stride,
                      int64_t offset) {
  const int64_t bytes = x.Holder() ? static_cast<int64_t>(x.Holder()->size()) : 0;
  int64_t elements = bytes / static_cast<int64_t>(phi::SizeOf(x.dtype()));
  DLTensor memory{};
  memory.data = x.Holder() ? x.Holder()->ptr() : nullptr;
  memory.device = DeviceOf(x.Holder() ? x.Holder()->place() : phi::Place());
  memory.ndim = 1;
  memory.dtype = ViewDtype(x.dtype());
  memory.shape = &elements;
  int64_t view_shape[PM_MAX_NDIM], view_strides[PM_MAX_NDIM];
  DLTensor view{};
  view.shape = view_shape;
  view.strides = view_strides;
  Check(pm_as_strided(&memory, shape.data(), static_cast<int32_t>(shape.size()), stride.data(),
                      static_cast<int32_t>(stride.size()), offset, &view));
}

/// out is an alias: it shares the allocation of x and the count of what was written into it.
inline void RunAsStrided(const DeviceContext&, const phi::DenseTensor& x, const Sizes& shape,
                         const Sizes& stride, int64_t offset, phi::DenseTensor* out) {
  CheckView(x, shape, stride, offset);
  phi::DenseTensorMeta meta = out->meta();
  meta.dims = common::make_ddim(shape);
  meta.strides = common::make_ddim(stride);
  meta.offset = static_cast<size_t>(offset);
  out->set_meta(meta);
  out->ResetHolder(x.Holder());
  out->ShareInplaceVersionCounterWith(x);
}

/// Of x the memory is gone by now, but where in its allocation it lay is still known.
inline void RunAsStridedGrad(const DeviceContext& context, const phi::DenseTensor& x,
                             const phi::DenseTensor& out_grad, const Sizes&, const Sizes& stride,
                             int64_t offset, phi::DenseTensor* x_grad) {
  x_grad->Resize(x.dims());  // also makes it contiguous
  Allocate(context, x_grad, out_grad.dtype());
  const Sizes x_strides = common::vectorize<int64_t>(x.strides());
  Check(pm_as_strided_grad(
      DenseTensorView(out_grad).get(), stride.data(), static_cast<int32_t>(stride.size()), offset,
      x_strides.data(), static_cast<int32_t>(x_strides.size()),
      static_cast<int64_t>(x.meta().offset), DenseTensorView(*x_grad).get(), CallContext(context)));
}

inline const Registrar<AsStrided> registrar(
    "as_strided",
    {
        Route<AsStrided, &RunAsStrided>("as_strided"),
        Route<AsStrided, &RunAsStridedGrad>("as_strided_grad"),
    },
    {});

}  // namespace paddlemend::phi_adapter::as_strided
