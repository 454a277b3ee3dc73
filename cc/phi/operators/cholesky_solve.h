// cholesky_solve and its gradient.
#pragma once

#include <algorithm>
#include <vector>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"
#include "paddle/phi/infermeta/binary.h"

namespace paddlemend::phi_adapter::cholesky_solve {

struct CholeskySolve {};

inline void RunCholeskySolve(const DeviceContext& context, const phi::DenseTensor& x,
                             const phi::DenseTensor& y, bool upper, phi::DenseTensor* out) {
  int64_t sizes[PM_MAX_NDIM];
  int32_t ndim;
  Check(pm_cholesky_solve_shape(DenseTensorView(x).get(), DenseTensorView(y).get(), sizes, &ndim));
  out->Resize(common::make_ddim(std::vector<int64_t>(sizes, sizes + ndim)));
  Allocate(context, out, x.dtype());
  Check(pm_cholesky_solve(DenseTensorView(x).get(), DenseTensorView(y).get(), upper,
                          DenseTensorView(*out).get(), CallContext(context)));
}

inline void RunCholeskySolveGrad(const DeviceContext& context, const phi::DenseTensor& x,
                                 const phi::DenseTensor& y, const phi::DenseTensor& out,
                                 const phi::DenseTensor& out_grad, bool upper,
                                 phi::DenseTensor* x_grad, phi::DenseTensor* y_grad) {
  if (x_grad != nullptr) x_grad->Resize(x.dims());
  if (y_grad != nullptr) y_grad->Resize(y.dims());
  Allocate(context, x_grad, out_grad.dtype());
  Allocate(context, y_grad, out_grad.dtype());
  Check(pm_cholesky_solve_grad(DenseTensorView(out_grad).get(), DenseTensorView(y).get(),
                               DenseTensorView(out).get(), upper, OptionalView(x_grad).get(),
                               OptionalView(y_grad).get(), CallContext(context)));
}

/// A size of the result of broadcasting; -1 is not known yet, and so are those that do not match.
inline int64_t BroadcastSize(int64_t x, int64_t y) { return x == 1 || (x == -1 && y > 1) ? y : x; }

/// The wheel's compares the rows where one of them is not known yet.
inline void InferCholeskySolve(const phi::MetaTensor& x, const phi::MetaTensor& y, bool,
                               phi::MetaTensor* out) {
  const int x_ndim = x.dims().size(), y_ndim = y.dims().size();
  if (x_ndim < 2 || y_ndim < 2) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "cholesky_solve: x has %d and y %d dimensions; expected at least 2.", x_ndim, y_ndim));
  }
  if (x.dtype() != y.dtype()) {
    PADDLE_THROW(common::errors::InvalidArgument(
        "cholesky_solve: y has the data type %s; expected %s, that of x.",
        phi::DataTypeToString(y.dtype()), phi::DataTypeToString(x.dtype())));
  }
  std::vector<int64_t> sizes(std::max(x_ndim, y_ndim));
  for (int d = 1; d <= static_cast<int>(sizes.size()); ++d) {
    const int64_t of_x = d <= x_ndim ? x.dims()[x_ndim - d] : 1;
    const int64_t of_y = d <= y_ndim ? y.dims()[y_ndim - d] : 1;
    sizes[sizes.size() - d] = d <= 2 ? of_x : BroadcastSize(of_x, of_y);
  }
  out->set_dims(common::make_ddim(sizes));
  out->set_dtype(x.dtype());
  out->set_layout(x.layout());
}

inline const Registrar<CholeskySolve> registrar(
    "cholesky_solve",
    {
        Route<CholeskySolve, &RunCholeskySolve>("cholesky_solve"),
        Route<CholeskySolve, &RunCholeskySolveGrad>("cholesky_solve_grad"),
    },
    {HookInferMeta<CholeskySolve, &phi::CholeskySolveInferMeta, &InferCholeskySolve>()});

}  // namespace paddlemend::phi_adapter::cholesky_solve
