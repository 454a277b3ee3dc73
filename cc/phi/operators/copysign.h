// copysign, copysign_ and their gradient.
#pragma once

#include <vector>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"

namespace paddlemend::phi_adapter::copysign {

struct Copysign {};

inline void RunCopysign(const DeviceContext& context, const phi::DenseTensor& x,
                        const phi::DenseTensor& y, phi::DenseTensor* out) {
  DenseTensorView x_view(x);
  DenseTensorView y_view(y);
  int64_t shape[PM_MAX_NDIM];
  int32_t ndim = 0;
  Check(pm_copysign_shape(x_view.get(), y_view.get(), shape, &ndim));
  out->Resize(common::make_ddim(std::vector<int64_t>(shape, shape + ndim)));
  // In place, out is x, and Alloc leaves its memory as it is.
  Allocate(context, out, x.dtype());
  Check(pm_copysign(x_view.get(), y_view.get(), DenseTensorView(*out).get(), CallContext(context)));
}

inline void RunCopysignGrad(const DeviceContext& context, const phi::DenseTensor& x,
                            const phi::DenseTensor& y, const phi::DenseTensor& out_grad,
                            phi::DenseTensor* x_grad, phi::DenseTensor* y_grad) {
  if (x_grad != nullptr) x_grad->Resize(x.dims());
  if (y_grad != nullptr) y_grad->Resize(y.dims());
  Allocate(context, x_grad, out_grad.dtype());
  Allocate(context, y_grad, out_grad.dtype());
  Check(pm_copysign_grad(DenseTensorView(x).get(), DenseTensorView(y).get(),
                         DenseTensorView(out_grad).get(), OptionalView(x_grad).get(),
                         OptionalView(y_grad).get(), CallContext(context)));
}

inline const Registrar<Copysign> registrar("copysign",
                                           {
                                               Route<Copysign, &RunCopysign>("copysign"),
                                               Route<Copysign, &RunCopysignGrad>("copysign_grad"),
                                           },
                                           {});

}  // namespace paddlemend::phi_adapter::copysign
