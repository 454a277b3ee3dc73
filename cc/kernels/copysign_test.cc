#include "cc/kernels/copysign.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

const double kInfinity = std::numeric_limits<double>::infinity();
const double kNaN = std::numeric_limits<double>::quiet_NaN();

Sizes BroadcastShape(const TestTensor& x, const TestTensor& y) {
  Shape shape;
  EXPECT_TRUE(CopysignShape(x.view(), y.view(), &shape).ok());
  return Sizes(shape.dims.begin(), shape.dims.begin() + shape.ndim);
}

TestTensor Signed(const TestTensor& x, const TestTensor& y, int threads = 1) {
  TestTensor out(x.dtype(), BroadcastShape(x, y));
  Context context;
  context.num_threads = threads;
  const Status status = Copysign(x.view(), y.view(), out.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return out;
}

/// The element of `tensor` that broadcasting repeats at `place` of `shape`, in row-major order.
int64_t Repeated(const TestTensor& tensor, const Sizes& shape, int64_t place) {
  const Sizes own = tensor.shape();
  int64_t number = 0;
  int64_t step = 1;
  for (size_t d = 1; d <= shape.size(); ++d) {
    const int64_t position = place % shape[shape.size() - d];
    place /= shape[shape.size() - d];
    if (d > own.size()) continue;
    if (own[own.size() - d] != 1) number += position * step;
    step *= own[own.size() - d];
  }
  return number;
}

TestTensor Reference(const TestTensor& x, const TestTensor& y) {
  const Sizes shape = BroadcastShape(x, y);
  TestTensor out(x.dtype(), shape);
  for (int64_t i = 0; i < out.numel(); ++i) {
    const double magnitude = x.Get(Repeated(x, shape, i)).real();
    out.Set(i, std::copysign(magnitude, y.Get(Repeated(y, shape, i)).real()));
  }
  return out;
}

class EveryRealDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(CopysignTest, EveryRealDType, testing::ValuesIn(kRealDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryRealDType, BroadcastsEitherWay) {
  std::mt19937 random(1);
  const std::pair<Sizes, Sizes> cases[] = {{{}, {}},
                                           {{7}, {7}},
                                           {{}, {5}},
                                           {{5}, {}},
                                           {{4, 3}, {3}},
                                           {{3}, {4, 3}},
                                           {{4, 1}, {1, 6}},
                                           {{50, 40}, {40}},
                                           {{40}, {50, 40}},
                                           {{50, 1}, {50, 40}},
                                           {{50, 40}, {50, 1}},
                                           {{2, 1, 40}, {1, 3, 40}},
                                           {{1, 3, 1, 2}, {4, 1, 5, 2}},
                                           {{1, 1}, {1}},
                                           {{2, 64, 33}, {2, 1, 33}}};
  for (const auto& [x_shape, y_shape] : cases) {
    const TestTensor x = TestTensor::Random(GetParam(), x_shape, &random);
    const TestTensor y = TestTensor::Random(GetParam(), y_shape, &random);
    EXPECT_TRUE(Signed(x, y).Bits() == Reference(x, y).Bits());
  }
}

TEST_P(EveryRealDType, AnyStrides) {
  std::mt19937 random(2);
  for (const Sizes& y_shape : {Sizes{5, 37}, Sizes{37}, Sizes{5, 1}}) {
    const TestTensor x = TestTensor::Random(GetParam(), {5, 37}, &random);
    const TestTensor y = TestTensor::Random(GetParam(), y_shape, &random);
    const std::string expected = Reference(x, y).Bits();
    for (const Strides from : kAllStrides) {
      for (const Strides to : kAllStrides) {
        TestTensor out(GetParam(), {5, 37}, to);
        const TestTensor signs = y.With(from);
        ASSERT_TRUE(Copysign(x.With(from).view(), signs.view(), out.mutable_view(), {}).ok());
        EXPECT_TRUE(out.Bits() == expected);
        EXPECT_TRUE(out.GapsArePoison());
      }
    }
  }
}

TEST_P(EveryRealDType, OutMayBeX) {
  std::mt19937 random(3);
  const TestTensor y = TestTensor::Random(GetParam(), {37}, &random);
  for (const Strides strides : kAllStrides) {
    TestTensor x = TestTensor::Random(GetParam(), {5, 37}, &random, strides);
    const std::string expected = Reference(x, y).Bits();
    ASSERT_TRUE(Copysign(x.view(), y.view(), x.mutable_view(), {}).ok());
    EXPECT_TRUE(x.Bits() == expected);
  }
}

TEST_P(EveryRealDType, BitsDoNotDependOnThreads) {
  std::mt19937 random(4);
  const TestTensor x = TestTensor::Random(GetParam(), {700, 301}, &random);
  const TestTensor y = TestTensor::Random(GetParam(), {301}, &random);
  const std::string expected = Signed(x, y).Bits();
  for (const int threads : {2, 3, 8}) EXPECT_TRUE(Signed(x, y, threads).Bits() == expected);
}

class EveryFloatingDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(CopysignTest, EveryFloatingDType, testing::ValuesIn(kFloatingDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryFloatingDType, SignsOfZerosInfinitiesAndNaN) {
  const TestTensor x = TestTensor::Of(GetParam(), {6}, {0, -0.0, 1, -kInfinity, kNaN, -kNaN});
  const TestTensor y = TestTensor::Of(GetParam(), {6}, {-0.0, 0, -kNaN, kNaN, -1, kInfinity});
  const TestTensor out = Signed(x, y);
  const bool negative[] = {true, false, true, false, true, false};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(std::signbit(out.Get(i).real()), negative[i]) << i;
  EXPECT_EQ(out.Get(3).real(), kInfinity);
  EXPECT_TRUE(std::isnan(out.Get(4).real()));
}

TEST(CopysignTest, IntegersSaturate) {
  const TestTensor x = TestTensor::Of(DType::kInt8, {4}, {-128, -128, 0, 127});
  const TestTensor y = TestTensor::Of(DType::kInt8, {4}, {0, -1, -1, -128});
  EXPECT_EQ(Signed(x, y).Bits(), TestTensor::Of(DType::kInt8, {4}, {127, -128, 0, -127}).Bits());
  int64_t from[] = {std::numeric_limits<int64_t>::min(), (int64_t{1} << 62) + 1};
  int64_t sign[] = {5, -5};
  TensorLayout layout{DType::kInt64, 1, {2}, {1}};
  ASSERT_TRUE(Copysign(TensorView{layout, from}, TensorView{layout, sign},
                       MutableTensorView{layout, from}, {})
                  .ok());
  EXPECT_EQ(from[0], std::numeric_limits<int64_t>::max());
  EXPECT_EQ(from[1], -(int64_t{1} << 62) - 1);
}

TEST(CopysignTest, NoElement) {
  const TestTensor x(DType::kFloat32, {0, 3});
  const TestTensor y = TestTensor::Of(DType::kFloat32, {1, 3}, {1, 2, 3});
  EXPECT_EQ(Signed(x, y).shape(), (Sizes{0, 3}));
  EXPECT_EQ(Signed(y, x).shape(), (Sizes{0, 3}));
}

TEST(CopysignTest, Errors) {
  const TestTensor four(DType::kFloat32, {4});
  const TestTensor three(DType::kFloat32, {3});
  const TestTensor none(DType::kFloat32, {0});
  Shape shape;
  EXPECT_EQ(CopysignShape(four.view(), three.view(), &shape).message,
            "the shapes [4] of x and [3] of y do not broadcast to one");
  EXPECT_FALSE(CopysignShape(none.view(), three.view(), &shape).ok());
  TestTensor out(DType::kFloat32, {4});
  EXPECT_EQ(Copysign(four.view(), three.view(), out.mutable_view(), {}).message,
            "the shape [3] of y does not broadcast to the shape [4] of out");
  const TestTensor wide(DType::kFloat64, {4});
  EXPECT_EQ(Copysign(four.view(), wide.view(), out.mutable_view(), {}).code,
            StatusCode::kInvalidArgument);
  const TestTensor complex(DType::kComplex64, {4});
  EXPECT_EQ(Copysign(complex.view(), complex.view(), out.mutable_view(), {}).code,
            StatusCode::kUnsupportedDType);
  EXPECT_TRUE(out.Bits() == TestTensor(DType::kFloat32, {4}).Bits());
}

/// Both gradients of copysign for given strides of all tensors.
std::pair<TestTensor, TestTensor> Grads(const TestTensor& x, const TestTensor& y,
                                        const TestTensor& out_grad, int threads = 1,
                                        Strides strides = Strides::kRowMajor) {
  TestTensor x_grad(x.dtype(), x.shape(), strides);
  TestTensor y_grad(x.dtype(), y.shape(), strides);
  const MutableTensorView x_view = x_grad.mutable_view();
  const MutableTensorView y_view = y_grad.mutable_view();
  Context context;
  context.num_threads = threads;
  const Status status =
      CopysignGrad(x.view(), y.view(), out_grad.view(), &x_view, &y_view, context);
  EXPECT_TRUE(status.ok()) << status.message;
  return {x_grad, y_grad};
}

TEST_P(EveryFloatingDType, TheGradientIsTheChangeOfTheSign) {
  const TestTensor x = TestTensor::Of(GetParam(), {8}, {2, -2, 2, -2, 0, -0.0, kInfinity, kNaN});
  const TestTensor y = TestTensor::Of(GetParam(), {8}, {1, 1, -1, -1, -1, 1, 1, 1});
  const TestTensor seed = TestTensor::Of(GetParam(), {8}, {3, 3, 3, 3, 3, 3, 3, 3});
  const auto [x_grad, y_grad] = Grads(x, y, seed);
  const double expected[] = {3, -3, -3, 3, 0, 0, kNaN, kNaN};
  for (int i = 0; i < 8; ++i) {
    const double found = x_grad.Get(i).real();
    EXPECT_TRUE(std::isnan(expected[i]) ? std::isnan(found) : found == expected[i]) << i;
    EXPECT_EQ(y_grad.Get(i).real(), 0);
  }
}

TEST_P(EveryFloatingDType, TheGradientIsSummedWhereXIsBroadcast) {
  std::mt19937 random(5);
  const std::pair<Sizes, Sizes> cases[] = {
      {{3}, {40, 3}},         {{40, 1}, {40, 3}}, {{}, {5}},       {{40, 3}, {3}},
      {{2, 1, 4}, {1, 3, 4}}, {{0, 3}, {1, 3}},   {{1, 3}, {0, 3}}};
  for (const auto& [x_shape, y_shape] : cases) {
    const TestTensor x = TestTensor::Random(GetParam(), x_shape, &random);
    const TestTensor y = TestTensor::Random(GetParam(), y_shape, &random);
    const Sizes shape = BroadcastShape(x, y);
    const TestTensor seed = TestTensor::Random(GetParam(), shape, &random);
    std::vector<double> sums(x.numel());
    for (int64_t i = 0; i < seed.numel(); ++i) {
      const int64_t at = Repeated(x, shape, i);
      const double value = x.Get(at).real();
      const double sign = y.Get(Repeated(y, shape, i)).real();
      const double ratio = value == 0 ? 0 : std::copysign(1.0, sign) * (value < 0 ? -1 : 1);
      sums[at] += ratio * seed.Get(i).real();
    }
    TestTensor expected(GetParam(), x_shape);
    for (int64_t i = 0; i < expected.numel(); ++i) expected.Set(i, sums[i]);
    for (const Strides strides : kAllStrides) {
      const auto [x_grad, y_grad] =
          Grads(x.With(strides), y.With(strides), seed.With(strides), 2, strides);
      for (int64_t i = 0; i < expected.numel(); ++i) {
        EXPECT_EQ(x_grad.Get(i).real(), expected.Get(i).real());
      }
      for (int64_t i = 0; i < y_grad.numel(); ++i) EXPECT_EQ(y_grad.Get(i).real(), 0);
    }
  }
}

TEST(CopysignGradTest, GradientsThatAreNotWanted) {
  const TestTensor x = TestTensor::Of(DType::kFloat32, {2}, {1, 2});
  EXPECT_TRUE(CopysignGrad(x.view(), x.view(), x.view(), nullptr, nullptr, {}).ok());
}

TEST(CopysignGradTest, Errors) {
  const TestTensor x(DType::kFloat32, {2});
  const TestTensor y(DType::kFloat32, {3, 2});
  TestTensor grad(DType::kFloat32, {2});
  const MutableTensorView view = grad.mutable_view();
  EXPECT_EQ(CopysignGrad(x.view(), y.view(), x.view(), &view, nullptr, {}).message,
            "the shapes of copysign(x, y) and out_grad must be equal, but they are [3, 2] and [2]");
  EXPECT_FALSE(CopysignGrad(x.view(), y.view(), y.view(), nullptr, &view, {}).ok());
  const TestTensor integers(DType::kInt32, {2});
  EXPECT_EQ(
      CopysignGrad(integers.view(), integers.view(), integers.view(), nullptr, nullptr, {}).code,
      StatusCode::kUnsupportedDType);
}

}  // namespace
}  // namespace paddlemend
