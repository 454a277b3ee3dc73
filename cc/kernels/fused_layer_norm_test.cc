#include "cc/kernels/fused_layer_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "cc/kernels/norm_checks.h"
#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

constexpr double kEpsilon = 1e-5;
constexpr double kAlpha = 0.75;

double Precision(DType dtype) {
  if (dtype == DType::kFloat64) return 1e-14;
  return dtype == DType::kFloat32 ? 1e-6 : dtype == DType::kFloat16 ? 1e-3 : 8e-3;
}

/// A view of an argument, or null for one that is not there.
class MaybeView {
 public:
  explicit MaybeView(const std::unique_ptr<TestTensor>& tensor) : is_there_(tensor != nullptr) {
    if (is_there_) view_ = tensor->view();
  }
  const TensorView* get() const { return is_there_ ? &view_ : nullptr; }

 private:
  bool is_there_;
  TensorView view_;
};

struct Call {
  Call(DType dtype, const Sizes& shape, int64_t begin_norm_axis, std::mt19937* random,
       Strides strides = Strides::kRowMajor)
      : axis(begin_norm_axis),
        x(TestTensor::Random(dtype, shape, random, strides)),
        out(dtype, shape, strides),
        residual_out(dtype, shape, strides),
        mean(StatisticsDType(dtype), {Rows()}),
        inverse(StatisticsDType(dtype), {Rows()}) {}

  int64_t Rows() const { return Product(0, axis); }
  int64_t Columns() const { return Product(axis, x.shape().size()); }
  int64_t Product(int64_t from, int64_t to) const {
    int64_t product = 1;
    for (int64_t d = from; d < to; ++d) product *= x.shape()[d];
    return product;
  }

  void AddNorm(std::mt19937* random) {
    norm_weight = Parameter(StatisticsDType(x.dtype()), random);
    norm_bias = Parameter(StatisticsDType(x.dtype()), random);
  }
  void AddBias(std::mt19937* random) { bias = Parameter(x.dtype(), random); }
  void AddResidual(std::mt19937* random) {
    residual = std::make_unique<TestTensor>(TestTensor::Random(x.dtype(), x.shape(), random));
  }
  std::unique_ptr<TestTensor> Parameter(DType dtype, std::mt19937* random) const {
    return std::make_unique<TestTensor>(TestTensor::Random(dtype, {Columns()}, random));
  }

  Status Run(int threads = 1) {
    const MaybeView weight(norm_weight), shift(norm_bias), bias_view(bias), more(residual);
    const MutableTensorView sums = residual_out.mutable_view(), means = mean.mutable_view(),
                            inverses = inverse.mutable_view();
    return FusedLayerNorm(x.view(), weight.get(), shift.get(), bias_view.get(), more.get(),
                          kEpsilon, kAlpha, axis, out.mutable_view(), &sums, &means, &inverses,
                          {threads});
  }

  Status RunQuantized(TestTensor* quantized, double scale, int64_t round_type, double low,
                      double high = 127) {
    const MaybeView bias_view(bias), more(residual);
    return FusedLayerNormQuantized(x.view(), norm_weight->view(), norm_bias->view(),
                                   bias_view.get(), more.get(), kEpsilon, kAlpha, axis, scale,
                                   round_type, high, low, quantized->mutable_view(), nullptr,
                                   nullptr, nullptr, {1});
  }

  double SumAt(int64_t number) const {
    double sum = x.Get(number).real();
    if (bias != nullptr) sum += bias->Get(number % Columns()).real();
    if (residual != nullptr) sum += kAlpha * residual->Get(number).real();
    return sum;
  }

  int64_t axis;
  TestTensor x, out, residual_out, mean, inverse;
  std::unique_ptr<TestTensor> norm_weight, norm_bias, bias, residual;
};

/// Moments of a row in float64.
struct Row {
  Row(const Call& call, int64_t number) : first(number * call.Columns()) {
    const double count = static_cast<double>(call.Columns());
    for (int64_t i = 0; i < call.Columns(); ++i) mean += call.SumAt(first + i) / count;
    double variance = 0;
    for (int64_t i = 0; i < call.Columns(); ++i) {
      variance += std::pow(call.SumAt(first + i) - mean, 2) / count;
    }
    inverse = 1 / std::sqrt(variance + kEpsilon);
  }

  double Out(const Call& call, int64_t i) const {
    double value = (call.SumAt(first + i) - mean) * inverse;
    if (call.norm_weight != nullptr) value *= call.norm_weight->Get(i).real();
    if (call.norm_bias != nullptr) value += call.norm_bias->Get(i).real();
    return value;
  }

  int64_t first;
  double mean = 0, inverse;
};

void ExpectNear(const TestTensor& tensor, int64_t number, double expected, double precision) {
  EXPECT_NEAR(tensor.Get(number).real(), expected, precision * std::max(4.0, std::abs(expected)));
}

void ExpectRight(Call* call) {
  ASSERT_TRUE(call->Run().ok());
  const double precision = Precision(call->x.dtype());
  const double exact = Precision(StatisticsDType(call->x.dtype()));
  const bool normalizes = call->norm_weight != nullptr || call->norm_bias != nullptr;
  for (int64_t r = 0; r < call->Rows(); ++r) {
    const Row row(*call, r);
    ExpectNear(call->mean, r, normalizes ? row.mean : 0, exact);
    ExpectNear(call->inverse, r, normalizes ? row.inverse : 0, exact);
    for (int64_t i = 0; i < call->Columns(); ++i) {
      const int64_t number = row.first + i;
      ExpectNear(call->residual_out, number, call->SumAt(number), precision);
      ExpectNear(call->out, number, normalizes ? row.Out(*call, i) : call->SumAt(number),
                 precision);
    }
  }
}

TEST(FusedLayerNorm, GivesWhatTheFormulasSay) {
  std::mt19937 random(1);
  for (const DType dtype : kFloatingDTypes) {
    for (int terms = 0; terms < 8; ++terms) {
      for (const int64_t axis : {0, 1, 2}) {
        SCOPED_TRACE(testing::Message() << DTypeName(dtype) << " " << terms << " " << axis);
        Call call(dtype, {3, 5, 11}, axis, &random);
        if (terms & 1) call.AddNorm(&random);
        if (terms & 2) call.AddBias(&random);
        if (terms & 4) call.AddResidual(&random);
        ExpectRight(&call);
      }
    }
  }
}

TEST(FusedLayerNorm, TakesOneOfWeightAndBias) {
  std::mt19937 random(2);
  for (const bool has_weight : {true, false}) {
    Call call(DType::kFloat32, {4, 7}, 1, &random);
    call.AddNorm(&random);
    (has_weight ? call.norm_bias : call.norm_weight) = nullptr;
    ExpectRight(&call);
  }
}

TEST(FusedLayerNorm, NormalizesLongRows) {
  std::mt19937 random(3);
  Call call(DType::kFloat32, {2, 40003}, 1, &random);
  call.AddNorm(&random);
  ExpectRight(&call);
}

TEST(FusedLayerNorm, AcceptsAnyStrides) {
  std::mt19937 random(4);
  for (const Strides strides : kAllStrides) {
    Call call(DType::kFloat32, {4, 7}, 1, &random, strides);
    call.AddNorm(&random);
    call.AddResidual(&random);
    ExpectRight(&call);
    EXPECT_TRUE(call.out.GapsArePoison());
  }
}

TEST(FusedLayerNorm, TakesABiasOfTheShapeOfTheColumns) {
  std::mt19937 random(5);
  Call call(DType::kFloat32, {2, 3, 4}, 1, &random);
  call.AddNorm(&random);
  call.AddBias(&random);
  ASSERT_TRUE(call.Run().ok());
  const std::string flat = call.out.Bits();
  TestTensor shaped(DType::kFloat32, {3, 4});
  for (int64_t i = 0; i < 12; ++i) shaped.Set(i, call.bias->Get(i));
  *call.bias = shaped;
  ASSERT_TRUE(call.Run().ok());
  EXPECT_EQ(call.out.Bits(), flat);
}

TEST(FusedLayerNorm, KeepsItsPrecisionFarFromZero) {
  std::mt19937 random(6);
  for (const int64_t columns : {100, 300}) {
    for (const double center : {1e3, 1e4, 1e6}) {
      Call call(DType::kFloat32, {3, columns}, 1, &random);
      for (int64_t i = 0; i < call.x.numel(); ++i) call.x.Set(i, call.x.Get(i) + center);
      call.AddNorm(&random);
      ExpectRight(&call);
    }
  }
}

TEST(FusedLayerNorm, SeesDistancesWhoseSquaresVanishInFloat32) {
  std::mt19937 random(11);
  Call call(DType::kFloat32, {1, 256}, 1, &random);
  for (int64_t i = 0; i < 256; ++i) call.x.Set(i, i % 2 == 0 ? 1e-25 : -1e-25);
  const MutableTensorView inverse = call.inverse.mutable_view();
  call.AddNorm(&random);
  const TensorView weight = call.norm_weight->view();
  ASSERT_TRUE(FusedLayerNorm(call.x.view(), &weight, nullptr, nullptr, nullptr, 0.0, 1.0, 1,
                             call.out.mutable_view(), nullptr, nullptr, &inverse, {1})
                  .ok());
  EXPECT_NEAR(call.inverse.Get(0).real(), 1e25, 1e19);
}

TEST(FusedLayerNorm, GivesEqualBitsForAnyNumberOfThreads) {
  std::mt19937 random(7);
  Call call(DType::kFloat32, {700, 100}, 1, &random);
  call.AddNorm(&random);
  call.AddResidual(&random);
  ASSERT_TRUE(call.Run(1).ok());
  const std::string one = call.out.Bits() + call.mean.Bits();
  ASSERT_TRUE(call.Run(4).ok());
  EXPECT_EQ(call.out.Bits() + call.mean.Bits(), one);
}

TEST(FusedLayerNorm, FillsMomentsWhereThereIsNothingToNormalize) {
  std::mt19937 random(8);
  for (const Sizes& shape : {Sizes{4, 0}, Sizes{0, 4}}) {
    Call call(DType::kFloat32, shape, 1, &random);
    call.AddNorm(&random);
    ASSERT_TRUE(call.Run().ok());
    for (int64_t r = 0; r < call.Rows(); ++r) {
      EXPECT_EQ(call.mean.Get(r).real(), 0);
      EXPECT_EQ(call.inverse.Get(r).real(), 0);
    }
  }
}

TEST(FusedLayerNormQuantized, RoundsAndClips) {
  std::mt19937 random(9);
  Call call(DType::kFloat32, {1, 4}, 1, &random);
  call.x = TestTensor::Of(DType::kFloat32, {1, 4}, {-1, 1, -1, 1});
  call.norm_weight =
      std::make_unique<TestTensor>(TestTensor::Of(DType::kFloat32, {4}, {0, 0, 0, 0}));
  call.norm_bias =
      std::make_unique<TestTensor>(TestTensor::Of(DType::kFloat32, {4}, {2.5, -2.5, 300, -300}));
  TestTensor quantized(DType::kInt8, {1, 4});
  ASSERT_TRUE(call.RunQuantized(&quantized, 1 / 127.0, 0, -128).ok());
  EXPECT_EQ(quantized.Bits(), std::string("\x02\xfe\x7f\x80", 4));
  ASSERT_TRUE(call.RunQuantized(&quantized, 1 / 127.0, 1, -100).ok());
  EXPECT_EQ(quantized.Bits(), std::string("\x03\xfd\x7f\x9c", 4));
  call.norm_bias->Set(0, std::nan(""));
  ASSERT_TRUE(call.RunQuantized(&quantized, 1 / 127.0, 1, -100).ok());
  EXPECT_EQ(quantized.Get(0).real(), 0);
}

TEST(FusedLayerNormQuantized, RefusesOtherWaysToRound) {
  std::mt19937 random(10);
  Call call(DType::kFloat32, {2, 4}, 1, &random);
  call.AddNorm(&random);
  TestTensor quantized(DType::kInt8, {2, 4});
  EXPECT_EQ(call.RunQuantized(&quantized, 0, 0, -127).message,
            "scale is 0, expected a positive number");
  EXPECT_EQ(call.RunQuantized(&quantized, 1, 2, -127).message, "round_type is 2, expected 0 or 1");
  EXPECT_EQ(call.RunQuantized(&quantized, 1, 0, -127, 448).message,
            "max_bound is 448, expected 127");
  for (const double low : {0.0, -129.0, 127.0, std::nan("")}) {
    EXPECT_FALSE(call.RunQuantized(&quantized, 1, 0, low).ok());
  }
  EXPECT_FALSE(call.RunQuantized(&call.out, 1, 0, -127).ok());
}

std::string Error(Call* call) { return call->Run().message; }

TEST(FusedLayerNorm, RefusesWhatDoesNotFit) {
  std::mt19937 random(11);
  const auto legal = [&] {
    Call call(DType::kFloat32, {6, 16}, 1, &random);
    call.AddNorm(&random);
    return call;
  };
  Call call = legal();
  *call.norm_weight = TestTensor(DType::kFloat32, {17});
  EXPECT_EQ(Error(&call), "the shape of norm_weight is [17], expected [16], the columns of x");
  call = legal();
  *call.norm_bias = TestTensor(DType::kFloat64, {16});
  EXPECT_EQ(Error(&call), "the dtype of norm_bias is float64, expected float32 for x of float32");
  call = legal();
  call.bias = std::make_unique<TestTensor>(DType::kFloat32, Sizes{3});
  EXPECT_EQ(Error(&call), "the shape of bias is [3], expected [16], the columns of x");
  call = legal();
  call.residual = std::make_unique<TestTensor>(DType::kFloat32, Sizes{5, 16});
  EXPECT_EQ(Error(&call),
            "the shapes of x and residual must be equal, but they are [6, 16] and [5, 16]");
  call = legal();
  call.axis = 2;
  EXPECT_EQ(Error(&call),
            "begin_norm_axis is 2, expected 0 <= begin_norm_axis < 2 for x of the shape [6, 16]");
  call = legal();
  call.x = TestTensor(DType::kInt32, {6, 16});
  EXPECT_EQ(Error(&call),
            "the dtype of x is int32, expected float16, bfloat16, float32 or float64");
}

}  // namespace
}  // namespace paddlemend
