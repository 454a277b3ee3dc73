#include <vector>

#include "paddle/extension.h"

namespace {

template <typename T>
void Forward(const T* x, T* out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] = x[i] > T(0) ? x[i] : T(0);
}

template <typename T>
void Backward(const T* out, const T* out_grad, T* x_grad, int64_t count) {
  for (int64_t i = 0; i < count; ++i) x_grad[i] = out[i] > T(0) ? out_grad[i] : T(0);
}

std::vector<paddle::Tensor> ReluForward(const paddle::Tensor& x) {
  auto out = paddle::empty_like(x);
  PD_DISPATCH_FLOATING_TYPES(x.type(), "relu", ([&] {
                               Forward<data_t>(x.data<data_t>(), out.data<data_t>(), x.numel());
                             }));
  return {out};
}

std::vector<paddle::Tensor> ReluBackward(const paddle::Tensor& x, const paddle::Tensor& out,
                                         const paddle::Tensor& out_grad) {
  auto x_grad = paddle::empty_like(x);
  PD_DISPATCH_FLOATING_TYPES(out.type(), "relu_grad", ([&] {
                               Backward<data_t>(out.data<data_t>(), out_grad.data<data_t>(),
                                                x_grad.data<data_t>(), out.numel());
                             }));
  return {x_grad};
}

std::vector<std::vector<int64_t>> ReluShape(const std::vector<int64_t>& x) { return {x}; }

std::vector<paddle::DataType> ReluType(const paddle::DataType& x) { return {x}; }

}  // namespace

PD_BUILD_OP(custom_relu)
    .Inputs({"X"})
    .Outputs({"Out"})
    .SetKernelFn(PD_KERNEL(ReluForward))
    .SetInferShapeFn(PD_INFER_SHAPE(ReluShape))
    .SetInferDtypeFn(PD_INFER_DTYPE(ReluType));

PD_BUILD_GRAD_OP(custom_relu)
    .Inputs({"X", "Out", paddle::Grad("Out")})
    .Outputs({paddle::Grad("X")})
    .SetKernelFn(PD_KERNEL(ReluBackward));
