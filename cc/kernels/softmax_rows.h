// The loops of a softmax over rows of float32 scores, which may come in pieces.
//
// Rows have room for a multiple of kLanes elements. Sums are made in kLanes parts, however many
// elements the processor takes at once.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

#include "cc/kernels/cpu_features.h"

namespace paddlemend {

namespace softmax {

constexpr int64_t kLanes = 16;

typedef float Lanes __attribute__((vector_size(kLanes * sizeof(float))));
typedef int32_t IntLanes __attribute__((vector_size(kLanes * sizeof(int32_t))));

inline int64_t RoundUp(int64_t size) { return (size + kLanes - 1) / kLanes * kLanes; }

[[gnu::always_inline]] inline void Load(const float* from, Lanes* to) {
  std::memcpy(to, from, sizeof(Lanes));
}

[[gnu::always_inline]] inline float Total(const Lanes& lanes) {
  float parts[kLanes];
  std::memcpy(parts, &lanes, sizeof(parts));
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; ++lane) parts[lane] += parts[lane + half];
  }
  return parts[0];
}

/// Turns x, at most 0 or NaN, into exp(x), to 2 units in the last place; below the least normal
/// number into 0. As in Cephes, x = n log(2) + r, and a polynomial gives exp(r).
[[gnu::always_inline]] inline void ExpLanes(Lanes* lanes) {
  constexpr float kLowest = -87.33654f;
  constexpr float kShifter = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const Lanes x = *lanes;
  const Lanes shifted = x * 1.44269504088896341f + kShifter;
  const Lanes n = shifted - kShifter;
  const Lanes r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Lanes p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  IntLanes bits;
  std::memcpy(&bits, &shifted, sizeof(bits));
  bits = (bits + 127) << 23;  // the low bits of `shifted` are those of n
  Lanes power;
  std::memcpy(&power, &bits, sizeof(power));
  const IntLanes is_small = x < kLowest;
  Lanes result = p * power;
  std::memcpy(&bits, &result, sizeof(bits));
  bits &= ~is_small;
  std::memcpy(lanes, &bits, sizeof(bits));
}

#if defined(__x86_64__)
template <typename Loop, typename... Args>
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) void RunWithAvx512(Args... args) {
  Loop::Run(args...);
}
#endif

/// RunBest with AVX-512, which it leaves out: products may be fused with sums here, as they are in
/// the matrix products on either side of a softmax.
template <typename Loop, typename... Args>
void RunWidest(Args... args) {
#if defined(__x86_64__)
  static const bool has_avx512 =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (has_avx512) return RunWithAvx512<Loop>(args...);
#endif
  RunBest<Loop>(args...);
}

}  // namespace softmax

/// The greatest of `size` scores, a multiple of kLanes; a NaN counts as none.
struct MaximumLoop {
  [[gnu::always_inline]] static void Run(const float* scores, int64_t size, float* maximum) {
    using softmax::Lanes;
    Lanes most = Lanes{} - std::numeric_limits<float>::infinity();
    for (int64_t at = 0; at < size; at += softmax::kLanes) {
      Lanes lanes;
      softmax::Load(scores + at, &lanes);
      most = lanes > most ? lanes : most;
    }
    float result = most[0];
    for (int lane = 1; lane < softmax::kLanes; ++lane) {
      result = most[lane] > result ? most[lane] : result;
    }
    *maximum = result;
  }
};

/// Turns `size` scores, a multiple of kLanes, into exp(score - maximum); *sum is their sum.
struct ExpLoop {
  [[gnu::always_inline]] static void Run(float* scores, int64_t size, float maximum, float* sum) {
    using softmax::Lanes;
    Lanes sums{};
    for (int64_t at = 0; at < size; at += softmax::kLanes) {
      Lanes lanes;
      softmax::Load(scores + at, &lanes);
      lanes = lanes - maximum;
      softmax::ExpLanes(&lanes);
      std::memcpy(scores + at, &lanes, sizeof(lanes));
      sums += lanes;
    }
    *sum = softmax::Total(sums);
  }
};

}  // namespace paddlemend
