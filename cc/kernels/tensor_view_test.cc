#include "cc/kernels/tensor_view.h"

#include <gtest/gtest.h>

#include <vector>

namespace paddlemend {
namespace {

TensorLayout Layout(const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
  TensorLayout layout{DType::kFloat32, static_cast<int>(shape.size()), {}, {}};
  std::copy(shape.begin(), shape.end(), layout.shape.begin());
  std::copy(strides.begin(), strides.end(), layout.strides.begin());
  return layout;
}

/// What CheckedNumel gives, -1 for an overflow.
int64_t NumelOrOverflow(const std::vector<int64_t>& shape, int64_t element_size) {
  int64_t numel = 0;
  const int ndim = static_cast<int>(shape.size());
  return CheckedNumel(shape.data(), ndim, element_size, &numel) ? numel : -1;
}

TEST(CheckedNumelTest, MultipliesTheSizes) {
  EXPECT_EQ(NumelOrOverflow({}, 4), 1);
  EXPECT_EQ(NumelOrOverflow({2, 3, 5}, 4), 30);
  EXPECT_EQ(NumelOrOverflow({2, 0, 5}, 4), 0);
}

TEST(CheckedNumelTest, CountsBytesWhenItLooksForOverflow) {
  const int64_t elements = int64_t{1} << 60;
  EXPECT_EQ(NumelOrOverflow({elements}, 4), elements);
  EXPECT_EQ(NumelOrOverflow({elements}, 8), -1);
  EXPECT_EQ(NumelOrOverflow({int64_t{1} << 32, int64_t{1} << 32}, 1), -1);
}

TEST(CheckedNumelTest, ASizeOfZeroDoesNotHideAnOverflow) {
  EXPECT_EQ(NumelOrOverflow({0, int64_t{1} << 32, int64_t{1} << 32}, 1), -1);
}

TEST(IsContiguousTest, RowMajorWithoutGapsIsContiguous) {
  EXPECT_TRUE(IsContiguous(Layout({}, {})));
  EXPECT_TRUE(IsContiguous(Layout({2, 3}, {3, 1})));
}

TEST(IsContiguousTest, OtherStridesAreNot) {
  EXPECT_FALSE(IsContiguous(Layout({2, 3}, {1, 2})));   // transposed
  EXPECT_FALSE(IsContiguous(Layout({2, 3}, {4, 1})));   // a gap
  EXPECT_FALSE(IsContiguous(Layout({2, 3}, {0, 1})));   // repeated
  EXPECT_FALSE(IsContiguous(Layout({2, 3}, {-3, 1})));  // backwards
}

TEST(IsContiguousTest, TheStrideOfASizeOfOneDoesNotCount) {
  EXPECT_TRUE(IsContiguous(Layout({2, 1, 3}, {3, 77, 1})));
}

TEST(IsContiguousTest, AnEmptyTensorIsContiguous) {
  EXPECT_TRUE(IsContiguous(Layout({2, 0}, {-5, 7})));
}

TEST(HasRepeatedElementsTest, AStrideOfZeroRepeatsAnElement) {
  EXPECT_TRUE(HasRepeatedElements(Layout({2, 3}, {3, 0})));
  EXPECT_FALSE(HasRepeatedElements(Layout({2, 3}, {3, 1})));
}

TEST(HasRepeatedElementsTest, NothingIsRepeatedAlongASizeOfOneOrInAnEmptyTensor) {
  EXPECT_FALSE(HasRepeatedElements(Layout({1, 3}, {0, 1})));
  EXPECT_FALSE(HasRepeatedElements(Layout({2, 0}, {0, 1})));
}

TEST(SetContiguousStridesTest, IsContiguousAfterwards) {
  TensorLayout layout = Layout({4, 2, 3}, {0, 0, 0});
  SetContiguousStrides(&layout);
  EXPECT_EQ(ShapeString(layout.strides.data(), 3), "[6, 3, 1]");
  EXPECT_TRUE(IsContiguous(layout));
}

TEST(SetContiguousStridesTest, ASizeOfZeroCountsAsOne) {
  TensorLayout layout = Layout({4, 0, 3}, {0, 0, 0});
  SetContiguousStrides(&layout);
  EXPECT_EQ(ShapeString(layout.strides.data(), 3), "[3, 3, 1]");
}

TEST(MayRepeatElementsTest, IsFalseOnlyIfEachStepIsLongerThanAllShorterOnes) {
  EXPECT_FALSE(MayRepeatElements(Layout({2, 3}, {3, 1})));
  EXPECT_FALSE(MayRepeatElements(Layout({3, 2}, {1, 3})));
  EXPECT_FALSE(MayRepeatElements(Layout({2, 3}, {-3, -1})));
  EXPECT_FALSE(MayRepeatElements(Layout({2, 1, 0}, {0, 0, 0})));
  EXPECT_FALSE(MayRepeatElements(Layout({1, 5}, {0, 2})));
  EXPECT_TRUE(MayRepeatElements(Layout({2, 3}, {2, 1})));
  EXPECT_TRUE(MayRepeatElements(Layout({2, 3}, {1, 1})));
  EXPECT_TRUE(MayRepeatElements(Layout({2}, {0})));
}

TEST(IsSameViewTest, ComparesMemoryAndStrides) {
  float memory[4];
  const TensorView input{Layout({2, 2}, {2, 1}), memory};
  EXPECT_TRUE(IsSameView(input, MutableTensorView{Layout({2, 2}, {2, 1}), memory}));
  EXPECT_FALSE(IsSameView(input, MutableTensorView{Layout({2, 2}, {1, 2}), memory}));
  EXPECT_FALSE(IsSameView(input, MutableTensorView{Layout({2, 2}, {2, 1}), memory + 1}));
}

TEST(SameShapeTest, ComparesSizesAndTheirNumberOnly) {
  EXPECT_TRUE(SameShape(Layout({2, 3}, {3, 1}), Layout({2, 3}, {1, 2})));
  EXPECT_FALSE(SameShape(Layout({2, 3}, {3, 1}), Layout({3, 2}, {2, 1})));
  EXPECT_FALSE(SameShape(Layout({2}, {1}), Layout({2, 1}, {1, 1})));
}

TEST(ShapeStringTest, IsAListInBrackets) {
  EXPECT_EQ(ShapeString(Layout({}, {})), "[]");
  EXPECT_EQ(ShapeString(Layout({2, 3}, {3, 1})), "[2, 3]");
}

TEST(DTypeTest, SizesAndNames) {
  EXPECT_EQ(ElementSize(DType::kBool), 1);
  EXPECT_EQ(ElementSize(DType::kBFloat16), 2);
  EXPECT_EQ(ElementSize(DType::kComplex128), 16);
  EXPECT_STREQ(DTypeName(DType::kUInt8), "uint8");
  EXPECT_STREQ(DTypeName(DType::kComplex64), "complex64");
}

TEST(DTypeTest, DispatchGivesTheStorageTypeOfEveryDType) {
  for (int code = 0; code <= static_cast<int>(DType::kComplex128); ++code) {
    const DType dtype = static_cast<DType>(code);
    const int64_t size = DispatchDType(
        dtype, [](auto tag) -> int64_t { return sizeof(typename decltype(tag)::type); });
    EXPECT_EQ(size, ElementSize(dtype)) << DTypeName(dtype);
  }
}

}  // namespace
}  // namespace paddlemend
