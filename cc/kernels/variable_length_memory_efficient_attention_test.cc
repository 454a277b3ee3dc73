#include "cc/kernels/variable_length_memory_efficient_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

const double kInfinity = std::numeric_limits<double>::infinity();

constexpr DType kDTypes[] = {DType::kFloat16, DType::kBFloat16, DType::kFloat32};

struct Call {
  TestTensor query, key, value, queries, keys;
  std::optional<TestTensor> mask = std::nullopt;
  double scale = 0.125;
  bool causal = false;
  int64_t pre_cache_length = 0;

  Status Run(TestTensor* out, int threads = 2) const {
    Context context;
    context.num_threads = threads;
    TensorView mask_view;
    if (mask) mask_view = mask->view();
    return VariableLengthMemoryEfficientAttention(
        query.view(), key.view(), value.view(), queries.view(), keys.view(),
        mask ? &mask_view : nullptr, scale, causal, pre_cache_length, out->mutable_view(), context);
  }

  TestTensor Out(Strides strides = Strides::kRowMajor) const {
    Sizes shape = query.shape();
    shape[3] = value.shape()[3];
    return TestTensor(query.dtype(), shape, strides);
  }
};

int64_t Number(const Sizes& shape, int64_t a, int64_t b, int64_t c, int64_t d) {
  return ((a * shape[1] + b) * shape[2] + c) * shape[3] + d;
}

TestTensor Lengths(const std::vector<double>& values) {
  return TestTensor::Of(DType::kInt32, {static_cast<int64_t>(values.size()), 1}, values);
}

/// The scores of one query in double precision; those of hidden keys are -infinity.
std::vector<double> Scores(const Call& call, int64_t b, int64_t h, int64_t i) {
  const Sizes q = call.query.shape(), k = call.key.shape();
  const int64_t group = h / (q[1] / k[1]);
  const int64_t keys = static_cast<int64_t>(call.keys.Get(b).real()) + call.pre_cache_length;
  std::vector<double> scores;
  for (int64_t j = 0; j < keys; ++j) {
    double score = 0;
    for (int64_t d = 0; d < q[3]; ++d) {
      score += call.query.Get(Number(q, b, h, i, d)).real() *
               call.key.Get(Number(k, b, group, j, d)).real();
    }
    score *= call.scale;
    if (call.mask) {
      const Sizes m = call.mask->shape();
      score += call.mask->Get(Number(m, b, m[1] == 1 ? 0 : h, i, j)).real();
    }
    scores.push_back(call.causal && j > i + call.pre_cache_length ? -kInfinity : score);
  }
  return scores;
}

/// Whether `out` is what the definition gives, in double precision.
void ExpectRight(const Call& call, const TestTensor& out, double tolerance) {
  const Sizes q = call.query.shape(), v = call.value.shape(), o = out.shape();
  for (int64_t b = 0; b < q[0]; ++b) {
    for (int64_t h = 0; h < q[1]; ++h) {
      for (int64_t i = 0; i < q[2]; ++i) {
        std::vector<double> weights;
        if (i < call.queries.Get(b).real()) weights = Scores(call, b, h, i);
        double most = -kInfinity, total = 0;
        for (const double score : weights) most = std::max(most, score);
        for (double& weight : weights) {
          weight = most == -kInfinity ? 0 : std::exp(weight - most);
          total += weight;
        }
        for (int64_t e = 0; e < v[3]; ++e) {
          double sum = 0;
          for (size_t j = 0; j < weights.size(); ++j) {
            sum +=
                weights[j] *
                call.value.Get(Number(v, b, h / (q[1] / v[1]), static_cast<int64_t>(j), e)).real();
          }
          const double expected = total == 0 ? 0 : sum / total;
          ASSERT_NEAR(out.Get(Number(o, b, h, i, e)).real(), expected,
                      tolerance * (1 + std::abs(expected)))
              << b << ' ' << h << ' ' << i << ' ' << e;
        }
      }
    }
  }
}

double Tolerance(DType dtype) {
  return dtype == DType::kFloat32 ? 1e-5 : dtype == DType::kFloat16 ? 1e-3 : 1e-2;
}

Call RandomCall(DType dtype, std::mt19937* random, int64_t length = 7, int64_t kv_length = 9) {
  const double queries = static_cast<double>(length), keys = static_cast<double>(kv_length);
  return {TestTensor::Random(dtype, {2, 4, length, 6}, random),
          TestTensor::Random(dtype, {2, 2, kv_length, 6}, random),
          TestTensor::Random(dtype, {2, 2, kv_length, 5}, random), Lengths({queries, queries - 2}),
          Lengths({keys - 3, keys - 1})};
}

/// A mask larger than the scores that hides some pairs.
TestTensor RandomMask(DType dtype, const Sizes& shape, std::mt19937* random) {
  TestTensor mask = TestTensor::Random(dtype, shape, random);
  for (int64_t i = 0; i < mask.numel(); i += 3) mask.Set(i, -kInfinity);
  return mask;
}

TEST(VariableLengthAttention, AnswersEveryDTypeWithEveryOption) {
  std::mt19937 random(0);
  for (const DType dtype : kDTypes) {
    for (const bool causal : {false, true}) {
      for (const int64_t mask_heads : {0, 1, 4}) {
        Call call = RandomCall(dtype, &random);
        call.causal = causal;
        call.pre_cache_length = causal ? 1 : 0;
        if (mask_heads > 0) call.mask = RandomMask(dtype, {2, mask_heads, 8, 11}, &random);
        TestTensor out = call.Out();
        ASSERT_TRUE(call.Run(&out).ok());
        ExpectRight(call, out, Tolerance(dtype));
      }
    }
  }
}

TEST(VariableLengthAttention, GoesOnFromBlockToBlock) {
  std::mt19937 random(1);
  Call call = RandomCall(DType::kFloat32, &random, 140, 1050);
  // The greatest scores come last, so that earlier sums are corrected.
  for (int64_t i = 0; i < call.key.numel(); ++i) {
    call.key.Set(i, call.key.Get(i).real() * (static_cast<double>(i % (1050 * 6)) / 6000));
  }
  for (const bool causal : {false, true}) {
    call.causal = causal;
    TestTensor one = call.Out(), four = call.Out();
    ASSERT_TRUE(call.Run(&one, 1).ok());
    ASSERT_TRUE(call.Run(&four, 4).ok());
    ExpectRight(call, one, 1e-5);
    EXPECT_EQ(one.Bits(), four.Bits());
  }
}

TEST(VariableLengthAttention, AnswersASingleQuery) {
  std::mt19937 random(2);
  for (const DType dtype : kDTypes) {
    Call call = RandomCall(dtype, &random, 1, 700);
    call.queries = Lengths({1, 0});
    TestTensor out = call.Out();
    ASSERT_TRUE(call.Run(&out).ok());
    ExpectRight(call, out, Tolerance(dtype));
  }
}

TEST(VariableLengthAttention, TakesAnyStrides) {
  std::mt19937 random(3);
  const Call plain = RandomCall(DType::kFloat32, &random);
  TestTensor expected = plain.Out();
  ASSERT_TRUE(plain.Run(&expected).ok());
  for (const Strides strides : kAllStrides) {
    Call call{plain.query.With(strides), plain.key.With(strides), plain.value.With(strides),
              plain.queries.With(strides), plain.keys.With(strides)};
    TestTensor out = call.Out(strides);
    ASSERT_TRUE(call.Run(&out).ok());
    EXPECT_EQ(out.Bits(), expected.Bits());
    EXPECT_TRUE(out.GapsArePoison());
  }
}

TEST(VariableLengthAttention, DoesNotReadKeysThatAreNotUsed) {
  std::mt19937 random(4);
  Call call = RandomCall(DType::kFloat32, &random);
  TestTensor expected = call.Out(), out = call.Out();
  ASSERT_TRUE(call.Run(&expected).ok());
  for (int64_t d = 0; d < 5; ++d) {
    call.value.Set(Number({2, 2, 9, 5}, 0, 0, 8, d), std::nan(""));
  }
  ASSERT_TRUE(call.Run(&out).ok());
  EXPECT_EQ(out.Bits(), expected.Bits());
}

TEST(VariableLengthAttention, GivesZerosWithoutAVisibleKey) {
  std::mt19937 random(5);
  Call call = RandomCall(DType::kFloat32, &random);
  call.mask =
      TestTensor::Of(DType::kFloat32, {2, 1, 7, 9}, std::vector<double>(2 * 7 * 9, -kInfinity));
  TestTensor out = call.Out();
  ASSERT_TRUE(call.Run(&out).ok());
  for (int64_t i = 0; i < out.numel(); ++i) EXPECT_EQ(out.Get(i).real(), 0);
}

TEST(VariableLengthAttention, FillsTheResultOfEmptyInputs) {
  const auto zeros = [](const Sizes& shape) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    return TestTensor::Of(DType::kFloat32, shape, std::vector<double>(count, 1.0));
  };
  const std::vector<Call> calls = {
      {zeros({0, 4, 5, 8}), zeros({0, 4, 7, 8}), zeros({0, 4, 7, 8}), Lengths({}), Lengths({})},
      {zeros({1, 0, 5, 8}), zeros({1, 0, 7, 8}), zeros({1, 0, 7, 8}), Lengths({1}), Lengths({1})},
      {zeros({1, 2, 0, 8}), zeros({1, 2, 7, 8}), zeros({1, 2, 7, 8}), Lengths({0}), Lengths({1})},
      {zeros({1, 2, 5, 8}), zeros({1, 2, 0, 8}), zeros({1, 2, 0, 8}), Lengths({5}), Lengths({0})},
      {zeros({1, 2, 5, 0}), zeros({1, 2, 7, 0}), zeros({1, 2, 7, 3}), Lengths({4}), Lengths({6})},
      {zeros({1, 2, 5, 8}), zeros({1, 2, 7, 8}), zeros({1, 2, 7, 0}), Lengths({5}), Lengths({7})},
  };
  for (const Call& call : calls) {
    TestTensor out = call.Out();
    ASSERT_TRUE(call.Run(&out).ok());
    ExpectRight(call, out, 1e-6);
  }
}

TEST(VariableLengthAttention, RefusesWhatDoesNotFit) {
  std::mt19937 random(6);
  const Call legal = RandomCall(DType::kFloat32, &random);
  const auto message = [](const Call& call) {
    TestTensor out = call.Out();
    return call.Run(&out).message;
  };
  Call call = legal;
  call.queries = Lengths({8, 7});
  EXPECT_EQ(message(call), "seq_lens[0] is 8, expected at most 7, the length of query");
  call = legal;
  call.queries = Lengths({-1, 7});
  EXPECT_EQ(message(call), "seq_lens[0] is -1, expected at least 0");
  call = legal;
  call.pre_cache_length = 2;
  EXPECT_EQ(message(call),
            "kv_seq_lens[1] + pre_cache_length is 8 + 2, expected at most 9, the length of key");
  call = legal;
  call.pre_cache_length = -1;
  EXPECT_EQ(message(call), "pre_cache_length is -1, expected at least 0");
  call = legal;
  call.keys = Lengths({1});
  EXPECT_EQ(message(call), "kv_seq_lens has the shape [1, 1], expected [2] or [2, 1]");
  call = legal;
  call.key = TestTensor::Random(DType::kFloat32, {2, 3, 9, 6}, &random);
  call.value = call.key;
  EXPECT_EQ(message(call), "query has 4 heads, expected a multiple of the 3 heads of key");
  call = legal;
  call.mask = TestTensor::Random(DType::kFloat32, {2, 1, 6, 9}, &random);
  EXPECT_EQ(message(call),
            "mask has the shape [2, 1, 6, 9], expected [2, 1 or 4, at least 7, at least 9]");
  call = legal;
  call.key = TestTensor::Random(DType::kFloat16, {2, 2, 9, 6}, &random);
  EXPECT_EQ(message(call),
            "the dtypes of query and key must be equal, but they are float32 and float16");
}

}  // namespace
}  // namespace paddlemend
