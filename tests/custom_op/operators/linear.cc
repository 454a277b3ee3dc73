#include <vector>

#include "paddle/extension.h"

std::vector<paddle::Tensor> Linear(const paddle::Tensor& x, const paddle::Tensor& weight,
                                   const paddle::Tensor& bias) {
  return {paddle::add(paddle::matmul(x, weight), bias)};
}

std::vector<std::vector<int64_t>> LinearShape(const std::vector<int64_t>& x,
                                              const std::vector<int64_t>& weight,
                                              const std::vector<int64_t>& bias) {
  return {{x[0], weight[1]}};
}

std::vector<paddle::DataType> LinearType(const paddle::DataType& x, const paddle::DataType& weight,
                                         const paddle::DataType& bias) {
  return {x};
}

std::vector<paddle::Tensor> LinearGrad(const paddle::Tensor& x, const paddle::Tensor& weight,
                                       const paddle::Tensor& out_grad) {
  return {paddle::matmul(out_grad, weight, false, true), paddle::matmul(x, out_grad, true, false),
          paddle::experimental::sum(out_grad, {0})};
}

PD_BUILD_OP(custom_linear)
    .Inputs({"X", "Weight", "Bias"})
    .Outputs({"Out"})
    .SetKernelFn(PD_KERNEL(Linear))
    .SetInferShapeFn(PD_INFER_SHAPE(LinearShape))
    .SetInferDtypeFn(PD_INFER_DTYPE(LinearType));

PD_BUILD_GRAD_OP(custom_linear)
    .Inputs({"X", "Weight", paddle::Grad("Out")})
    .Outputs({paddle::Grad("X"), paddle::Grad("Weight"), paddle::Grad("Bias")})
    .SetKernelFn(PD_KERNEL(LinearGrad));
