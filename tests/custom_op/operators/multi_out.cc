#include <vector>

#include "paddle/extension.h"

std::vector<paddle::Tensor> MultiOut(const paddle::Tensor& x) {
  return {paddle::add(x, x), paddle::full(x.shape(), 2.0, paddle::DataType::FLOAT64, x.place()),
          paddle::full({1}, 7, paddle::DataType::INT32, x.place())};
}

std::vector<std::vector<int64_t>> MultiOutShape(const std::vector<int64_t>& x) {
  return {x, x, {1}};
}

std::vector<paddle::DataType> MultiOutType(const paddle::DataType& x) {
  return {x, paddle::DataType::FLOAT64, paddle::DataType::INT32};
}

PD_BUILD_OP(multi_out)
    .Inputs({"X"})
    .Outputs({"Out", "Doubles", "Integers"})
    .SetKernelFn(PD_KERNEL(MultiOut))
    .SetInferShapeFn(PD_INFER_SHAPE(MultiOutShape))
    .SetInferDtypeFn(PD_INFER_DTYPE(MultiOutType));
