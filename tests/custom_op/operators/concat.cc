#include <cstring>
#include <vector>

#include "paddle/extension.h"

// Concatenates matrices along their first axis.
std::vector<paddle::Tensor> Concat(const std::vector<paddle::Tensor>& inputs) {
  auto shape = inputs[0].shape();
  shape[0] = 0;
  for (const auto& input : inputs) shape[0] += input.shape()[0];
  auto out = paddle::empty(shape, inputs[0].dtype(), inputs[0].place());
  PD_DISPATCH_FLOATING_AND_INTEGRAL_TYPES(inputs[0].type(), "concat", ([&] {
                                            data_t* to = out.data<data_t>();
                                            for (const auto& input : inputs) {
                                              std::memcpy(to, input.data<data_t>(),
                                                          input.numel() * sizeof(data_t));
                                              to += input.numel();
                                            }
                                          }));
  return {out};
}

std::vector<std::vector<int64_t>> ConcatShape(const std::vector<std::vector<int64_t>>& inputs) {
  auto shape = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    shape[0] = shape[0] < 0 || inputs[i][0] < 0 ? -1 : shape[0] + inputs[i][0];
  }
  return {shape};
}

std::vector<paddle::DataType> ConcatType(const std::vector<paddle::DataType>& inputs) {
  return {inputs[0]};
}

std::vector<paddle::Tensor> ConcatGrad(const std::vector<paddle::Tensor>& inputs,
                                       const paddle::Tensor& out_grad) {
  std::vector<paddle::Tensor> grads;
  int64_t offset = 0;
  for (const auto& input : inputs) {
    grads.push_back(out_grad.slice(offset, offset + input.shape()[0]));
    offset += input.shape()[0];
  }
  return grads;
}

PD_BUILD_OP(custom_concat)
    .Inputs({paddle::Vec("X")})
    .Outputs({"Out"})
    .SetKernelFn(PD_KERNEL(Concat))
    .SetInferShapeFn(PD_INFER_SHAPE(ConcatShape))
    .SetInferDtypeFn(PD_INFER_DTYPE(ConcatType));

PD_BUILD_GRAD_OP(custom_concat)
    .Inputs({paddle::Vec("X"), paddle::Grad("Out")})
    .Outputs({paddle::Grad(paddle::Vec("X"))})
    .SetKernelFn(PD_KERNEL(ConcatGrad));
