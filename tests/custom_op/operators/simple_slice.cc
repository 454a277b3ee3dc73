#include <vector>

#include "paddle/extension.h"

std::vector<paddle::Tensor> SimpleSlice(const paddle::Tensor& x, int64_t begin, int64_t end) {
  return {x.slice(begin, end)};
}

PD_BUILD_OP(custom_simple_slice)
    .Inputs({"X"})
    .Outputs({"Out"})
    .Attrs({"begin: int64_t", "end: int64_t"})
    .SetKernelFn(PD_KERNEL(SimpleSlice));
