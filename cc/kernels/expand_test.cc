#include "cc/kernels/expand.h"

#include <gtest/gtest.h>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

/// The shape of expand for an x of shape `from`, or the error's message.
std::string ShapeOrMessage(const Sizes& from, const Sizes& target, DType dtype = DType::kBool) {
  TensorView x{{dtype, static_cast<int>(from.size()), {}, {}}, nullptr};
  std::copy(from.begin(), from.end(), x.shape.begin());
  Shape shape;
  const int64_t size = static_cast<int64_t>(target.size());
  const Status status = ExpandShape(x, IntSpan{target.data(), size}, &shape);
  return status.ok() ? ShapeString(shape.dims.data(), shape.ndim) : status.message;
}

TestTensor Expanded(const TestTensor& x, const Sizes& shape, const Context& context = {}) {
  TestTensor out(x.dtype(), shape);
  const Status status = Expand(x.view(), out.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return out;
}

TestTensor Reference(const TestTensor& x, const Sizes& shape) {
  TestTensor out(x.dtype(), shape);
  for (int64_t i = 0; i < out.numel(); ++i) {
    out.Set(i, x.Get(BroadcastSource(i, x.shape(), shape)));
  }
  return out;
}

TEST(ExpandShapeTest, ASizeOfOneBecomesAnySize) {
  EXPECT_EQ(ShapeOrMessage({2, 1}, {2, 5}), "[2, 5]");
  EXPECT_EQ(ShapeOrMessage({2, 1}, {2, 0}), "[2, 0]");
}

TEST(ExpandShapeTest, NewDimensionsComeFirst) {
  EXPECT_EQ(ShapeOrMessage({3}, {4, 2, 3}), "[4, 2, 3]");
  EXPECT_EQ(ShapeOrMessage({}, {4, 0}), "[4, 0]");
  EXPECT_EQ(ShapeOrMessage({}, {}), "[]");
}

TEST(ExpandShapeTest, MinusOneKeepsTheSizeOfX) {
  EXPECT_EQ(ShapeOrMessage({2, 1, 0}, {7, -1, -1, -1}), "[7, 2, 1, 0]");
}

TEST(ExpandShapeTest, MinusOneNeedsADimensionOfX) {
  EXPECT_EQ(ShapeOrMessage({3}, {2, -1, 3}),
            "shape[1] is -1, but x of shape [3] has no dimension there to keep");
}

TEST(ExpandShapeTest, OtherNegativesAreErrors) {
  EXPECT_EQ(ShapeOrMessage({3}, {-2}),
            "shape[0] is -2, expected a size >= 0, or -1 to keep the size of x");
}

TEST(ExpandShapeTest, ASizeAboveOneIsKept) {
  EXPECT_EQ(ShapeOrMessage({2, 3}, {2, 4}),
            "shape[1] is 4, but dimension 1 of x has size 3: expected 3 or -1");
  EXPECT_EQ(ShapeOrMessage({2, 3}, {5, 2, 0}),
            "shape[2] is 0, but dimension 1 of x has size 3: expected 3 or -1");
}

TEST(ExpandShapeTest, ASizeOfZeroIsKept) {
  EXPECT_EQ(ShapeOrMessage({0}, {1}),
            "shape[0] is 1, but dimension 0 of x has size 0: expected 0 or -1");
}

TEST(ExpandShapeTest, FewerDimensionsThanXAreAnError) {
  EXPECT_NE(ShapeOrMessage({2, 3}, {3}).find("shape has 1 entries"), std::string::npos);
}

TEST(ExpandShapeTest, MoreDimensionsThanATensorHasAreAnError) {
  EXPECT_EQ(ShapeOrMessage({}, Sizes(17, 1)), "shape has 17 entries, expected at most 16");
}

TEST(ExpandShapeTest, MoreBytesThanAddressesAreAnError) {
  const int64_t half = int64_t{1} << 31;
  EXPECT_EQ(ShapeOrMessage({1, 1}, {half, half}, DType::kUInt8), "[2147483648, 2147483648]");
  EXPECT_EQ(ShapeOrMessage({1, 1}, {half, half}, DType::kInt16),
            "shape [2147483648, 2147483648] has more than 2^63 - 1 bytes of dtype int16");
}

class EveryDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(ExpandTest, EveryDType, testing::ValuesIn(kAllDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryDType, CopiesXToEveryPlace) {
  std::mt19937 random(1);
  const std::pair<Sizes, Sizes> cases[] = {{{}, {3, 5}},
                                           {{1}, {7}},
                                           {{5, 1}, {5, 9}},
                                           {{1, 5}, {9, 5}},
                                           {{5}, {2, 3, 5}},
                                           {{3, 1, 5}, {2, 3, 4, 5}},
                                           {{1, 3, 1}, {33, 3, 21}},
                                           {{4, 3}, {4, 3}}};
  for (const auto& [from, to] : cases) {
    const TestTensor x = TestTensor::Random(GetParam(), from, &random);
    EXPECT_TRUE(Expanded(x, to).Bits() == Reference(x, to).Bits());
  }
}

TEST_P(EveryDType, AnyStrides) {
  std::mt19937 random(2);
  const TestTensor x = TestTensor::Random(GetParam(), {3, 1, 5}, &random);
  const std::string expected = Reference(x, {2, 3, 4, 5}).Bits();
  for (const Strides from : kAllStrides) {
    for (const Strides to : kAllStrides) {
      TestTensor out(GetParam(), {2, 3, 4, 5}, to);
      ASSERT_TRUE(Expand(x.With(from).view(), out.mutable_view(), {}).ok());
      EXPECT_TRUE(out.Bits() == expected);
      EXPECT_TRUE(out.GapsArePoison());
    }
  }
}

TEST_P(EveryDType, TheGradientOfNothingIsZero) {
  const TestTensor out_grad(GetParam(), {0, 3});
  TestTensor x_grad(GetParam(), {1, 3});
  ASSERT_TRUE(ExpandGrad(out_grad.view(), x_grad.mutable_view(), {}).ok());
  EXPECT_TRUE(x_grad.Bits() == std::string(x_grad.Bits().size(), '\0'));
}

TEST(ExpandTest, EmptyResults) {
  EXPECT_EQ(Expanded(TestTensor(DType::kFloat32, {1}), {4, 0}).numel(), 0);
  EXPECT_EQ(Expanded(TestTensor(DType::kFloat32, {0, 1}), {0, 3}).numel(), 0);
}

TEST(ExpandTest, TheBitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(3);
  const TestTensor x = TestTensor::Random(DType::kFloat32, {301, 1, 7}, &random);
  const std::string expected = Reference(x, {301, 211, 7}).Bits();
  for (const int threads : {1, 2, 3, 4}) {
    EXPECT_TRUE(Expanded(x, {301, 211, 7}, Context{threads}).Bits() == expected);
  }
}

TEST(ExpandTest, DTypesMustBeEqual) {
  TestTensor out(DType::kFloat64, {3});
  const Status status = Expand(TestTensor(DType::kInt32, {3}).view(), out.mutable_view(), {});
  EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message,
            "the dtypes of x and out must be equal, but they are int32 and float64");
}

TEST(ExpandTest, AShapeThatDoesNotBroadcastIsAnErrorAndNothingIsWritten) {
  TestTensor out(DType::kInt8, {2, 4});
  const std::string poison = out.Bits();
  const Status status = Expand(TestTensor(DType::kInt8, {3}).view(), out.mutable_view(), {});
  EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message, "the shape [3] of x does not broadcast to the shape [2, 4] of out");
  EXPECT_EQ(out.Bits(), poison);
}

TEST(ExpandGradTest, SumsOverTheBroadcastDimensions) {
  const TestTensor out_grad =
      TestTensor::Of(DType::kFloat32, {2, 2, 3}, {1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60});
  TestTensor x_grad(DType::kFloat32, {2, 1});
  ASSERT_TRUE(ExpandGrad(out_grad.view(), x_grad.mutable_view(), {}).ok());
  EXPECT_EQ(x_grad.Bits(), TestTensor::Of(DType::kFloat32, {2, 1}, {66, 165}).Bits());
}

TEST(ExpandGradTest, DTypesMustBeEqual) {
  TestTensor x_grad(DType::kFloat64, {3});
  const Status status =
      ExpandGrad(TestTensor(DType::kFloat32, {2, 3}).view(), x_grad.mutable_view(), {});
  EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
}

TEST(ExpandGradTest, TheShapeOfXGradMustBroadcast) {
  TestTensor x_grad(DType::kFloat32, {2});
  const Status status =
      ExpandGrad(TestTensor(DType::kFloat32, {2, 3}).view(), x_grad.mutable_view(), {});
  EXPECT_EQ(status.message,
            "the shape [2] of x_grad does not broadcast to the shape [2, 3] of out_grad");
}

}  // namespace
}  // namespace paddlemend
