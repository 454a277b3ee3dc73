#include "cc/kernels/expand.h"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = std::vector<int64_t>;

struct ShapeResult {
  Status status;
  Sizes sizes;
};

ShapeResult ComputeShape(const Sizes& x_shape, const Sizes& target) {
  const TestTensor<float> x(DType::kFloat32, x_shape);
  Shape shape;
  const IntSpan span{target.data(), static_cast<int64_t>(target.size())};
  const Status status = ExpandShape(x.view(), span, &shape);
  if (!status.ok()) return {status, {}};
  return {status, Sizes(shape.dims.begin(), shape.dims.begin() + shape.ndim)};
}

TEST(ExpandShapeTest, KeepsBroadcastsAndAddsLeadingDimensions) {
  EXPECT_EQ(ComputeShape({}, {}).sizes, Sizes({}));
  EXPECT_EQ(ComputeShape({}, {2, 3}).sizes, Sizes({2, 3}));
  EXPECT_EQ(ComputeShape({1, 3}, {4, 2, -1}).sizes, Sizes({4, 2, 3}));
  EXPECT_EQ(ComputeShape({2, 1}, {-1, -1}).sizes, Sizes({2, 1}));
}

TEST(ExpandShapeTest, ASizeOfOneMayBecomeZero) {
  EXPECT_EQ(ComputeShape({1, 3}, {0, 3}).sizes, Sizes({0, 3}));
  EXPECT_EQ(ComputeShape({1, 0}, {3, 0}).sizes, Sizes({3, 0}));
  EXPECT_EQ(ComputeShape({3}, {0, 3}).sizes, Sizes({0, 3}));
}

void ExpectShapeError(const Sizes& x_shape, const Sizes& target, const std::string& part) {
  const Status status = ComputeShape(x_shape, target).status;
  EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
  EXPECT_NE(status.message.find(part), std::string::npos) << status.message;
}

TEST(ExpandShapeTest, ErrorsNameThePositionAndTheValue) {
  ExpectShapeError({3}, {-1, 3}, "shape[0] is -1");
  ExpectShapeError({1, 3}, {-2, 3}, "shape[0] is -2");
  ExpectShapeError({2, 3}, {2, 4}, "shape[1] is 4");
  ExpectShapeError({0}, {1}, "shape[0] is 1");
  ExpectShapeError({2, 3}, {3}, "1 entries, expected at least 2");
  ExpectShapeError({}, Sizes(17, 1), "17 entries, expected at most 16");
}

TEST(ExpandShapeTest, SizesWhoseProductOverflowsAreRefused) {
  ExpectShapeError({1}, {int64_t{1} << 40, int64_t{1} << 40}, "2^63");
  ExpectShapeError({1}, {int64_t{1} << 61}, "2^63");
}

TEST(ExpandTest, EveryElementHasTheBitsOfItsSource) {
  TestTensor<float> x(DType::kFloat32, {3, 1, 4}, {1, 1, -2});
  x.Generate([random = Random()]() mutable { return static_cast<float>(random.Normal()); });
  const TestTensor<float> out(DType::kFloat32, {2, 3, 5, 4});
  ASSERT_TRUE(Expand(x.view(), out.mutable_view(), Context()).ok());
  ForEachIndex(out.shape(), [&](const Sizes& i) {
    ASSERT_EQ(BitCast<uint32_t>(out.at(i)), BitCast<uint32_t>(x.at({i[1], 0, i[3]})));
  });
}

TEST(ExpandTest, RefusesShapesThatDoNotBroadcastAndOtherDTypes) {
  const TestTensor<float> x(DType::kFloat32, {3, 2});
  const TestTensor<float> out(DType::kFloat32, {3, 4});
  EXPECT_EQ(Expand(x.view(), out.mutable_view(), Context()).code, StatusCode::kInvalidArgument);
  const TestTensor<int32_t> other(DType::kInt32, {3, 2});
  EXPECT_EQ(Expand(x.view(), other.mutable_view(), Context()).code, StatusCode::kInvalidArgument);
}

/// x_grad in float64 by definition: every element of out_grad goes to one element of x_grad.
template <typename T>
std::vector<double> ReferenceGrad(const TestTensor<T>& out_grad, const Sizes& x_shape) {
  TestTensor<double> sums(DType::kFloat64, x_shape);
  sums.Generate([] { return 0.0; });
  const size_t leading = out_grad.shape().size() - x_shape.size();
  ForEachIndex(out_grad.shape(), [&](const Sizes& index) {
    Sizes at(index.begin() + leading, index.end());
    for (size_t d = 0; d < at.size(); ++d) at[d] = x_shape[d] == 1 ? 0 : at[d];
    sums.at(at) += out_grad.at(index);
  });
  return sums.values();
}

struct GradCase {
  Sizes out_shape;
  Sizes x_shape;
};

/// One case for each way through the reduction: short blocks, runs, lanes, tiles of columns, chunks
/// of a long sum, several groups.
const GradCase kGradCases[] = {
    {{5, 3}, {5, 1}},
    {{5, 3}, {3}},
    {{200, 37}, {200, 1}},
    {{3, 9000}, {3, 1}},
    {{300, 20000}, {1, 1}},
    {{5000, 3}, {1, 3}},
    {{40, 50, 3}, {40, 1, 3}},
    {{100, 1300}, {1, 1300}},
    {{7, 11, 13, 5}, {7, 1, 13, 1}},
    {{7, 11, 13, 5}, {1, 11, 1, 5}},
    {{70, 11, 2}, {1, 11, 1}},
    {{6, 30, 4, 3, 2}, {30, 1, 3, 1}},
    {{2, 3, 600, 2}, {1, 3, 1, 2}},
    {{4, 1, 5}, {1, 1, 5}},
    {{4, 5}, {}},
};

TEST(ExpandGradTest, FloatSumsAreTheRoundedFloat64Sums) {
  for (const GradCase& c : kGradCases) {
    Random random;
    SCOPED_TRACE(random.seed());
    TestTensor<float> out_grad(DType::kFloat32, c.out_shape);
    out_grad.Generate([&] { return static_cast<float>(random.Normal()); });
    const TestTensor<float> x_grad(DType::kFloat32, c.x_shape);
    ASSERT_TRUE(ExpandGrad(out_grad.view(), x_grad.mutable_view(), Context()).ok());
    const std::vector<double> expected = ReferenceGrad(out_grad, c.x_shape);
    const std::vector<float> actual = x_grad.values();
    for (size_t i = 0; i < expected.size(); ++i) {
      // Half a unit in the last place, and the float64 error of sums that cancel.
      ASSERT_NEAR(actual[i], expected[i], 6.1e-8 * std::abs(expected[i]) + 1e-11);
    }
  }
}

TEST(ExpandGradTest, HalfPrecisionIsRoundedOnce) {
  // 4096 + 1 + ... + 1 stays at 4096 if it is rounded to float16 after each addition.
  TestTensor<Float16> out_grad(DType::kFloat16, {3000, 1});
  out_grad.Generate([] { return ToFloat16(1.0f); });
  out_grad.at({0, 0}) = ToFloat16(4096.0f);
  const TestTensor<Float16> x_grad(DType::kFloat16, {1, 1});
  ASSERT_TRUE(ExpandGrad(out_grad.view(), x_grad.mutable_view(), Context()).ok());
  EXPECT_EQ(x_grad.at({0, 0}).bits, ToFloat16(7095.0f).bits);
}

TEST(ExpandGradTest, IntegersWrapAround) {
  TestTensor<int8_t> out_grad(DType::kInt8, {301, 2});
  out_grad.Generate([] { return int8_t{127}; });
  const TestTensor<int8_t> x_grad(DType::kInt8, {2});
  ASSERT_TRUE(ExpandGrad(out_grad.view(), x_grad.mutable_view(), Context()).ok());
  EXPECT_EQ(x_grad.at({1}), static_cast<int8_t>(301 * 127));
}

TEST(ExpandGradTest, BoolIsTheLogicalOrEvenOfManyTrueValues) {
  TestTensor<uint8_t> out_grad(DType::kBool, {512, 2});
  ForEachIndex({512, 2}, [&](const Sizes& i) { out_grad.at(i) = i[1] == 0; });
  const TestTensor<uint8_t> x_grad(DType::kBool, {1, 2});
  ASSERT_TRUE(ExpandGrad(out_grad.view(), x_grad.mutable_view(), Context()).ok());
  EXPECT_EQ(x_grad.values(), std::vector<uint8_t>({1, 0}));
}

TEST(ExpandGradTest, ComplexNumbersAreSummedByParts) {
  TestTensor<std::complex<double>> out_grad(DType::kComplex128, {10, 3});
  ForEachIndex({10, 3}, [&](const Sizes& i) { out_grad.at(i) = {1.0 * i[0], 1.0 * i[1]}; });
  const TestTensor<std::complex<double>> x_grad(DType::kComplex128, {10, 1});
  ASSERT_TRUE(ExpandGrad(out_grad.view(), x_grad.mutable_view(), Context()).ok());
  EXPECT_EQ(x_grad.at({7, 0}), std::complex<double>(21.0, 3.0));
}

TEST(ExpandGradTest, AnEmptyGradientGivesZeros) {
  const TestTensor<float> out_grad(DType::kFloat32, {3, 0});
  const TestTensor<float> x_grad(DType::kFloat32, {3, 1});
  ASSERT_TRUE(ExpandGrad(out_grad.view(), x_grad.mutable_view(), Context()).ok());
  EXPECT_EQ(x_grad.values(), std::vector<float>(3, 0.0f));
  const TestTensor<float> empty(DType::kFloat32, {1, 0});
  EXPECT_TRUE(ExpandGrad(out_grad.view(), empty.mutable_view(), Context()).ok());
}

TEST(ExpandGradTest, StridesOnBothSidesAreHonoured) {
  TestTensor<double> out_grad(DType::kFloat64, {4, 5, 6}, {1, -2, 3});
  out_grad.Generate([random = Random()]() mutable { return std::round(random.Normal() * 100); });
  const TestTensor<double> x_grad(DType::kFloat64, {4, 1, 6}, {-1, 1, 2});
  ASSERT_TRUE(ExpandGrad(out_grad.view(), x_grad.mutable_view(), Context()).ok());
  EXPECT_EQ(x_grad.values(), ReferenceGrad(out_grad, {4, 1, 6}));
}

TEST(ExpandGradTest, BitsDoNotDependOnTheNumberOfThreads) {
  for (const GradCase& c : kGradCases) {
    TestTensor<double> out_grad(DType::kFloat64, c.out_shape);
    out_grad.Generate([random = Random()]() mutable { return random.Normal(); });
    const TestTensor<double> one(DType::kFloat64, c.x_shape);
    ASSERT_TRUE(ExpandGrad(out_grad.view(), one.mutable_view(), Context{1}).ok());
    for (int threads = 2; threads <= 4; ++threads) {
      const TestTensor<double> many(DType::kFloat64, c.x_shape);
      ASSERT_TRUE(ExpandGrad(out_grad.view(), many.mutable_view(), Context{threads}).ok());
      ASSERT_EQ(many.values(), one.values());
    }
  }
}

}  // namespace
}  // namespace paddlemend
