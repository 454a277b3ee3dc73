#include <vector>

#include "paddle/extension.h"

std::vector<paddle::Tensor> Conj(const paddle::Tensor& x) {
  return {paddle::experimental::conj(x)};
}

PD_BUILD_OP(custom_conj).Inputs({"X"}).Outputs({"Out"}).SetKernelFn(PD_KERNEL(Conj));

PD_BUILD_GRAD_OP(custom_conj)
    .Inputs({paddle::Grad("Out")})
    .Outputs({paddle::Grad("X")})
    .SetKernelFn(PD_KERNEL(Conj));
