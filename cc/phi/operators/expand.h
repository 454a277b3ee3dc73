// expand (also broadcast_to), expand_as and their gradients.
#pragma once

#include <vector>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"
#include "cc/phi/signature.h"
#include "paddle/phi/common/int_array.h"
#include "paddle/phi/infermeta/binary.h"
#include "paddle/phi/infermeta/unary.h"

namespace paddlemend::phi_adapter::expand {

struct Expand {};

// std::vector<int> in Paddle 3.0, std::vector<int64_t> later.
using TargetShape = std::decay_t<Parameter<2, decltype(phi::ExpandAsInferMeta)>>;

inline void ExpandTo(const DeviceContext& context, const phi::DenseTensor& x,
                     const std::vector<int64_t>& target, phi::DenseTensor* out) {
  int64_t shape[PM_MAX_NDIM];
  int32_t ndim = 0;
  DenseTensorView x_view(x);
  Check(pm_expand_shape(x_view.get(), target.data(), static_cast<int32_t>(target.size()), shape,
                        &ndim));
  out->Resize(common::make_ddim(std::vector<int64_t>(shape, shape + ndim)));
  Allocate(context, out, x.dtype());
  Check(pm_expand(x_view.get(), DenseTensorView(*out).get(), CallContext(context)));
}

inline void RunExpand(const DeviceContext& context, const phi::DenseTensor& x,
                      const phi::IntArray& shape, phi::DenseTensor* out) {
  ExpandTo(context, x, shape.GetData(), out);
}

inline void RunExpandAs(const DeviceContext& context, const phi::DenseTensor& x,
                        const paddle::optional<phi::DenseTensor>& y,
                        const TargetShape& target_shape, phi::DenseTensor* out) {
  // A static program knows the sizes of y only when it runs.
  const auto target = y ? common::vectorize<int64_t>(y->dims())
                        : std::vector<int64_t>(target_shape.begin(), target_shape.end());
  ExpandTo(context, x, target, out);
}

inline void SumTo(const DeviceContext& context, const phi::DenseTensor& x,
                  const phi::DenseTensor& out_grad, phi::DenseTensor* x_grad) {
  x_grad->Resize(x.dims());
  Allocate(context, x_grad, out_grad.dtype());
  Check(pm_expand_grad(DenseTensorView(out_grad).get(), DenseTensorView(*x_grad).get(),
                       CallContext(context)));
}

inline void RunExpandGrad(const DeviceContext& context, const phi::DenseTensor& x,
                          const phi::DenseTensor& out_grad, const phi::IntArray&,
                          phi::DenseTensor* x_grad) {
  SumTo(context, x, out_grad, x_grad);
}

inline void RunExpandAsGrad(const DeviceContext& context, const phi::DenseTensor& x,
                            const phi::DenseTensor& out_grad, const TargetShape&,
                            phi::DenseTensor* x_grad) {
  SumTo(context, x, out_grad, x_grad);
}

/// A tensor has up to 9 dimensions; the shape functions of the wheel stop at 8.
constexpr size_t kMostDimensionsOfStock = 8;

/// Sets the result for a target of more dimensions than the wheel takes. -1 keeps a size or is not
/// known yet and -2 is a variable of the program: the kernel judges these two.
inline void InferFromSizes(const phi::MetaTensor& x, const std::vector<int64_t>& sizes,
                           phi::MetaTensor* out) {
  const int added = static_cast<int>(sizes.size()) - x.dims().size();
  if (sizes.size() > static_cast<size_t>(common::DDim::kMaxRank) || added < 0) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "expand: shape has %d entries; expected %d, the dimensions of x, to %d.", sizes.size(),
        x.dims().size(), common::DDim::kMaxRank));
  }
  std::vector<int64_t> result(sizes);
  for (size_t i = 0; i < result.size(); ++i) {
    if (result[i] < 0) {
      const int position = static_cast<int>(i) - added;
      result[i] = result[i] == -1 && position >= 0 ? x.dims()[position] : -1;
    }
  }
  out->set_dims(common::make_ddim(result));
  out->set_dtype(x.dtype());
}

/// The wheel takes any negative size.
inline void InferExpand(const phi::MetaTensor& x, const phi::IntArray& shape,
                        phi::MetaTensor* out) {
  const std::vector<int64_t>& sizes = shape.GetData();
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < -2) {
      PADDLE_THROW(common::errors::InvalidArgument(
          "expand: shape[%d] is %d; expected a size >= 0, or -1 to keep the size of x.", i,
          sizes[i]));
    }
  }
  if (sizes.size() <= kMostDimensionsOfStock) {
    phi::ExpandInferMeta(x, shape, out);
  } else {
    InferFromSizes(x, sizes, out);
  }
}

inline void InferExpandAs(const phi::MetaTensor& x, const phi::MetaTensor& y,
                          const TargetShape& target_shape, phi::MetaTensor* out) {
  if (target_shape.size() <= kMostDimensionsOfStock) {
    phi::ExpandAsInferMeta(x, y, target_shape, out);
  } else {
    InferFromSizes(x, {target_shape.begin(), target_shape.end()}, out);
  }
}

inline const Registrar<Expand> registrar(
    "expand",
    {
        Route<Expand, &RunExpand>("expand"),
        Route<Expand, &RunExpandGrad>("expand_grad"),
        Route<Expand, &RunExpandAs>("expand_as"),
        Route<Expand, &RunExpandAsGrad>("expand_as_grad"),
    },
    {
        HookInferMeta<Expand, &phi::ExpandInferMeta, &InferExpand>(),
        HookInferMeta<Expand, &phi::ExpandAsInferMeta, &InferExpandAs>(),
    });

}  // namespace paddlemend::phi_adapter::expand
