// cholesky_solve and its gradient.
#pragma once

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"

namespace paddlemend::phi_adapter::cholesky_solve {

struct CholeskySolve {};

inline void RunCholeskySolve(const phi::CPUContext& context, const phi::DenseTensor& x,
                             const phi::DenseTensor& y, bool upper, phi::DenseTensor* out) {
  int64_t sizes[PM_MAX_NDIM];
  int32_t ndim;
  Check(pm_cholesky_solve_shape(DenseTensorView(x).get(), DenseTensorView(y).get(), sizes, &ndim));
  out->Resize(common::make_ddim(std::vector<int64_t>(sizes, sizes + ndim)));
  Allocate(context, out, x.dtype());
  Check(pm_cholesky_solve(DenseTensorView(x).get(), DenseTensorView(y).get(), upper,
                          DenseTensorView(*out).get(), nullptr));
}

inline void RunCholeskySolveGrad(const phi::CPUContext& context, const phi::DenseTensor& x,
                                 const phi::DenseTensor& y, const phi::DenseTensor& out,
                                 const phi::DenseTensor& out_grad, bool upper,
                                 phi::DenseTensor* x_grad, phi::DenseTensor* y_grad) {
  if (x_grad != nullptr) x_grad->Resize(x.dims());
  if (y_grad != nullptr) y_grad->Resize(y.dims());
  Allocate(context, x_grad, out_grad.dtype());
  Allocate(context, y_grad, out_grad.dtype());
  Check(pm_cholesky_solve_grad(DenseTensorView(out_grad).get(), DenseTensorView(y).get(),
                               DenseTensorView(out).get(), upper, OptionalView(x_grad).get(),
                               OptionalView(y_grad).get(), nullptr));
}

inline const Registrar<CholeskySolve> registrar(
    "cholesky_solve",
    {
        Route<CholeskySolve, &RunCholeskySolve>("cholesky_solve"),
        Route<CholeskySolve, &RunCholeskySolveGrad>("cholesky_solve_grad"),
    },
    {});

}  // namespace paddlemend::phi_adapter::cholesky_solve
