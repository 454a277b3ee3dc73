// Sums over float32 elements in float32, a few at a time: half the time of float64.
//
// No more than kNarrowTerms are added to one number before it goes into a float64 sum. That is
// precise enough where the distances are not much larger than the deviation, and where nothing
// overflows or underflows; IsReliable says so of the sums, and if it does not, float64 has to do.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "cc/kernels/distance_sums.h"

namespace paddlemend {

constexpr int kNarrowTerms = 16;

/// Channels of fewer elements are summed in float64: it takes no longer than what else they cost.
constexpr int64_t kLeastNarrow = 128;

/// Elements whose mean is near enough to that of all.
constexpr int64_t kPivotElements = 64;
constexpr int64_t kPivotRows = 8;

/// What float32 products are lost below.
constexpr double kNarrowLeast = 1e-30;

/// Whether the sums of d and d * d over `count` distances leave the variance some 21 bits.
inline bool IsReliable(const SquareSums*, double count, const double* sums) {
  const double square_of_sum = sums[0] * sums[0];
  const double squares = count * sums[1] - square_of_sum;
  if (!std::isfinite(sums[1])) return false;
  if (sums[0] == 0 && sums[1] == 0) return true;
  return square_of_sum <= 4 * squares && squares >= kNarrowLeast * count * count;
}

/// Whether the sums of g, g * d and d lost nothing.
inline bool IsReliable(const GradientSums*, double, const double* sums) {
  if (!std::isfinite(sums[0] + sums[1] + sums[2])) return false;
  return std::abs(sums[1]) >= kNarrowLeast || (sums[0] == 0 && sums[1] == 0);
}

using EightFloats = float __attribute__((vector_size(32)));

[[gnu::always_inline]] inline void LoadEight(const float* from, EightFloats* to) {
  std::memcpy(to, from, sizeof(*to));
}

/// to[0 … 7] += the floats.
[[gnu::always_inline]] inline void AddEight(const EightFloats& floats, double* to) {
  float from[8];
  std::memcpy(from, &floats, sizeof(floats));
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) to[i] += static_cast<double>(from[i]);
}

/// Sums of runs: eight lanes a sum.
template <typename Sums>
class NarrowRunSums {
 public:
  [[gnu::always_inline]] void Add(const float* elements, const float* gradients, int64_t size,
                                  float pivot) {
    constexpr int64_t kMost = 8 * kVectors * kNarrowTerms;
    for (int64_t at = 0; at < size; at += kMost) {
      AddFew(elements + at, gradients + at, size - at < kMost ? size - at : kMost, pivot);
    }
  }

  double Total(int sum) const {
    const double* const lane = lanes_[sum];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  }

 private:
  static constexpr int kVectors = 4;  // that are added to in turn: an addition takes 4 cycles

  [[gnu::always_inline]] void AddFew(const float* elements, const float* gradients, int64_t size,
                                     float pivot) {
    EightFloats sums[kVectors][Sums::kSums] = {};
    int64_t at = 0;
    for (; at + 8 * kVectors <= size; at += 8 * kVectors) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        AddVector(elements + at + 8 * v, gradients + at + 8 * v, pivot, sums[v]);
      }
    }
    for (; at + 8 <= size; at += 8) AddVector(elements + at, gradients + at, pivot, sums[0]);
#pragma GCC unroll 8
    for (int s = 0; s < Sums::kSums; ++s) {
      AddEight((sums[0][s] + sums[1][s]) + (sums[2][s] + sums[3][s]), lanes_[s]);
    }
    double rest[Sums::kSums] = {};
    for (; at < size; ++at) {
      const double distance = static_cast<double>(elements[at]) - static_cast<double>(pivot);
      Sums::Add(distance, Sums::kHasGradient ? static_cast<double>(gradients[at]) : 0.0, rest);
    }
    for (int s = 0; s < Sums::kSums; ++s) lanes_[s][0] += rest[s];
  }

  [[gnu::always_inline]] static void AddVector(const float* elements, const float* gradients,
                                               float pivot, EightFloats* sums) {
    EightFloats distance, gradient{};
    LoadEight(elements, &distance);
    distance -= pivot;
    if (Sums::kHasGradient) LoadEight(gradients, &gradient);
    Sums::Add(distance, gradient, sums);
  }

  double lanes_[Sums::kSums][8] = {};
};

/// The most columns that NarrowColumnSumsLoop takes.
constexpr int64_t kMostNarrowColumns = 256;

/// ColumnSumsLoop over up to kNarrowTerms rows: a few rows at a time, each from its start to its
/// end. More of them would, where their distance is a power of two, drive each other out of the
/// cache.
template <typename Sums>
struct NarrowColumnSumsLoop {
  [[gnu::always_inline]] static void Run(const float* elements, const float* gradients,
                                         int64_t rows, int64_t stride, int64_t columns,
                                         const float* pivots, double* sums) {
    constexpr int kRows = 4;
    float totals[Sums::kSums * kMostNarrowColumns] = {};
    const int64_t whole = columns / 8 * 8;
    int64_t row = 0;
    for (; row + kRows <= rows; row += kRows) {
      AddRows<kRows>(elements + row * stride, gradients + row * stride, stride, whole, pivots,
                     totals);
    }
    for (; row < rows; ++row) {
      AddRows<1>(elements + row * stride, gradients + row * stride, stride, whole, pivots, totals);
    }
    for (int s = 0; s < Sums::kSums; ++s) {
      for (int64_t j = 0; j < whole; ++j) {
        sums[s * columns + j] += static_cast<double>(totals[s * kMostNarrowColumns + j]);
      }
    }
    for (int64_t j = whole; j < columns; ++j) {
      AddColumn(elements + j, gradients + j, rows, stride, columns, pivots[j], sums + j);
    }
  }

 private:
  template <int kRows>
  [[gnu::always_inline]] static void AddRows(const float* elements, const float* gradients,
                                             int64_t stride, int64_t columns, const float* pivots,
                                             float* totals) {
    for (int64_t j = 0; j < columns; j += 8) {
      EightFloats pivot, total[Sums::kSums];
      LoadEight(pivots + j, &pivot);
#pragma GCC unroll 8
      for (int s = 0; s < Sums::kSums; ++s) {
        LoadEight(totals + s * kMostNarrowColumns + j, &total[s]);
      }
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
        EightFloats distance, gradient{};
        LoadEight(elements + row * stride + j, &distance);
        distance -= pivot;
        if (Sums::kHasGradient) LoadEight(gradients + row * stride + j, &gradient);
        Sums::Add(distance, gradient, total);
      }
#pragma GCC unroll 8
      for (int s = 0; s < Sums::kSums; ++s) {
        std::memcpy(totals + s * kMostNarrowColumns + j, &total[s], sizeof(total[s]));
      }
    }
  }

  [[gnu::always_inline]] static void AddColumn(const float* elements, const float* gradients,
                                               int64_t rows, int64_t stride, int64_t columns,
                                               float pivot, double* sums) {
    double total[Sums::kSums] = {};
    for (int64_t at = 0; at < rows * stride; at += stride) {
      const double distance = static_cast<double>(elements[at]) - static_cast<double>(pivot);
      Sums::Add(distance, Sums::kHasGradient ? static_cast<double>(gradients[at]) : 0.0, total);
    }
    for (int s = 0; s < Sums::kSums; ++s) sums[s * columns] += total[s];
  }
};

}  // namespace paddlemend
