#include <string>
#include <vector>

#include "paddle/extension.h"

std::vector<paddle::Tensor> Attributes(const paddle::Tensor& x, bool flag, int number, float real,
                                       int64_t large, const std::string& text,
                                       const std::vector<int>& numbers,
                                       const std::vector<float>& reals,
                                       const std::vector<int64_t>& large_ones,
                                       const std::vector<std::string>& texts) {
  PD_CHECK(flag, "flag is not true");
  PD_CHECK(number == 10, "number is ", number);
  PD_CHECK(real == 0.5f, "real is ", real);
  PD_CHECK(large == 10000000000L, "large is ", large);
  PD_CHECK(text == "StrAttr", "text is ", text);
  PD_CHECK((numbers == std::vector<int>{10, 20}), "numbers");
  PD_CHECK((reals == std::vector<float>{0.5f, -1.5f}), "reals");
  PD_CHECK((large_ones == std::vector<int64_t>{10000000000L, 2}), "large_ones");
  PD_CHECK((texts == std::vector<std::string>{"a", "bc"}), "texts");
  return {paddle::add(x, x)};
}

std::vector<paddle::Tensor> AttributesGrad(const paddle::Tensor& out_grad, int number) {
  PD_CHECK(number == 10, "number is ", number);
  return {paddle::add(out_grad, out_grad)};
}

PD_BUILD_OP(attr_test)
    .Inputs({"X"})
    .Outputs({"Out"})
    .Attrs({"flag: bool", "number: int", "real: float", "large: int64_t", "text: std::string",
            "numbers: std::vector<int>", "reals: std::vector<float>",
            "large_ones: std::vector<int64_t>", "texts: std::vector<std::string>"})
    .SetKernelFn(PD_KERNEL(Attributes));

PD_BUILD_GRAD_OP(attr_test)
    .Inputs({paddle::Grad("Out")})
    .Outputs({paddle::Grad("X")})
    .Attrs({"number: int"})
    .SetKernelFn(PD_KERNEL(AttributesGrad));
