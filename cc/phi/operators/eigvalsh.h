// eigvalsh and its gradient.
#pragma once

#include <string>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"

namespace paddlemend::phi_adapter::eigvalsh {

struct Eigvalsh {};

/// `is_test` says that no gradient will be asked for: then nobody reads the eigenvectors.
inline void RunEigvalsh(const phi::CPUContext& context, const phi::DenseTensor& x,
                        const std::string& uplo, bool is_test, phi::DenseTensor* w,
                        phi::DenseTensor* v) {
  w->Resize(common::slice_ddim(x.dims(), 0, x.dims().size() - 1));
  Allocate(context, w, RealDtype(x.dtype()));
  if (is_test || v == nullptr) {
    Check(pm_eigvalsh(DenseTensorView(x).get(), uplo.c_str(), DenseTensorView(*w).get(), nullptr));
    return;
  }
  v->Resize(x.dims());
  Allocate(context, v, x.dtype());
  Check(pm_eigh(DenseTensorView(x).get(), uplo.c_str(), DenseTensorView(*w).get(),
                DenseTensorView(*v).get(), nullptr));
}

inline void RunEigvalshGrad(const phi::CPUContext& context, const phi::DenseTensor& v,
                            const phi::DenseTensor& w_grad, const std::string&, bool,
                            phi::DenseTensor* x_grad) {
  if (x_grad == nullptr) return;
  x_grad->Resize(v.dims());
  Allocate(context, x_grad, v.dtype());
  Check(pm_eigvalsh_grad(DenseTensorView(v).get(), DenseTensorView(w_grad).get(),
                         DenseTensorView(*x_grad).get(), nullptr));
}

inline const Registrar<Eigvalsh> registrar("eigvalsh",
                                           {
                                               Route<Eigvalsh, &RunEigvalsh>("eigvalsh"),
                                               Route<Eigvalsh, &RunEigvalshGrad>("eigvalsh_grad"),
                                           },
                                           {});

}  // namespace paddlemend::phi_adapter::eigvalsh
