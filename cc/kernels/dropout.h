// Which elements dropout keeps: a function of a seed and of the place, so that nothing has to be
// remembered for the gradient, and no order of threads matters.
#pragma once

#include <cstdint>

#include "cc/kernels/cpu_features.h"

namespace paddlemend {

/// What `mode` "upscale_in_train" or "downscale_in_infer" says of elements that are dropped with
/// probability `rate`.
struct Dropout {
  Dropout(double rate, bool training, bool upscales, uint64_t seed) : seed(seed) {
    draws = training && rate > 0;
    // Fractions of 2^24, which a float32 generator would give.
    threshold = static_cast<uint32_t>(rate * (1 << 24));
    const bool scales = training == upscales;
    factor = !scales ? 1 : training ? (rate < 1 ? 1 / (1 - rate) : 0) : 1 - rate;
  }

  bool draws;          // else all are kept
  uint32_t threshold;  // the least of 24 random bits that keep an element
  double factor;       // of those that are kept
  uint64_t seed;
};

/// Well mixed bits of a number (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
inline uint64_t MixBits(uint64_t bits) {
  bits += 0x9e3779b97f4a7c15u;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

/// Sets kept[i] to 1 or 0. Within a row 32 bits are mixed, twice, with two keys of the row: there
/// is no vector product of 64 bits.
struct DrawLoop {
  [[gnu::always_inline]] static void Run(uint64_t keys, uint32_t threshold, int64_t size,
                                         uint8_t* kept) {
    const uint32_t first = static_cast<uint32_t>(keys);
    const uint32_t second = static_cast<uint32_t>(keys >> 32);
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) {
      uint32_t bits = static_cast<uint32_t>(i) ^ first;
      bits = (bits ^ (bits >> 16)) * 0x21f0aaadu;
      bits = (bits ^ (bits >> 15)) * 0x735a2d97u;
      bits = (bits ^ (bits >> 15)) + second;
      bits = (bits ^ (bits >> 16)) * 0x21f0aaadu;
      bits = (bits ^ (bits >> 15)) * 0x735a2d97u;
      kept[i] = ((bits ^ (bits >> 15)) >> 8) >= threshold;
    }
  }
};

/// Draws for row number `row`.
inline void DrawRow(const Dropout& dropout, int64_t row, int64_t size, uint8_t* kept) {
  const uint64_t keys = MixBits(MixBits(dropout.seed) ^ static_cast<uint64_t>(row));
  RunBest<DrawLoop>(keys, dropout.threshold, size, kept);
}

}  // namespace paddlemend
