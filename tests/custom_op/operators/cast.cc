#include <string>
#include <vector>

#include "paddle/extension.h"

paddle::DataType TypeOf(const std::string& name) {
  if (name == "float32") return paddle::DataType::FLOAT32;
  if (name == "float64") return paddle::DataType::FLOAT64;
  PD_THROW("data_type is ", name);
}

std::vector<paddle::Tensor> Cast(const paddle::Tensor& x, const std::string& data_type) {
  return {paddle::experimental::cast(x, TypeOf(data_type))};
}

std::vector<paddle::DataType> CastType(const paddle::DataType& x, const std::string& data_type) {
  return {TypeOf(data_type)};
}

PD_BUILD_OP(custom_cast)
    .Inputs({"X"})
    .Outputs({"Out"})
    .Attrs({"data_type: std::string"})
    .SetKernelFn(PD_KERNEL(Cast))
    .SetInferDtypeFn(PD_INFER_DTYPE(CastType));
