#include <vector>

#include "paddle/extension.h"

std::vector<paddle::Tensor> Tanh(const paddle::Tensor& x) { return {paddle::tanh(x)}; }

// dx = dout * (1 - out * out)
std::vector<paddle::Tensor> TanhGrad(const paddle::Tensor& out, const paddle::Tensor& out_grad) {
  return {out_grad * (1.0 - out * out)};
}

// The gradients of dx in dout and out.
std::vector<paddle::Tensor> TanhDoubleGrad(const paddle::Tensor& out,
                                           const paddle::Tensor& x_grad_grad,
                                           const paddle::Tensor& out_grad) {
  return {x_grad_grad * out_grad * out * (-2.0), x_grad_grad * (1.0 - out * out)};
}

std::vector<std::vector<int64_t>> TanhGradShape(const std::vector<int64_t>& out,
                                                const std::vector<int64_t>& out_grad) {
  return {out};
}

std::vector<std::vector<int64_t>> TanhDoubleGradShape(const std::vector<int64_t>& out,
                                                      const std::vector<int64_t>& x_grad_grad,
                                                      const std::vector<int64_t>& out_grad) {
  return {out, out};
}

PD_BUILD_OP(custom_tanh).Inputs({"X"}).Outputs({"Out"}).SetKernelFn(PD_KERNEL(Tanh));

PD_BUILD_GRAD_OP(custom_tanh)
    .Inputs({"Out", paddle::Grad("Out")})
    .Outputs({paddle::Grad("X")})
    .SetKernelFn(PD_KERNEL(TanhGrad))
    .SetInferShapeFn(PD_INFER_SHAPE(TanhGradShape));

PD_BUILD_DOUBLE_GRAD_OP(custom_tanh)
    .Inputs({"Out", paddle::Grad(paddle::Grad("X")), paddle::Grad("Out")})
    .Outputs({paddle::New(paddle::Grad("Out")), paddle::Grad(paddle::Grad("Out"))})
    .SetKernelFn(PD_KERNEL(TanhDoubleGrad))
    .SetInferShapeFn(PD_INFER_SHAPE(TanhDoubleGradShape));
