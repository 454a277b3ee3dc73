#include "cc/kernels/sum_to_shape.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

struct Reduction {
  Sizes from;
  Sizes to;
};

// Every arrangement of kept and reduced dimensions, with sizes on both sides of the kernel's tiles.
const Reduction kReductions[] = {
    {{5}, {}},
    {{1000}, {1}},
    {{7, 5}, {5}},
    {{7, 5}, {7, 1}},
    {{7, 5}, {1, 1}},
    {{3, 4, 5}, {3, 1, 5}},
    {{3, 4, 5}, {1, 4, 1}},
    {{2, 3, 4, 5}, {3, 1, 5}},
    {{2, 3, 4, 5}, {4, 1}},
    {{3, 2, 3, 2, 3}, {3, 1, 3, 1, 3}},
    {{2, 3, 2, 3, 2}, {1, 3, 1, 3, 1}},
    {{70, 600}, {600}},
    {{40, 900}, {40, 1}},
    {{2, 37, 13}, {2, 1, 13}},
    {{300, 3}, {3}},
    {{300, 65}, {65}},
    {{6, 100, 33}, {1, 100, 1}},
    {{1, 1, 4}, {4}},
};

/// The sums in float64: exact, as the elements are small multiples of 1/8.
TestTensor Reference(const TestTensor& x, const Sizes& shape) {
  const TestTensor zeros(x.dtype(), shape);
  std::vector<TestTensor::Value> sums(zeros.numel());
  for (int64_t i = 0; i < x.numel(); ++i) sums[BroadcastSource(i, shape, x.shape())] += x.Get(i);
  TestTensor result(x.dtype(), shape);
  for (int64_t i = 0; i < result.numel(); ++i) result.Set(i, sums[i]);
  return result;
}

TestTensor Summed(const TestTensor& x, const Sizes& shape, const Context& context = {}) {
  TestTensor out(x.dtype(), shape);
  SumToShape(x.view(), out.mutable_view(), context);
  return out;
}

class EveryDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(SumToShapeTest, EveryDType, testing::ValuesIn(kAllDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryDType, AnyDimensions) {
  std::mt19937 random(1);
  for (const auto& [from, to] : kReductions) {
    const TestTensor x = TestTensor::Random(GetParam(), from, &random);
    EXPECT_TRUE(Summed(x, to).Bits() == Reference(x, to).Bits())
        << ShapeString(from.data(), from.size()) << " to " << ShapeString(to.data(), to.size());
  }
}

TEST_P(EveryDType, AnyStrides) {
  std::mt19937 random(2);
  const TestTensor x = TestTensor::Random(GetParam(), {3, 7, 5}, &random);
  const std::string expected = Reference(x, {3, 1, 5}).Bits();
  for (const Strides from : kAllStrides) {
    for (const Strides to : kAllStrides) {
      TestTensor out(GetParam(), {3, 1, 5}, to);
      SumToShape(x.With(from).view(), out.mutable_view(), {});
      EXPECT_TRUE(out.Bits() == expected);
      EXPECT_TRUE(out.GapsArePoison());
    }
  }
}

TEST_P(EveryDType, ASumOfNothingIsZero) {
  for (const auto& [from, to] : {Reduction{{0}, {}}, {{0, 3}, {3}}, {{4, 0, 3}, {4, 1, 3}}}) {
    const TestTensor out = Summed(TestTensor(GetParam(), from), to);
    EXPECT_TRUE(out.Bits() == std::string(out.Bits().size(), '\0'));
  }
}

TEST(SumToShapeTest, AnEmptyResultIsNotWritten) {
  EXPECT_EQ(Summed(TestTensor(DType::kFloat32, {4, 0}), {1, 0}).numel(), 0);
}

TEST(SumToShapeTest, NothingToSumIsACopyThatKeepsNegativeZero) {
  const TestTensor x = TestTensor::Of(DType::kFloat32, {1, 2}, {-0.0, 3.0});
  EXPECT_TRUE(Summed(x, {2}).Bits() == x.Bits());
}

TEST(SumToShapeTest, IntegersWrapAround) {
  const TestTensor x = TestTensor::Of(DType::kInt8, {3}, {100, 100, 100});
  EXPECT_EQ(Summed(x, {}).Get(0), 44.0);  // 300 - 256
}

TEST(SumToShapeTest, AnyNonZeroByteOfABoolIsTrue) {
  const uint8_t bytes[] = {0, 2, 0, 0};
  const TensorView x{{DType::kBool, 2, {2, 2}, {2, 1}}, bytes};
  TestTensor out(DType::kBool, {2, 1});
  SumToShape(x, out.mutable_view(), {});
  EXPECT_EQ(out.Bits(), std::string("\1\0", 2));
}

TEST(SumToShapeTest, InfinityAndNanPropagate) {
  const TestTensor x = TestTensor::Of(DType::kFloat32, {2, 2}, {INFINITY, NAN, 1, 1});
  const TestTensor sums = Summed(x, {2});
  EXPECT_EQ(sums.Get(0), double{INFINITY});
  EXPECT_TRUE(std::isnan(sums.Get(1).real()));
}

// In float16 arithmetic 2048 + 1 is 2048.
TEST(SumToShapeTest, HalfPrecisionIsRoundedOnce) {
  std::vector<double> values(1025, 1.0);
  values[0] = 2048;
  const TestTensor x = TestTensor::Of(DType::kFloat16, {1025}, values);
  EXPECT_EQ(Summed(x, {}).Get(0), 3072.0);
  const TestTensor y = TestTensor::Of(DType::kBFloat16, {1025}, values);
  EXPECT_EQ(Summed(y, {}).Get(0), 3072.0);
}

// Partial sums stay wide: the float16 maximum is 65504.
TEST(SumToShapeTest, HalfPrecisionMayPassItsMaximumOnTheWay) {
  const TestTensor x = TestTensor::Of(DType::kFloat16, {2, 2, 1, 2},
                                      {60000, 60000, 60000, 60000, -60000, -60000, -60000, -59008});
  EXPECT_EQ(Summed(x, {}).Get(0), 992.0);
}

/// A million numbers in [0, 1) and their exact sum.
TestTensor LongVector(DType dtype, long double* sum) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> uniform(0.0, 1.0);
  TestTensor x(dtype, {1000003});
  *sum = 0;
  for (int64_t i = 0; i < x.numel(); ++i) {
    x.Set(i, uniform(random));
    *sum += x.Get(i).real();
  }
  return x;
}

TEST(SumToShapeTest, LongFloat32SumsAreCorrectlyRounded) {
  long double sum;
  const TestTensor x = LongVector(DType::kFloat32, &sum);
  EXPECT_EQ(Summed(x, {}).Get(0).real(), static_cast<float>(sum));
}

TEST(SumToShapeTest, LongFloat64SumsLoseAFewBitsAtMost) {
  long double sum;
  const TestTensor x = LongVector(DType::kFloat64, &sum);
  EXPECT_NEAR(Summed(x, {}).Get(0).real() / static_cast<double>(sum), 1.0, 1e-15);
}

// Sizes large enough for every way of sharing out: over outputs, over column tiles, over chunks.
TEST(SumToShapeTest, TheBitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(4);
  std::normal_distribution<double> normal;
  for (const auto& [from, to] : {Reduction{{300001}, {}},
                                 {{3, 100003}, {3, 1}},
                                 {{100003, 3}, {3}},
                                 {{70, 5001}, {5001}},
                                 {{2000, 150}, {2000, 1}},
                                 {{7, 300, 150}, {1, 300, 1}}}) {
    TestTensor x(DType::kFloat64, from);
    for (int64_t i = 0; i < x.numel(); ++i) x.Set(i, normal(random));
    const std::string one = Summed(x, to, Context{1}).Bits();
    for (const int threads : {2, 3, 4}) {
      EXPECT_TRUE(Summed(x, to, Context{threads}).Bits() == one) << threads;
    }
  }
}

}  // namespace
}  // namespace paddlemend
