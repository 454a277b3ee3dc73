#include "cc/kernels/dtype.h"

#include <gtest/gtest.h>

namespace paddlemend {
namespace {

TEST(DTypeTest, SizeIsThatOfTheDispatchedType) {
  for (int i = 0; i <= static_cast<int>(DType::kComplex128); ++i) {
    const DType dtype = static_cast<DType>(i);
    const size_t size =
        DispatchDType(dtype, [](auto tag) { return sizeof(typename decltype(tag)::type); });
    EXPECT_EQ(ElementSize(dtype), static_cast<int64_t>(size)) << DTypeName(dtype);
  }
}

TEST(DTypeTest, NamesAreThoseOfNumPy) {
  EXPECT_STREQ(DTypeName(DType::kBool), "bool");
  EXPECT_STREQ(DTypeName(DType::kBFloat16), "bfloat16");
  EXPECT_STREQ(DTypeName(DType::kComplex128), "complex128");
}

}  // namespace
}  // namespace paddlemend
