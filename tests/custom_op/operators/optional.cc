#include <vector>

#include "paddle/extension.h"

std::vector<paddle::Tensor> OptionalAdd(const paddle::Tensor& x,
                                        const paddle::optional<paddle::Tensor>& y) {
  return {y ? x + y.get() : x + x};
}

std::vector<std::vector<int64_t>> OptionalAddShape(
    const std::vector<int64_t>& x, const paddle::optional<std::vector<int64_t>>& y) {
  return {x};
}

std::vector<paddle::DataType> OptionalAddType(const paddle::DataType& x,
                                              const paddle::optional<paddle::DataType>& y) {
  return {x};
}

std::vector<paddle::Tensor> OptionalAddGrad(const paddle::Tensor& x,
                                            const paddle::optional<paddle::Tensor>& y,
                                            const paddle::Tensor& out_grad) {
  return {y ? out_grad * 1.0 : out_grad + out_grad};
}

PD_BUILD_OP(optional_add)
    .Inputs({"X", paddle::Optional("Y")})
    .Outputs({"Out"})
    .SetKernelFn(PD_KERNEL(OptionalAdd))
    .SetInferShapeFn(PD_INFER_SHAPE(OptionalAddShape))
    .SetInferDtypeFn(PD_INFER_DTYPE(OptionalAddType));

PD_BUILD_GRAD_OP(optional_add)
    .Inputs({"X", paddle::Optional("Y"), paddle::Grad("Out")})
    .Outputs({paddle::Grad("X")})
    .SetKernelFn(PD_KERNEL(OptionalAddGrad));

std::vector<paddle::Tensor> OptionalAddAll(const paddle::Tensor& x,
                                           const paddle::optional<std::vector<paddle::Tensor>>& y) {
  auto out = x + x;
  if (y) {
    for (const auto& tensor : *y) out = out + tensor;
  }
  return {out};
}

std::vector<std::vector<int64_t>> OptionalAddAllShape(
    const std::vector<int64_t>& x, const paddle::optional<std::vector<std::vector<int64_t>>>& y) {
  return {x};
}

std::vector<paddle::DataType> OptionalAddAllType(
    const paddle::DataType& x, const paddle::optional<std::vector<paddle::DataType>>& y) {
  return {x};
}

PD_BUILD_OP(optional_add_all)
    .Inputs({"X", paddle::Optional(paddle::Vec("Y"))})
    .Outputs({"Out"})
    .SetKernelFn(PD_KERNEL(OptionalAddAll))
    .SetInferShapeFn(PD_INFER_SHAPE(OptionalAddAllShape))
    .SetInferDtypeFn(PD_INFER_DTYPE(OptionalAddAllType));
