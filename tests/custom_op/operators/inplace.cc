#include <vector>

#include "paddle/extension.h"

template <typename T>
void AddTo(const paddle::Tensor& from, paddle::Tensor* to) {
  for (int64_t i = 0; i < to->numel(); ++i) to->data<T>()[i] += from.data<T>()[i];
}

void InplaceAdd(paddle::Tensor& x, const paddle::Tensor& y) {  // NOLINT
  PD_DISPATCH_FLOATING_TYPES(x.type(), "add", ([&] { AddTo<data_t>(y, &x); }));
}

std::vector<paddle::Tensor> InplaceAddGrad(const paddle::Tensor& y,
                                           paddle::Tensor& out_grad) {  // NOLINT
  return {paddle::experimental::copy_to(out_grad, out_grad.place(), true)};
}

PD_BUILD_OP(inplace_add)
    .Inputs({"X", "Y"})
    .Outputs({"Out"})
    .SetInplaceMap({{"X", "Out"}})
    .SetKernelFn(PD_KERNEL(InplaceAdd));

PD_BUILD_GRAD_OP(inplace_add)
    .Inputs({"Y", paddle::Grad("Out")})
    .Outputs({paddle::Grad("X"), paddle::Grad("Y")})
    .SetInplaceMap({{paddle::Grad("Out"), paddle::Grad("X")}})
    .SetKernelFn(PD_KERNEL(InplaceAddGrad));

void InplaceAddToAll(std::vector<paddle::Tensor>& x, const paddle::Tensor& y) {  // NOLINT
  for (auto& tensor : x) InplaceAdd(tensor, y);
}

PD_BUILD_OP(inplace_add_to_all)
    .Inputs({paddle::Vec("X"), "Y"})
    .Outputs({paddle::Vec("Out")})
    .SetInplaceMap({{paddle::Vec("X"), paddle::Vec("Out")}})
    .SetKernelFn(PD_KERNEL(InplaceAddToAll));

void InplaceTwice(paddle::Tensor& x, const paddle::Tensor& y, paddle::Tensor& a,  // NOLINT
                  const paddle::Tensor& b) {
  InplaceAdd(x, y);
  InplaceAdd(a, b);
}

PD_BUILD_OP(inplace_twice)
    .Inputs({"X", "Y", "A", "B"})
    .Outputs({"OutXY", "OutAB"})
    .SetInplaceMap({{"X", "OutXY"}, {"A", "OutAB"}})
    .SetKernelFn(PD_KERNEL(InplaceTwice));
