#include "cc/kernels/conv2d.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cc/kernels/conv2d_transpose.h"
#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

struct Case {
  Sizes x;       // [n, channels, height, width]
  Sizes weight;  // [filters, channels / groups, taps, taps]
  Sizes stride = {1, 1};
  Sizes padding = {0, 0};
  Sizes dilation = {1, 1};
  int64_t groups = 1;
};

const std::vector<Case> kCases = {
    {{2, 3, 5, 6}, {4, 3, 3, 3}},
    {{1, 4, 9, 7}, {6, 2, 3, 2}, {2, 1}, {1, 2}, {1, 2}, 2},
    {{2, 6, 8, 9}, {6, 1, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 6},
    {{2, 3, 7, 8}, {6, 1, 2, 4}, {2, 3}, {1, 0, 2, 3}, {2, 1}, 3},
    {{3, 8, 20, 30}, {5, 8, 1, 1}},
    {{9, 16, 4, 4}, {7, 16, 3, 3}, {1, 1}, {1, 1}},
    {{1, 2, 60, 70}, {3, 2, 5, 5}, {1, 1}, {2, 2}},
    {{0, 2, 3, 3}, {4, 2, 2, 2}},
    {{2, 0, 3, 3}, {4, 0, 2, 2}},
    {{2, 3, 3, 3}, {0, 3, 2, 2}},
    {{1, 1, 0, 2}, {1, 1, 1, 1}, {2, 2}},
    {{1, 1, 0, 2}, {1, 1, 1, 1}, {1, 1}, {1, 1}},
};

IntSpan Span(const Sizes& sizes) { return {sizes.data(), static_cast<int64_t>(sizes.size())}; }

class Numbers {
 public:
  explicit Numbers(const Case& c) : c_(c) {}

  Sizes OutShape() const {
    Sizes shape = {c_.x[0], c_.weight[0], 0, 0};
    for (int i : {0, 1}) {
      const int64_t room = c_.x[2 + i] + Before(i) + After(i) - Extent(i);
      shape[2 + i] = room < 0 ? 0 : room / c_.stride[i] + 1;
    }
    return shape;
  }

  /// Calls function(element of x, of weight, of out) for every product; elements in NCHW order.
  template <typename Function>
  void ForEachProduct(const Function& function) const {
    const Sizes out = OutShape();
    const int64_t channels = c_.weight[1];
    const int64_t filters = c_.weight[0] / c_.groups;
    for (int64_t n = 0; n < out[0]; ++n) {
      for (int64_t k = 0; k < out[1]; ++k) {
        for (int64_t c = 0; c < channels; ++c) {
          const int64_t x_plane = n * c_.x[1] + k / filters * channels + c;
          ForEachPlaneProduct(out, [&](int64_t x, int64_t weight, int64_t position) {
            function(x_plane * c_.x[2] * c_.x[3] + x,
                     (k * channels + c) * c_.weight[2] * c_.weight[3] + weight,
                     (n * out[1] + k) * out[2] * out[3] + position);
          });
        }
      }
    }
  }

 private:
  int64_t Before(int i) const { return c_.padding[c_.padding.size() == 2 ? i : 2 * i]; }
  int64_t After(int i) const { return c_.padding[c_.padding.size() == 2 ? i : 2 * i + 1]; }
  int64_t Extent(int i) const { return (c_.weight[2 + i] - 1) * c_.dilation[i] + 1; }

  template <typename Function>
  void ForEachPlaneProduct(const Sizes& out, const Function& function) const {
    for (int64_t row = 0; row < out[2]; ++row) {
      for (int64_t column = 0; column < out[3]; ++column) {
        for (int64_t tap = 0; tap < c_.weight[2] * c_.weight[3]; ++tap) {
          const int64_t i = row * c_.stride[0] - Before(0) + tap / c_.weight[3] * c_.dilation[0];
          const int64_t j = column * c_.stride[1] - Before(1) + tap % c_.weight[3] * c_.dilation[1];
          if (i < 0 || i >= c_.x[2] || j < 0 || j >= c_.x[3]) continue;
          function(i * c_.x[3] + j, tap, row * out[3] + column);
        }
      }
    }
  }

  const Case& c_;
};

void ExpectNear(const TestTensor& actual, const std::vector<double>& expected, DType dtype) {
  const double relative = dtype == DType::kFloat16 ? 1e-3 : dtype == DType::kBFloat16 ? 8e-3 : 1e-6;
  ASSERT_EQ(actual.numel(), static_cast<int64_t>(expected.size()));
  for (int64_t i = 0; i < actual.numel(); ++i) {
    ASSERT_NEAR(actual.Get(i).real(), expected[i], 1e-6 + relative * std::abs(expected[i])) << i;
  }
}

/// Sizes on both sides of the numbers of filters and positions that one loop makes; with `many` of
/// both channels and filters, so that vectors hold filters.
Case RandomCase(bool many, std::mt19937* random) {
  const auto draw = [&](int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(*random);
  };
  Case c;
  c.groups = draw(1, 3);
  c.stride = {draw(1, 3), draw(1, 3)};
  c.dilation = {draw(1, 3), draw(1, 3)};
  c.padding = {draw(0, 3), draw(0, 3), draw(0, 3), draw(0, 3)};
  c.weight = {c.groups * draw(1, 13), draw(1, 5), draw(1, 4), draw(1, 4)};
  if (many) c.weight = {c.groups * draw(6, 70), draw(8, 31), draw(1, 3), draw(1, 3)};
  c.x = {many ? draw(1, 3) : draw(1, 10), c.groups * c.weight[1], 0, 0};
  for (int i : {0, 1}) {
    c.x[2 + i] = (c.weight[2 + i] - 1) * c.dilation[i] + 1 + draw(0, i == 0 || many ? 12 : 60);
  }
  return c;
}

std::vector<Case> AllCases() {
  std::vector<Case> cases = kCases;
  std::mt19937 random(4);
  for (int i = 0; i < 38; ++i) cases.push_back(RandomCase(i >= 30, &random));
  // A row of more positions than are summed up at a time.
  cases.push_back({{1, 8, 3, 300}, {16, 8, 2, 2}});
  // More filters, and more of an image, than are kept in a cache; many products in a row.
  cases.push_back({{2, 128, 20, 40}, {70, 128, 3, 3}, {1, 1}, {1, 1}});
  cases.push_back({{9, 96, 7, 7}, {100, 96, 3, 3}, {1, 1}, {1, 1}});
  return cases;
}

TEST(Conv2dTest, SumsProductsAndTheirAdjoints) {
  std::mt19937 random(1);
  for (const Case& c : AllCases()) {
    const bool is_large = c.x[1] > 64;
    for (const DType dtype : kFloatingDTypes) {
      if (is_large && dtype != DType::kFloat32) continue;
      const Numbers numbers(c);
      const Sizes shape = numbers.OutShape();
      const TestTensor x = TestTensor::Random(dtype, c.x, &random);
      const TestTensor weight = TestTensor::Random(dtype, c.weight, &random);
      const TestTensor out_grad = TestTensor::Random(dtype, shape, &random);
      const TestTensor bias = TestTensor::Random(dtype, {shape[1]}, &random);
      std::vector<double> out(out_grad.numel()), x_grad(x.numel()), weight_grad(weight.numel());
      std::vector<double> bias_grad(shape[1]);
      for (size_t i = 0; i < out.size(); ++i) {
        const int64_t k = static_cast<int64_t>(i) / (shape[2] * shape[3]) % shape[1];
        out[i] = bias.Get(k).real();
        bias_grad[k] += out_grad.Get(i).real();
      }
      numbers.ForEachProduct([&](int64_t i, int64_t w, int64_t o) {
        out[o] += x.Get(i).real() * weight.Get(w).real();
        x_grad[i] += out_grad.Get(o).real() * weight.Get(w).real();
        weight_grad[w] += out_grad.Get(o).real() * x.Get(i).real();
      });
      TestTensor results[] = {TestTensor(dtype, shape), TestTensor(dtype, c.x, Strides::kGaps),
                              TestTensor(dtype, c.weight), TestTensor(dtype, {shape[1]})};
      const MutableTensorView views[] = {results[0].mutable_view(), results[1].mutable_view(),
                                         results[2].mutable_view(), results[3].mutable_view()};
      const TestTensor strided = x.With(Strides::kBackwards);
      const TensorView bias_view = bias.view();
      Status status =
          Conv2d(strided.view(), weight.view(), &bias_view, Span(c.stride), Span(c.padding),
                 "EXPLICIT", Span(c.dilation), c.groups, "NCHW", views[0], {2});
      ASSERT_TRUE(status.ok()) << status.message;
      status = Conv2dGrad(x.view(), weight.view(), out_grad.view(), Span(c.stride), Span(c.padding),
                          "EXPLICIT", Span(c.dilation), c.groups, "NCHW", &views[1], &views[2],
                          &views[3], {2});
      ASSERT_TRUE(status.ok()) << status.message;
      ExpectNear(results[0], out, dtype);
      ExpectNear(results[1], x_grad, dtype);
      ExpectNear(results[2], weight_grad, dtype);
      ExpectNear(results[3], bias_grad, dtype);
      EXPECT_TRUE(results[1].GapsArePoison());
    }
  }
}

TEST(Conv2dTest, IsTheSameForAnyNumberOfThreads) {
  std::mt19937 random(2);
  const Sizes ones = {1, 1};
  const TestTensor x = TestTensor::Random(DType::kFloat32, {5, 8, 30, 31}, &random);
  const TestTensor weight = TestTensor::Random(DType::kFloat32, {8, 8, 3, 3}, &random);
  const TestTensor out_grad = TestTensor::Random(DType::kFloat32, {5, 8, 30, 31}, &random);
  std::string bits[3];
  for (const int threads : {1, 2, 3}) {
    TestTensor out(DType::kFloat32, {5, 8, 30, 31}), x_grad = out;
    TestTensor weight_grad(DType::kFloat32, {8, 8, 3, 3});
    const MutableTensorView views[] = {x_grad.mutable_view(), weight_grad.mutable_view()};
    ASSERT_TRUE(Conv2d(x.view(), weight.view(), nullptr, Span(ones), Span(ones), "EXPLICIT",
                       Span(ones), 1, "NCHW", out.mutable_view(), {threads})
                    .ok());
    ASSERT_TRUE(Conv2dGrad(x.view(), weight.view(), out_grad.view(), Span(ones), Span(ones),
                           "EXPLICIT", Span(ones), 1, "NCHW", &views[0], &views[1], nullptr,
                           {threads})
                    .ok());
    bits[threads - 1] = out.Bits() + x_grad.Bits() + weight_grad.Bits();
  }
  EXPECT_EQ(bits[0], bits[1]);
  EXPECT_EQ(bits[0], bits[2]);
}

TEST(Conv2dTest, WhatIsNotFiniteReachesItsOwnTapsAlone) {
  std::mt19937 random(5);
  const Sizes ones = {1, 1}, none = {0, 0};
  for (const double special : {HUGE_VAL, std::nan("")}) {
    TestTensor x = TestTensor::Random(DType::kFloat32, {1, 1, 5, 20}, &random);
    const TestTensor weight = TestTensor::Random(DType::kFloat32, {1, 1, 2, 3}, &random);
    const TestTensor out_grad = TestTensor::Random(DType::kFloat32, {1, 1, 4, 18}, &random);
    x.Set(0, special);
    TestTensor weight_grad(DType::kFloat32, {1, 1, 2, 3});
    const MutableTensorView view = weight_grad.mutable_view();
    ASSERT_TRUE(Conv2dGrad(x.view(), weight.view(), out_grad.view(), Span(ones), Span(none),
                           "EXPLICIT", Span(ones), 1, "NCHW", nullptr, &view, nullptr, {1})
                    .ok());
    for (int64_t tap = 0; tap < 6; ++tap) {
      EXPECT_EQ(std::isfinite(weight_grad.Get(tap).real()), tap != 0) << tap;
    }
  }
}

/// Zeros beyond the maps are not to be multiplied with a filter.
TEST(Conv2dTest, AFilterThatIsNotFiniteReachesThePixelsOfItsTapsAlone) {
  std::mt19937 random(6);
  const Sizes none = {0, 0}, ones = {1, 1};
  for (const int64_t stride : {1, 2}) {
    const Sizes strides = {stride, stride};
    const Sizes maps = {1, 1, 9, 9}, pixels = {1, 1, 8 * stride + 3, 8 * stride + 3};
    TestTensor weight = TestTensor::Random(DType::kFloat32, {1, 1, 3, 3}, &random);
    weight.Set(0, INFINITY);
    TestTensor x_grad(DType::kFloat32, pixels);
    const MutableTensorView view = x_grad.mutable_view();
    TestTensor out_grad(DType::kFloat32, maps);
    for (int64_t i = 0; i < out_grad.numel(); ++i) out_grad.Set(i, 1);
    const Status status = Conv2dGrad(
        TestTensor::Random(DType::kFloat32, pixels, &random).view(), weight.view(), out_grad.view(),
        Span(strides), Span(none), "EXPLICIT", Span(ones), 1, "NCHW", &view, nullptr, nullptr, {1});
    ASSERT_TRUE(status.ok()) << status.message;
    for (int64_t i = 0; i < x_grad.numel(); ++i) {
      const int64_t row = i / pixels[3], column = i % pixels[3];
      const bool meets =
          row % stride == 0 && column % stride == 0 && std::max(row, column) / stride < maps[3];
      EXPECT_EQ(std::isinf(x_grad.Get(i).real()), meets) << row << " " << column;
      EXPECT_FALSE(std::isnan(x_grad.Get(i).real())) << row << " " << column;
    }
  }
}

TEST(Conv2dTest, RefusesWhatDoesNotFit) {
  const Sizes ones = {1, 1}, none = {0, 0};
  const auto refusal = [&](const Sizes& x, const Sizes& weight, const Sizes& stride,
                           int64_t groups) {
    Shape shape;
    return Conv2dShape(TestTensor(DType::kFloat32, x).view(),
                       TestTensor(DType::kFloat32, weight).view(), Span(stride), Span(none),
                       "EXPLICIT", Span(ones), groups, "NCHW", &shape)
        .message;
  };
  EXPECT_EQ(refusal({1, 2, 3, 3}, {4, 2, 3, 3}, ones, 1), "");
  EXPECT_NE(refusal({1, 2, 3, 3}, {4, 2, 4, 3}, ones, 1).find("weight"), std::string::npos);
  EXPECT_NE(refusal({1, 2, 3, 3}, {4, 2, 0, 3}, ones, 1).find("empty"), std::string::npos);
  EXPECT_NE(refusal({1, 2, 3, 3}, {4, 1, 3, 3}, ones, 1).find("channels"), std::string::npos);
  EXPECT_NE(refusal({1, 2, 3, 3}, {3, 1, 3, 3}, ones, 2).find("groups"), std::string::npos);
  EXPECT_NE(refusal({1, 2, 3, 3}, {4, 2, 3, 3}, ones, 0).find("groups"), std::string::npos);
  EXPECT_NE(refusal({1, 2, 3, 3}, {4, 2, 3, 3}, none, 1).find("stride"), std::string::npos);
  EXPECT_NE(refusal({2, 3, 3}, {4, 2, 3, 3}, ones, 1).find("4 dimensions"), std::string::npos);
}

TEST(Conv2dTransposeTest, IsTheAdjointInBothLayouts) {
  std::mt19937 random(3);
  const Sizes ones = {1, 1}, twos = {2, 2}, size = {8, 9};
  const TestTensor image = TestTensor::Random(DType::kFloat64, {2, 8, 9, 3}, &random);
  const TestTensor weight = TestTensor::Random(DType::kFloat64, {4, 3, 3, 3}, &random);
  const TestTensor map = TestTensor::Random(DType::kFloat64, {2, 4, 5, 4}, &random);
  TestTensor maps(DType::kFloat64, {2, 4, 5, 4}), images(DType::kFloat64, {2, 8, 9, 3});
  ASSERT_TRUE(Conv2d(image.view(), weight.view(), nullptr, Span(twos), Span(ones), "EXPLICIT",
                     Span(ones), 1, "NHWC", maps.mutable_view(), {1})
                  .ok());
  ASSERT_TRUE(Conv2dTranspose(map.view(), weight.view(), nullptr, Span(twos), Span(ones),
                              "EXPLICIT", IntSpan{nullptr, 0}, Span(size), Span(ones), 1, "NHWC",
                              images.mutable_view(), {1})
                  .ok());
  double a = 0, b = 0;
  for (int64_t i = 0; i < maps.numel(); ++i) a += maps.Get(i).real() * map.Get(i).real();
  for (int64_t i = 0; i < images.numel(); ++i) b += images.Get(i).real() * image.Get(i).real();
  EXPECT_NEAR(a, b, 1e-9 * std::abs(a));
}

TEST(Conv2dTransposeTest, RefusesSizesOutOfTheirInterval) {
  const Sizes ones = {1, 1}, twos = {2, 2};
  const auto refusal = [&](const Sizes& padding, const Sizes& output_size) {
    Shape shape;
    return Conv2dTransposeShape(TestTensor(DType::kFloat32, {1, 2, 3, 3}).view(),
                                TestTensor(DType::kFloat32, {2, 2, 1, 1}).view(), Span(twos),
                                Span(padding), "EXPLICIT", IntSpan{nullptr, 0}, Span(output_size),
                                Span(ones), 1, "NCHW", &shape)
        .message;
  };
  EXPECT_EQ(refusal({0, 0}, {5, 6}), "");
  EXPECT_NE(refusal({0, 0}, {5, 7}).find("output_size"), std::string::npos);
  EXPECT_NE(refusal({0, 0}, {4, 5}).find("output_size"), std::string::npos);
  EXPECT_NE(refusal({3, 3}, {}).find("padding"), std::string::npos);
}

}  // namespace
}  // namespace paddlemend
