// eigvals, and eig with its gradient, which is that of eigvals too.
#pragma once

#include <type_traits>

#include "cc/phi/dense_tensor_view.h"
#include "cc/phi/operator_registry.h"
#include "cc/phi/signature.h"
#include "paddle/phi/kernels/eig_grad_kernel.h"

namespace paddlemend::phi_adapter::eigvals {

struct Eigvals {};

inline void AllocateValues(const phi::CPUContext& context, const phi::DenseTensor& x,
                           phi::DenseTensor* w) {
  w->Resize(common::slice_ddim(x.dims(), 0, x.dims().size() - 1));
  Allocate(context, w, ComplexDtype(x.dtype()));
}

inline void RunEigvals(const phi::CPUContext& context, const phi::DenseTensor& x,
                       phi::DenseTensor* w) {
  AllocateValues(context, x, w);
  Check(pm_eigvals(DenseTensorView(x).get(), DenseTensorView(*w).get(), nullptr));
}

inline void RunEig(const phi::CPUContext& context, const phi::DenseTensor& x, phi::DenseTensor* w,
                   phi::DenseTensor* v) {
  AllocateValues(context, x, w);
  v->Resize(x.dims());
  Allocate(context, v, ComplexDtype(x.dtype()));
  Check(pm_eig(DenseTensorView(x).get(), DenseTensorView(*w).get(), DenseTensorView(*v).get(),
               nullptr));
}

/// How the wheel passes the gradient of an output: an optional tensor since 3.3.
using OutputGradient = Parameter<3, decltype(phi::EigGradKernel<phi::complex64, phi::CPUContext>)>;

inline const phi::DenseTensor* IfGiven(const paddle::optional<phi::DenseTensor>& gradient) {
  return gradient.get_ptr();
}

/// Earlier ones refer to no tensor for an output that has no gradient. As references never do so,
/// the compiler would drop the test of the address.
inline const phi::DenseTensor* IfGiven(const phi::DenseTensor& gradient) {
  const phi::DenseTensor* volatile address = &gradient;
  return address;
}

inline void RunEigGrad(const phi::CPUContext& context, const phi::DenseTensor& w,
                       const phi::DenseTensor& v, OutputGradient w_grad, OutputGradient v_grad,
                       phi::DenseTensor* x_grad) {
  if (x_grad == nullptr) return;
  x_grad->Resize(v.dims());
  // Paddle takes the real part where x is real.
  Allocate(context, x_grad, v.dtype());
  Check(pm_eig_grad(DenseTensorView(w).get(), DenseTensorView(v).get(),
                    OptionalView(IfGiven(w_grad)).get(), OptionalView(IfGiven(v_grad)).get(),
                    DenseTensorView(*x_grad).get(), nullptr));
}

inline const Registrar<Eigvals> registrar("eigvals",
                                          {
                                              Route<Eigvals, &RunEigvals>("eigvals"),
                                              Route<Eigvals, &RunEig>("eig"),
                                              Route<Eigvals, &RunEigGrad>("eig_grad"),
                                          },
                                          {});

}  // namespace paddlemend::phi_adapter::eigvals
