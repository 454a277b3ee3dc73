// Sums over elements of their distances from a pivot: the inner loops of norms.
//
// All sums are made in float64, in an order that depends on the sizes alone.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "cc/kernels/cpu_features.h"
#include "cc/kernels/element_math.h"

namespace paddlemend {

/// The sums of d and of d * d over the distances d.
struct SquareSums {
  static constexpr int kSums = 2;
  static constexpr bool kHasGradient = false;

  template <typename V>
  [[gnu::always_inline]] static void Add(const V& distance, const V&, V* sums) {
    sums[0] += distance;
    sums[1] += distance * distance;
  }
};

/// The sums of g, of g * d and of d over gradients g and distances d.
struct GradientSums {
  static constexpr int kSums = 3;
  static constexpr bool kHasGradient = true;

  template <typename V>
  [[gnu::always_inline]] static void Add(const V& distance, const V& gradient, V* sums) {
    sums[0] += gradient;
    sums[1] += gradient * distance;
    sums[2] += distance;
  }
};

/// A number to measure distances from: one among them, so that they are not much larger than the
/// deviation; 0 if that is none.
template <typename W>
W PivotFrom(W element) {
  return std::isfinite(element) ? element : W(0);
}

/// float32 distances are exact in float64 and their squares precise, from whichever element they
/// are. Those of float64 are taken from the mean of the first few elements.
template <typename W>
constexpr bool kNeedsMeanAsPivot = std::is_same_v<W, double>;

/// Elements of type T as those to compute with: themselves, or converted to `buffer`.
template <typename T>
const WorkType<T>* AsWork(const T* elements, int64_t size, WorkType<T>* buffer) {
  if constexpr (std::is_same_v<T, WorkType<T>>) {
    return elements;
  } else {
    struct Loop {
      [[gnu::always_inline]] static void Run(const T* from, int64_t n, WorkType<T>* to) {
#pragma GCC ivdep
        for (int64_t i = 0; i < n; ++i) to[i] = ToWork(from[i]);
      }
    };
    RunBest<Loop>(elements, size, buffer);
    return buffer;
  }
}

using FourDoubles = double __attribute__((vector_size(32)));

[[gnu::always_inline]] inline void LoadFour(const double* from, FourDoubles* to) {
  std::memcpy(to, from, sizeof(*to));
}

/// A loop, which becomes one instruction; __builtin_convertvector becomes five.
[[gnu::always_inline]] inline void LoadFour(const float* from, FourDoubles* to) {
  double doubles[4];
  for (int i = 0; i < 4; ++i) doubles[i] = from[i];
  std::memcpy(to, doubles, sizeof(*to));
}

/// Sums of elements that are neighbours in memory, element by element into lanes.
template <typename Sums>
class RunSums {
 public:
  /// `gradients` is not looked at if the sums have none.
  template <typename W>
  void Add(const W* elements, const W* gradients, int64_t size, W pivot) {
    RunBest<Loop<W>>(elements, gradients, size, pivot, lanes_);
  }

  double Total(int sum) const {
    const double* const lane = lanes_[sum];
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
  }

 private:
  static constexpr int kVectors = 4;  // that are added to in turn: an addition takes 4 cycles
  using Lanes = double[4];

  template <typename W>
  struct Loop {
    [[gnu::always_inline]] static void Run(const W* elements, const W* gradients, int64_t size,
                                           W pivot, Lanes* lanes) {
      FourDoubles sums[kVectors][Sums::kSums] = {};
      int64_t at = 0;
      for (; at + 4 * kVectors <= size; at += 4 * kVectors) {
        for (int v = 0; v < kVectors; ++v) {
          AddFour(elements + at + 4 * v, gradients + at + 4 * v, pivot, sums[v]);
        }
      }
      for (; at + 4 <= size; at += 4) AddFour(elements + at, gradients + at, pivot, sums[0]);
      double rest[Sums::kSums] = {};
      for (; at < size; ++at) {
        const double distance = static_cast<double>(elements[at]) - static_cast<double>(pivot);
        Sums::Add(distance, Sums::kHasGradient ? static_cast<double>(gradients[at]) : 0.0, rest);
      }
#pragma GCC unroll 8
      for (int s = 0; s < Sums::kSums; ++s) {
        FourDoubles total;
        LoadFour(lanes[s], &total);
        total += (sums[0][s] + sums[1][s]) + (sums[2][s] + sums[3][s]);
        total[0] += rest[s];
        std::memcpy(lanes[s], &total, sizeof(total));
      }
    }

    [[gnu::always_inline]] static void AddFour(const W* elements, const W* gradients, W pivot,
                                               FourDoubles* sums) {
      FourDoubles distance, gradient{};
      LoadFour(elements, &distance);
      distance -= static_cast<double>(pivot);
      if (Sums::kHasGradient) LoadFour(gradients, &gradient);
      Sums::Add(distance, gradient, sums);
    }
  };

  Lanes lanes_[Sums::kSums] = {};
};

/// sums[s * columns + j] += sum s over the elements of column j of `rows` rows that are `stride`
/// elements apart. Every column has a pivot. Rows are read a few columns at a time, an order in
/// which memory would come late: it is asked for one call ahead.
template <typename Sums, typename W>
struct ColumnSumsLoop {
  [[gnu::always_inline]] static void Run(const W* elements, const W* gradients, int64_t rows,
                                         int64_t stride, int64_t columns, const W* pivots,
                                         double* sums) {
    constexpr int kVectors = Sums::kSums == 2 ? 4 : 2;  // whose sums fit the registers
    int64_t j = 0;
    for (; j + 4 * kVectors <= columns; j += 4 * kVectors) {
      AddVectors<kVectors>(elements + j, gradients + j, rows, stride, columns, pivots + j,
                           sums + j);
    }
    for (; j + 4 <= columns; j += 4) {
      AddVectors<1>(elements + j, gradients + j, rows, stride, columns, pivots + j, sums + j);
    }
    for (; j < columns; ++j) {
      double total[Sums::kSums] = {};
      for (int64_t at = j; at < j + rows * stride; at += stride) {
        const double distance = static_cast<double>(elements[at]) - static_cast<double>(pivots[j]);
        Sums::Add(distance, Sums::kHasGradient ? static_cast<double>(gradients[at]) : 0.0, total);
      }
      for (int s = 0; s < Sums::kSums; ++s) sums[s * columns + j] += total[s];
    }
  }

 private:
  template <int kVectors>
  [[gnu::always_inline]] static void AddVectors(const W* elements, const W* gradients, int64_t rows,
                                                int64_t stride, int64_t columns, const W* pivots,
                                                double* sums) {
    FourDoubles total[kVectors][Sums::kSums], pivot[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      LoadFour(pivots + 4 * v, &pivot[v]);
#pragma GCC unroll 8
      for (int s = 0; s < Sums::kSums; ++s) LoadFour(sums + s * columns + 4 * v, &total[v][s]);
    }
    const int64_t ahead = rows * stride;  // the rows of the next call, if there is one
    for (int64_t at = 0; at < rows * stride; at += stride) {
      __builtin_prefetch(elements + at + ahead);
      if (Sums::kHasGradient) __builtin_prefetch(gradients + at + ahead);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        FourDoubles distance, gradient{};
        LoadFour(elements + at + 4 * v, &distance);
        distance -= pivot[v];
        if (Sums::kHasGradient) LoadFour(gradients + at + 4 * v, &gradient);
        Sums::Add(distance, gradient, total[v]);
      }
    }
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
#pragma GCC unroll 8
      for (int s = 0; s < Sums::kSums; ++s) {
        std::memcpy(sums + s * columns + 4 * v, &total[v][s], sizeof(total[v][s]));
      }
    }
  }
};

}  // namespace paddlemend
