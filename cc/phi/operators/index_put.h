// index_put, index_put_ and their gradients; with them goes `x[indices] = value`.
#pragma once

#include <vector>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"
#include "cc/phi/operators/set_item.h"
#include "paddle/phi/infermeta/multiary.h"

namespace paddlemend::phi_adapter::index_put {

struct IndexPut {};

using set_item::Indices;

/// The index tensors, which must outlive it, as the array of pointers that the C ABI takes.
class IndexViews {
 public:
  explicit IndexViews(const Indices& indices) {
    views_.reserve(indices.size());
    for (const phi::DenseTensor* index : indices) views_.emplace_back(*index);
    for (DenseTensorView& view : views_) pointers_.push_back(view.get());
  }

  const DLTensor* const* data() const { return pointers_.data(); }
  int32_t size() const { return static_cast<int32_t>(pointers_.size()); }

 private:
  std::vector<DenseTensorView> views_;
  std::vector<const DLTensor*> pointers_;
};

inline void RunIndexPut(const DeviceContext& context, const phi::DenseTensor& x,
                        const Indices& indices, const phi::DenseTensor& value, bool accumulate,
                        phi::DenseTensor* out) {
  // In place, out is x, and Alloc leaves its memory as it is.
  Allocate(context, out, x.dtype());
  const IndexViews index_views(indices);
  Check(pm_index_put(DenseTensorView(x).get(), index_views.data(), index_views.size(),
                     DenseTensorView(value).get(), accumulate, DenseTensorView(*out).get(),
                     CallContext(context)));
}

inline void RunIndexPutGrad(const DeviceContext& context, const phi::DenseTensor&,
                            const Indices& indices, const phi::DenseTensor& value,
                            const phi::DenseTensor& out_grad, bool accumulate,
                            phi::DenseTensor* x_grad, phi::DenseTensor* value_grad) {
  if (x_grad != nullptr) x_grad->Resize(out_grad.dims());
  if (value_grad != nullptr) value_grad->Resize(value.dims());
  Allocate(context, x_grad, out_grad.dtype());
  Allocate(context, value_grad, out_grad.dtype());
  const IndexViews index_views(indices);
  Check(pm_index_put_grad(DenseTensorView(out_grad).get(), index_views.data(), index_views.size(),
                          accumulate, OptionalView(x_grad).get(), OptionalView(value_grad).get(),
                          CallContext(context)));
}

/// The wheel stops at 6 dimensions. What the indices are is judged in the kernel, where masks are
/// known.
inline void InferIndexPut(const phi::MetaTensor& x, const std::vector<const phi::MetaTensor*>&,
                          const phi::MetaTensor& value, bool, phi::MetaTensor* out) {
  if (x.dtype() != value.dtype()) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "index_put: value has the data type %s; expected %s, that of x.",
        phi::DataTypeToString(value.dtype()), phi::DataTypeToString(x.dtype())));
  }
  out->share_meta(x);
}

inline const Registrar<IndexPut> registrar(
    "index_put",
    {
        Route<IndexPut, &RunIndexPut>("index_put"),
        Route<IndexPut, &RunIndexPutGrad>("index_put_grad"),
#ifndef PADDLE_WITH_CUDA  // they read the indices
        RouteGuard<IndexPut, &set_item::CheckElementwisePut<phi::Scalar>>("index_elementwise_put"),
        RouteGuard<IndexPut, &set_item::CheckElementwisePut<phi::DenseTensor>>(
            "index_elementwise_put_with_tensor"),
        RouteWherePresent<IndexPut, &set_item::RunElementwisePutGrad>(
            "index_elementwise_put_with_tensor_grad"),
#endif
    },
    {HookInferMeta<IndexPut, &phi::IndexPutInferMeta, &InferIndexPut>()});

}  // namespace paddlemend::phi_adapter::index_put
