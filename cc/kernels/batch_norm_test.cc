#include "cc/kernels/batch_norm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cc/kernels/norm_checks.h"
#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.75;

double Precision(DType dtype) {
  if (dtype == DType::kFloat64) return 1e-13;
  return dtype == DType::kFloat32 ? 2e-6 : dtype == DType::kFloat16 ? 2e-3 : 2e-2;
}

/// Everything that a forward and a backward call read and write.
struct Call {
  Call(DType dtype, const Sizes& shape, int channel_axis, std::mt19937* random,
       Strides strides = Strides::kRowMajor)
      : axis(channel_axis),
        channels(shape[axis]),
        x(TestTensor::Random(dtype, shape, random, strides)),
        out_grad(TestTensor::Random(dtype, shape, random, strides)),
        mean(Parameter(random)),
        var(Parameter(random)),
        weight(Parameter(random)),
        bias(Parameter(random)),
        out(dtype, shape, strides),
        x_grad(dtype, shape, strides),
        mean_out(Result()),
        var_out(Result()),
        saved_mean(Result()),
        saved_inverse(Result()),
        weight_grad(Result()),
        bias_grad(Result()) {
    for (int64_t c = 0; c < channels; ++c) var.Set(c, std::abs(var.Get(c).real()) + 0.5);
  }

  TestTensor Result() const { return TestTensor(StatisticsDType(x.dtype()), {channels}); }
  TestTensor Parameter(std::mt19937* random) const {
    return TestTensor::Random(StatisticsDType(x.dtype()), {channels}, random);
  }

  Status Forward(bool by_batch, int threads = 1) {
    const TensorView weight_view = weight.view(), bias_view = bias.view();
    return BatchNorm(x.view(), mean.view(), var.view(), affine ? &weight_view : nullptr,
                     affine ? &bias_view : nullptr, by_batch, kMomentum, epsilon, axis,
                     out.mutable_view(), mean_out.mutable_view(), var_out.mutable_view(),
                     saved_mean.mutable_view(), saved_inverse.mutable_view(), {threads});
  }

  Status Backward(bool by_batch, int threads = 1) {
    const TensorView weight_view = weight.view();
    const MutableTensorView grads[] = {x_grad.mutable_view(), weight_grad.mutable_view(),
                                       bias_grad.mutable_view()};
    return BatchNormGrad(x.view(), out_grad.view(), affine ? &weight_view : nullptr, mean.view(),
                         var.view(), saved_mean.view(), saved_inverse.view(), by_batch, kEpsilon,
                         axis, &grads[0], &grads[1], &grads[2], {threads});
  }

  int axis;
  double epsilon = kEpsilon;  // of Forward
  int64_t channels;
  TestTensor x, out_grad, mean, var, weight, bias, out, x_grad;
  TestTensor mean_out, var_out, saved_mean, saved_inverse, weight_grad, bias_grad;
  bool affine = true;
};

/// The elements of one channel and what the formulas make of them, in float64.
struct Channel {
  Channel(const Call& call, int64_t channel, bool by_batch) {
    int64_t inner = 1;
    for (size_t d = call.axis + 1; d < call.x.shape().size(); ++d) inner *= call.x.shape()[d];
    for (int64_t first = channel * inner; first < call.x.numel(); first += call.channels * inner) {
      for (int64_t i = 0; i < inner; ++i) places.push_back(first + i);
    }
    for (const int64_t i : places) batch_mean += call.x.Get(i).real() / Count();
    for (const int64_t i : places) {
      batch_var += std::pow(call.x.Get(i).real() - batch_mean, 2) / Count();
    }
    mean = by_batch ? batch_mean : call.mean.Get(channel).real();
    inverse = 1 / std::sqrt((by_batch ? batch_var : call.var.Get(channel).real()) + kEpsilon);
    if (call.affine) weight = call.weight.Get(channel).real();
    if (call.affine) bias = call.bias.Get(channel).real();
    for (const int64_t i : places) {
      gradient += call.out_grad.Get(i).real();
      product += call.out_grad.Get(i).real() * Normalized(call, i);
    }
  }

  double Count() const { return static_cast<double>(places.size()); }
  double Normalized(const Call& call, int64_t i) const {
    return (call.x.Get(i).real() - mean) * inverse;
  }
  double Out(const Call& call, int64_t i) const { return Normalized(call, i) * weight + bias; }
  double XGrad(const Call& call, int64_t i, bool by_batch) const {
    double result = call.out_grad.Get(i).real();
    if (by_batch) result -= gradient / Count() + Normalized(call, i) * product / Count();
    return weight * inverse * result;
  }

  std::vector<int64_t> places;
  double batch_mean = 0, batch_var = 0, mean, inverse, weight = 1, bias = 0;
  double gradient = 0, product = 0;
};

void ExpectNear(const TestTensor& tensor, int64_t number, double expected, double precision) {
  EXPECT_NEAR(tensor.Get(number).real(), expected, precision * std::max(1.0, std::abs(expected)));
}

void ExpectRight(Call* call, bool by_batch) {
  ASSERT_TRUE(call->Forward(by_batch).ok());
  ASSERT_TRUE(call->Backward(by_batch).ok());
  const double precision = Precision(call->x.dtype());
  const double exact = Precision(StatisticsDType(call->x.dtype()));
  for (int64_t c = 0; c < call->channels; ++c) {
    const Channel channel(*call, c, by_batch);
    const double kept = by_batch ? kMomentum : 1;
    ExpectNear(call->mean_out, c, kept * call->mean.Get(c).real() + (1 - kept) * channel.batch_mean,
               exact);
    ExpectNear(call->var_out, c, kept * call->var.Get(c).real() + (1 - kept) * channel.batch_var,
               exact);
    ExpectNear(call->saved_mean, c, channel.mean, exact);
    ExpectNear(call->saved_inverse, c, channel.inverse, exact);
    ExpectNear(call->weight_grad, c, channel.product, exact * channel.Count());
    ExpectNear(call->bias_grad, c, channel.gradient, exact * channel.Count());
    for (const int64_t i : channel.places) {
      ExpectNear(call->out, i, channel.Out(*call, i), precision);
      ExpectNear(call->x_grad, i, channel.XGrad(*call, i, by_batch), 8 * precision);
    }
  }
}

struct ShapeAndAxis {
  Sizes shape;
  int axis;
};

/// Runs and columns; few, many and single channels; rows that fill vectors, and rests.
const ShapeAndAxis kShapes[] = {
    {{6, 3}, 1},       {{4, 3, 5}, 1},       {{4, 5, 3}, 2},     {{2, 3, 4, 5}, 1},
    {{2, 4, 5, 3}, 3}, {{2, 3, 2, 3, 2}, 1}, {{3, 40, 17}, 1},   {{2, 35, 16}, 1},
    {{2, 3, 5000}, 1}, {{70000, 1}, 1},      {{1, 1, 70000}, 1}, {{300, 300}, 1},
    {{257, 7}, 1},     {{131, 5, 3}, 1},     {{5, 70}, 0},       {{3, 33, 2100}, 1},
};

TEST(BatchNorm, GivesWhatTheFormulasSay) {
  std::mt19937 random(1);
  for (const DType dtype : kFloatingDTypes) {
    for (const ShapeAndAxis& of : kShapes) {
      for (const bool by_batch : {true, false}) {
        SCOPED_TRACE(DTypeName(dtype) + ShapeString(of.shape.data(), of.shape.size()));
        Call call(dtype, of.shape, of.axis, &random);
        ExpectRight(&call, by_batch);
      }
    }
  }
}

TEST(BatchNorm, TakesWeightAndBiasAsOnesAndZerosIfTheyAreMissing) {
  std::mt19937 random(2);
  Call call(DType::kFloat32, {4, 3, 5}, 1, &random);
  call.affine = false;
  ExpectRight(&call, true);
}

TEST(BatchNorm, AcceptsAnyStrides) {
  std::mt19937 random(3);
  for (const Strides strides : kAllStrides) {
    Call call(DType::kFloat32, {4, 3, 5}, 1, &random, strides);
    ExpectRight(&call, true);
    EXPECT_TRUE(call.out.GapsArePoison());
    EXPECT_TRUE(call.x_grad.GapsArePoison());
  }
}

TEST(BatchNorm, GivesEqualBitsForAnyNumberOfThreads) {
  std::mt19937 random(4);
  for (const ShapeAndAxis& of : {ShapeAndAxis{{2, 3, 200000}, 1}, ShapeAndAxis{{70000, 24}, 1},
                                 ShapeAndAxis{{8, 64, 400}, 1}}) {
    Call one(DType::kFloat32, of.shape, of.axis, &random);
    Call four = one;
    ASSERT_TRUE(one.Forward(true, 1).ok() && one.Backward(true, 1).ok());
    ASSERT_TRUE(four.Forward(true, 4).ok() && four.Backward(true, 4).ok());
    EXPECT_EQ(one.out.Bits(), four.out.Bits());
    EXPECT_EQ(one.x_grad.Bits(), four.x_grad.Bits());
    EXPECT_EQ(one.saved_inverse.Bits(), four.saved_inverse.Bits());
    EXPECT_EQ(one.weight_grad.Bits(), four.weight_grad.Bits());
  }
}

TEST(BatchNorm, KeepsItsPrecisionFarFromZero) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> distances(-1, 1);
  for (const Sizes& shape : {Sizes{64, 2, 100}, Sizes{6400, 2}}) {
    for (const double center : {1e3, 1e6, 1e8}) {
      Call call(DType::kFloat32, shape, 1, &random);
      for (int64_t i = 0; i < call.x.numel(); ++i) call.x.Set(i, center + distances(random) * 8);
      ASSERT_TRUE(call.Forward(true).ok());
      for (int64_t c = 0; c < 2; ++c) {
        const Channel channel(call, c, true);
        ExpectNear(call.saved_inverse, c, channel.inverse, 1e-6);
        for (const int64_t i : channel.places) ExpectNear(call.out, i, channel.Out(call, i), 1e-5);
      }
    }
  }
}

TEST(BatchNorm, SurvivesAnOutlierThatItMeasuresFrom) {
  std::mt19937 random(6);
  for (const Sizes& shape : {Sizes{1, 2, 1000}, Sizes{1000, 2}}) {
    Call call(DType::kFloat32, shape, 1, &random);
    call.x.Set(0, 1e18);
    ASSERT_TRUE(call.Forward(true).ok());
    const Channel channel(call, 0, true);
    EXPECT_NEAR(call.saved_inverse.Get(0).real() / channel.inverse, 1, 1e-6);
  }
}

TEST(BatchNorm, DoesNotOverflowWhereFloat32Does) {
  std::mt19937 random(7);
  for (const Sizes& shape : {Sizes{4, 2, 20}, Sizes{40, 2, 20}, Sizes{800, 2}}) {
    Call call(DType::kFloat32, shape, 1, &random);
    for (int64_t i = 0; i < call.x.numel(); ++i) call.x.Set(i, call.x.Get(i) * 1e30);
    ASSERT_TRUE(call.Forward(true).ok());
    const Channel channel(call, 0, true);
    for (const int64_t i : channel.places) ExpectNear(call.out, i, channel.Out(call, i), 1e-5);
  }
}

TEST(BatchNorm, SeesDistancesWhoseSquaresVanishInFloat32) {
  std::mt19937 random(12);
  for (const Sizes& shape : {Sizes{4, 2, 250}, Sizes{1000, 2}}) {
    Call call(DType::kFloat32, shape, 1, &random);
    for (int64_t i = 0; i < call.x.numel(); ++i) call.x.Set(i, i % 4 < 2 ? 1e-25 : -1e-25);
    call.epsilon = 0;
    ASSERT_TRUE(call.Forward(true).ok());
    EXPECT_NEAR(call.saved_inverse.Get(0).real(), 1e25, 1e21);
  }
}

TEST(BatchNorm, GradientsKeepWhatFloat32ProductsLose) {
  std::mt19937 random(10);
  for (const Sizes& shape : {Sizes{4, 2, 250}, Sizes{1000, 2}}) {
    Call call(DType::kFloat32, shape, 1, &random);
    for (int64_t i = 0; i < call.x.numel(); ++i) {
      call.x.Set(i, call.x.Get(i) * 1e-18);
      call.out_grad.Set(i, call.out_grad.Get(i) * 1e-24);
    }
    ASSERT_TRUE(call.Forward(true).ok() && call.Backward(true).ok());
    const Channel channel(call, 1, true);
    EXPECT_NEAR(call.weight_grad.Get(1).real() / channel.product, 1, 1e-4);
  }
}

TEST(BatchNorm, MeasuresWhereTheFirstRowsAreFarFromTheOthers) {
  std::mt19937 random(11);
  for (const Sizes& shape : {Sizes{10, 2, 100}, Sizes{1000, 2}}) {
    Call call(DType::kFloat32, shape, 1, &random);
    for (int64_t i = 0; i < call.x.numel() / 10; ++i) call.x.Set(i, call.x.Get(i) + 1e4);
    for (int64_t i = call.x.numel() / 10; i < call.x.numel(); ++i) {
      call.x.Set(i, call.x.Get(i) * 1e-3);
    }
    ASSERT_TRUE(call.Forward(true).ok());
    const Channel channel(call, 0, true);
    EXPECT_NEAR(call.saved_inverse.Get(0).real() / channel.inverse, 1, 1e-6);
  }
}

TEST(BatchNorm, KeepsNaNInItsChannel) {
  std::mt19937 random(8);
  for (const Sizes& shape : {Sizes{4, 2, 20}, Sizes{80, 2}}) {
    Call call(DType::kFloat32, shape, 1, &random);
    call.x.Set(0, std::nan(""));
    ASSERT_TRUE(call.Forward(true).ok());
    EXPECT_TRUE(std::isnan(call.out.Get(0).real()));
    EXPECT_TRUE(std::isnan(call.var_out.Get(0).real()));
    EXPECT_FALSE(std::isnan(call.mean_out.Get(1).real()));
  }
}

TEST(BatchNorm, PassesOneValueAChannelThrough) {
  std::mt19937 random(9);
  Call call(DType::kFloat32, {1, 3, 1}, 1, &random);
  ASSERT_TRUE(call.Forward(true).ok());
  ASSERT_TRUE(call.Backward(true).ok());
  EXPECT_EQ(call.out.Bits(), call.x.Bits());
  EXPECT_EQ(call.x_grad.Bits(), call.out_grad.Bits());
  EXPECT_EQ(call.mean_out.Bits(), call.mean.Bits());
  EXPECT_EQ(call.var_out.Bits(), call.var.Bits());
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(call.saved_inverse.Get(c).real(), 0);
    EXPECT_EQ(call.weight_grad.Get(c).real(), 0);
  }
}

TEST(BatchNorm, LeavesTheRunningStatisticsOfAnEmptyBatchAlone) {
  std::mt19937 random(10);
  for (const Sizes& shape : {Sizes{0, 3}, Sizes{2, 3, 0}, Sizes{0, 3, 2, 2}}) {
    for (const bool by_batch : {true, false}) {
      Call call(DType::kFloat32, shape, 1, &random);
      ASSERT_TRUE(call.Forward(by_batch).ok());
      ASSERT_TRUE(call.Backward(by_batch).ok());
      EXPECT_EQ(call.mean_out.Bits(), call.mean.Bits());
      EXPECT_EQ(call.var_out.Bits(), call.var.Bits());
      for (int c = 0; c < 3; ++c) {
        EXPECT_EQ(call.saved_mean.Get(c).real(), 0);
        EXPECT_EQ(call.weight_grad.Get(c).real(), 0);
        EXPECT_EQ(call.bias_grad.Get(c).real(), 0);
      }
    }
  }
}

TEST(BatchNorm, AcceptsNoChannels) {
  std::mt19937 random(11);
  Call call(DType::kFloat32, {2, 0, 4}, 1, &random);
  EXPECT_TRUE(call.Forward(true).ok());
  EXPECT_TRUE(call.Backward(true).ok());
}

TEST(BatchNorm, WorksInPlace) {
  std::mt19937 random(12);
  for (const ShapeAndAxis& of : {ShapeAndAxis{{2, 40, 20}, 1}, ShapeAndAxis{{20, 40}, 1}}) {
    Call apart(DType::kFloat32, of.shape, of.axis, &random);
    Call in_place = apart;
    ASSERT_TRUE(apart.Forward(true).ok() && apart.Backward(true).ok());
    in_place.saved_mean = apart.saved_mean;
    in_place.saved_inverse = apart.saved_inverse;
    const MutableTensorView grad = in_place.out_grad.mutable_view();
    const TensorView weight = in_place.weight.view(), bias = in_place.bias.view();
    ASSERT_TRUE(BatchNormGrad(in_place.x.view(), grad.AsConst(), &weight, in_place.mean.view(),
                              in_place.var.view(), in_place.saved_mean.view(),
                              in_place.saved_inverse.view(), true, kEpsilon, of.axis, &grad,
                              nullptr, nullptr, {1})
                    .ok());
    EXPECT_EQ(in_place.out_grad.Bits(), apart.x_grad.Bits());
    ASSERT_TRUE(BatchNorm(in_place.x.view(), in_place.mean.view(), in_place.var.view(), &weight,
                          &bias, true, kMomentum, kEpsilon, of.axis, in_place.x.mutable_view(),
                          in_place.mean.mutable_view(), in_place.var.mutable_view(),
                          in_place.saved_mean.mutable_view(), in_place.saved_inverse.mutable_view(),
                          {1})
                    .ok());
    EXPECT_EQ(in_place.x.Bits(), apart.out.Bits());
    EXPECT_EQ(in_place.mean.Bits(), apart.mean_out.Bits());
    EXPECT_EQ(in_place.var.Bits(), apart.var_out.Bits());
  }
}

std::string ForwardError(Call call) { return call.Forward(true).message; }

TEST(BatchNorm, RefusesWhatDoesNotFit) {
  std::mt19937 random(13);
  const Call legal(DType::kFloat32, {4, 3}, 1, &random);
  Call call = legal;
  call.mean = TestTensor(DType::kFloat32, {2});
  EXPECT_EQ(ForwardError(call),
            "the shape of running_mean is [2], expected [3], the channels of x");
  call = legal;
  call.var = TestTensor(DType::kFloat32, {3, 1});
  EXPECT_EQ(ForwardError(call),
            "the shape of running_var is [3, 1], expected [3], the channels of x");
  call = legal;
  call.weight = TestTensor(DType::kFloat64, {3});
  EXPECT_EQ(ForwardError(call),
            "the dtype of weight is float64, expected float32 for x of float32");
  call = legal;
  call.axis = 2;
  EXPECT_EQ(ForwardError(call), "channel_axis is 2, expected -2 <= channel_axis < 2");
  call = legal;
  call.x = TestTensor(DType::kInt32, {4, 3});
  EXPECT_EQ(ForwardError(call),
            "the dtype of x is int32, expected float16, bfloat16, float32 or float64");
  call = legal;
  call.x = TestTensor(DType::kFloat32, {3});
  EXPECT_EQ(ForwardError(call), "the shape of x is [3], expected two dimensions or more");
  call = legal;
  call.out = TestTensor(DType::kFloat32, {3, 4});
  EXPECT_FALSE(call.Forward(true).ok());
  call = legal;
  call.weight_grad = TestTensor(DType::kFloat32, {4});
  EXPECT_FALSE(call.Backward(true).ok());
}

}  // namespace
}  // namespace paddlemend
