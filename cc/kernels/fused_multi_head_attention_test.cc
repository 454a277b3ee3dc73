#include "cc/kernels/fused_multi_head_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

constexpr int64_t kHeads = 2, kHeadSize = 3, kEmbed = 6;

enum Name {
  kX,
  kQkvWeight,
  kLinearWeight,
  kPreScale,
  kPreBias,
  kScale,
  kBias,
  kQkvBias,
  kLinearBias,
  kNames
};

/// A call, of which each tensor but the first three may be missing.
struct Call {
  std::optional<TestTensor> tensors[kNames], cache, mask;
  bool pre_layer_norm = false;
  bool add_residual = true;
  bool packed = false;
  bool training = true;
  const char* mode = "upscale_in_train";
  double rate = 0, attention_rate = 0;

  static const TensorView* View(const std::optional<TestTensor>& tensor, TensorView* view) {
    if (!tensor) return nullptr;
    *view = tensor->view();
    return view;
  }

  Status Run(TestTensor* out, TestTensor* stored = nullptr, int threads = 2) const {
    TensorView v[kNames], cached, added;
    const TensorView* p[kNames];
    for (int i = 0; i < kNames; ++i) p[i] = View(tensors[i], &v[i]);
    MutableTensorView stored_view;
    if (stored != nullptr) stored_view = stored->mutable_view();
    return FusedMultiHeadAttention(
        *p[kX], *p[kQkvWeight], *p[kLinearWeight], pre_layer_norm, p[kPreScale], p[kPreBias],
        p[kScale], p[kBias], 1e-3, p[kQkvBias], p[kLinearBias], View(cache, &cached),
        View(mask, &added), rate, attention_rate, 1e-3, training, mode, add_residual, kHeads,
        packed, 7, out->mutable_view(), stored == nullptr ? nullptr : &stored_view, nullptr,
        nullptr, {threads});
  }

  Status Grad(const TestTensor& out_grad, std::vector<TestTensor>* gradients,
              int threads = 2) const {
    TensorView v[kNames], cached, added;
    const TensorView* p[kNames];
    MutableTensorView g[kNames];
    MutableTensorView* q[kNames];
    gradients->clear();
    for (int i = 0; i < kNames; ++i) {
      p[i] = View(tensors[i], &v[i]);
      gradients->push_back(p[i] == nullptr ? TestTensor(DType::kFloat64, {0})
                                           : TestTensor(tensors[i]->dtype(), tensors[i]->shape()));
      q[i] = p[i] == nullptr ? nullptr : &g[i];
    }
    for (int i = 0; i < kNames; ++i) g[i] = (*gradients)[i].mutable_view();
    return FusedMultiHeadAttentionGrad(
        *p[kX], *p[kQkvWeight], *p[kLinearWeight], out_grad.view(), pre_layer_norm, p[kPreScale],
        p[kPreBias], p[kScale], p[kBias], 1e-3, p[kQkvBias], p[kLinearBias], View(cache, &cached),
        View(mask, &added), rate, attention_rate, 1e-3, training, mode, add_residual, kHeads,
        packed, 7, q[kX], q[kQkvWeight], q[kLinearWeight], q[kPreScale], q[kPreBias], q[kScale],
        q[kBias], q[kQkvBias], q[kLinearBias], {threads});
  }
};

TestTensor Random(DType dtype, const Sizes& shape, std::mt19937* random) {
  TestTensor tensor = TestTensor::Random(dtype, shape, random);
  for (int64_t i = 0; i < tensor.numel(); ++i) tensor.Set(i, tensor.Get(i) / 16.0);
  return tensor;
}

Call MakeCall(DType dtype, int64_t batch, int64_t length, std::mt19937* random,
              bool packed = false) {
  Call call;
  call.packed = packed;
  const Sizes shapes[] = {{batch, length, kEmbed},
                          packed ? Sizes{kEmbed, 3 * kEmbed} : Sizes{3, kHeads, kHeadSize, kEmbed},
                          {kEmbed, kEmbed},
                          {kEmbed},
                          {kEmbed},
                          {kEmbed},
                          {kEmbed},
                          packed ? Sizes{3 * kEmbed} : Sizes{3, kHeads, kHeadSize},
                          {kEmbed}};
  for (int i = 0; i < kNames; ++i) call.tensors[i] = Random(dtype, shapes[i], random);
  return call;
}

double Dot(const TestTensor& a, const TestTensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.numel(); ++i) sum += a.Get(i).real() * b.Get(i).real();
  return sum;
}

/// The gradients are those of the function, along a random direction of each tensor.
void ExpectGradients(const Call& call, std::mt19937* random) {
  const Sizes shape = call.tensors[kX]->shape();
  const TestTensor out_grad = TestTensor::Random(DType::kFloat64, shape, random);
  std::vector<TestTensor> gradients;
  ASSERT_TRUE(call.Grad(out_grad, &gradients).ok());
  for (int i = 0; i < kNames; ++i) {
    if (!call.tensors[i]) continue;
    const TestTensor direction = Random(DType::kFloat64, call.tensors[i]->shape(), random);
    constexpr double kStep = 1e-5;
    double values[2];
    for (const int side : {0, 1}) {
      Call moved = call;
      for (int64_t j = 0; j < direction.numel(); ++j) {
        moved.tensors[i]->Set(
            j, call.tensors[i]->Get(j) + (side == 0 ? -kStep : kStep) * direction.Get(j));
      }
      TestTensor out(DType::kFloat64, shape);
      ASSERT_TRUE(moved.Run(&out).ok());
      values[side] = Dot(out, out_grad);
    }
    const double slope = (values[1] - values[0]) / (2 * kStep);
    EXPECT_NEAR(Dot(gradients[i], direction), slope, 1e-5 * (1 + std::abs(slope))) << i;
  }
}

TEST(FusedMultiHeadAttentionTest, GradientsAreThoseOfTheFunction) {
  std::mt19937 random(1);
  for (const bool packed : {false, true}) {
    for (const bool pre_layer_norm : {false, true}) {
      for (const char* const mode : {"upscale_in_train", "downscale_in_infer"}) {
        for (const bool training : {false, true}) {
          Call call = MakeCall(DType::kFloat64, 2, 5, &random, packed);
          call.pre_layer_norm = pre_layer_norm;
          call.mode = mode;
          call.training = training;
          call.add_residual = training;
          call.rate = 0.25;
          call.attention_rate = 0.5;
          if (packed) call.cache = Random(DType::kFloat64, {2, 2, kHeads, 3, kHeadSize}, &random);
          call.mask = Random(DType::kFloat64, {2, 1, 1, packed ? 8 : 5}, &random);
          ExpectGradients(call, &random);
        }
      }
    }
  }
}

TEST(FusedMultiHeadAttentionTest, WhatIsMissingDoesNothing) {
  std::mt19937 random(2);
  Call call = MakeCall(DType::kFloat64, 1, 4, &random);
  Call same = call;
  for (const Name name : {kPreScale, kScale}) {
    for (int64_t i = 0; i < kEmbed; ++i) same.tensors[name]->Set(i, 1.0);
    call.tensors[name].reset();
  }
  for (const Name name : {kPreBias, kBias, kQkvBias, kLinearBias}) {
    for (int64_t i = 0; i < same.tensors[name]->numel(); ++i) same.tensors[name]->Set(i, 0.0);
    call.tensors[name].reset();
  }
  for (const bool pre_layer_norm : {false, true}) {
    call.pre_layer_norm = same.pre_layer_norm = pre_layer_norm;
    TestTensor out(DType::kFloat64, {1, 4, kEmbed}), expected = out;
    ASSERT_TRUE(call.Run(&out).ok());
    ASSERT_TRUE(same.Run(&expected).ok());
    EXPECT_EQ(out.Bits(), expected.Bits());
    ExpectGradients(call, &random);
  }
}

TEST(FusedMultiHeadAttentionTest, IsTheSameForAnyNumberOfThreads) {
  std::mt19937 random(3);
  for (const DType dtype : kFloatingDTypes) {
    Call call = MakeCall(dtype, 3, 150, &random);
    call.rate = call.attention_rate = 0.25;
    call.mask = Random(DType::kBool, {150, 150}, &random);
    for (int64_t i = 0; i < 150; ++i) call.mask->Set(i * 151, 1.0);
    const TestTensor out_grad = Random(dtype, {3, 150, kEmbed}, &random);
    std::string bits[2];
    for (const int threads : {1, 2}) {
      TestTensor out(dtype, {3, 150, kEmbed});
      std::vector<TestTensor> gradients;
      ASSERT_TRUE(call.Run(&out, nullptr, threads).ok());
      ASSERT_TRUE(call.Grad(out_grad, &gradients, threads).ok());
      bits[threads - 1] = out.Bits();
      for (const TestTensor& gradient : gradients) bits[threads - 1] += gradient.Bits();
    }
    EXPECT_EQ(bits[0], bits[1]);
  }
}

TEST(FusedMultiHeadAttentionTest, AnEmptyXKeepsTheCacheAndHasGradientsOfZero) {
  std::mt19937 random(4);
  for (const Sizes& size : {Sizes{0, 3}, Sizes{2, 0}}) {
    Call call = MakeCall(DType::kFloat32, size[0], size[1], &random);
    call.cache = Random(DType::kFloat32, {2, size[0], kHeads, 4, kHeadSize}, &random);
    TestTensor out(DType::kFloat32, {size[0], size[1], kEmbed});
    TestTensor stored(DType::kFloat32, {2, size[0], kHeads, 4 + size[1], kHeadSize});
    ASSERT_TRUE(call.Run(&out, &stored).ok());
    EXPECT_EQ(stored.Bits(), call.cache->Bits());
    std::vector<TestTensor> gradients;
    ASSERT_TRUE(call.Grad(out, &gradients).ok());
    for (const TestTensor& gradient : gradients) EXPECT_EQ(Dot(gradient, gradient), 0);
  }
}

TEST(FusedMultiHeadAttentionTest, WhatDoesNotFitIsRefusedAndNothingWritten) {
  std::mt19937 random(5);
  TestTensor out(DType::kFloat64, {2, 5, kEmbed});
  const std::string poison = out.Bits();
  const auto expect_refusal = [&](const char* word, const auto& change) {
    Call call = MakeCall(DType::kFloat64, 2, 5, &random);
    change(&call);
    const Status status = call.Run(&out);
    EXPECT_EQ(status.code, StatusCode::kInvalidArgument) << word;
    EXPECT_NE(status.message.find(word), std::string::npos) << status.message;
    EXPECT_EQ(out.Bits(), poison);
  };
  expect_refusal("ln_scale",
                 [](Call* c) { c->tensors[kScale] = TestTensor(DType::kFloat64, {0}); });
  expect_refusal("qkv_weight", [](Call* c) { c->packed = true; });
  expect_refusal("qkv_weight", [](Call* c) {
    c->tensors[kQkvWeight] = TestTensor(DType::kFloat64, {3, 2, 4, kEmbed});
  });
  expect_refusal("linear_bias",
                 [](Call* c) { c->tensors[kLinearBias] = TestTensor(DType::kFloat32, {kEmbed}); });
  expect_refusal("cache_kv", [](Call* c) {
    c->cache = TestTensor(DType::kFloat64, {2, 1, kHeads, 4, kHeadSize});
  });
  expect_refusal("attn_mask", [](Call* c) { c->mask = TestTensor(DType::kBool, {5, 4}); });
  expect_refusal("dropout_rate", [](Call* c) { c->rate = -0.5; });
  expect_refusal("mode", [](Call* c) { c->mode = "neither"; });
}

}  // namespace
}  // namespace paddlemend
