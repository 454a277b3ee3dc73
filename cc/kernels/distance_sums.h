// Sums over elements of their distances from a pivot: the inner loops of norms.
//
// All sums are made in float64, in an order that depends on the sizes alone. With float lanes up to
// kNarrowTerms of float32 elements are added in float32 before, which takes half the time; see
// narrow_sums.h for where that will do.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
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

/// How many terms may be added in float32.
constexpr int64_t kNarrowTerms = 16;

/// The numbers that one instruction adds: four doubles or eight floats.
template <typename Lane>
struct Lanes {
  using Vector [[gnu::vector_size(32)]] = Lane;
  static constexpr int kCount = 32 / sizeof(Lane);
  static constexpr int64_t kMostTerms =
      std::is_same_v<Lane, float> ? kNarrowTerms : std::numeric_limits<int32_t>::max();

  /// A loop, which becomes one instruction; __builtin_convertvector becomes five.
  template <typename W>
  [[gnu::always_inline]] static void Load(const W* from, Vector* to) {
    if constexpr (std::is_same_v<W, Lane>) {
      std::memcpy(to, from, sizeof(*to));
    } else {
      Lane lanes[kCount];
      for (int i = 0; i < kCount; ++i) lanes[i] = static_cast<Lane>(from[i]);
      std::memcpy(to, lanes, sizeof(*to));
    }
  }

  [[gnu::always_inline]] static void Store(const Vector& vector, Lane* to) {
    std::memcpy(to, &vector, sizeof(vector));
  }

  /// to[i] += lane i.
  [[gnu::always_inline]] static void AddTo(const Vector& vector, double* to) {
    Lane lanes[kCount];
    Store(vector, lanes);
#pragma GCC unroll 8
    for (int i = 0; i < kCount; ++i) to[i] += static_cast<double>(lanes[i]);
  }
};

template <typename Sums, typename W>
[[gnu::always_inline]] inline void AddElement(W element, W gradient, W pivot, double* sums) {
  const double distance = static_cast<double>(element) - static_cast<double>(pivot);
  Sums::Add(distance, Sums::kHasGradient ? static_cast<double>(gradient) : 0.0, sums);
}

/// Sums of elements that are neighbours in memory, element by element into lanes.
template <typename Sums, typename Lane = double>
class RunSums {
 public:
  /// `gradients` is not looked at if the sums have none.
  template <typename W>
  void Add(const W* elements, const W* gradients, int64_t size, W pivot) {
    RunBest<Loop<W>>(elements, gradients, size, pivot, &lanes_[0][0]);
  }

  /// The same within a loop that is compiled for the best instructions.
  template <typename W>
  [[gnu::always_inline]] void AddInline(const W* elements, const W* gradients, int64_t size,
                                        W pivot) {
    Loop<W>::Run(elements, gradients, size, pivot, &lanes_[0][0]);
  }

  double Total(int sum) const {
    const double* const lane = lanes_[sum];
    double total = 0;
    for (int i = 0; i < kLanes; i += 4) {
      total += (lane[i] + lane[i + 1]) + (lane[i + 2] + lane[i + 3]);
    }
    return total;
  }

 private:
  using L = Lanes<Lane>;
  using Vector = typename L::Vector;
  static constexpr int kLanes = L::kCount;
  static constexpr int kVectors = 4;  // that are added to in turn: an addition takes 4 cycles
  static constexpr int64_t kMost = L::kMostTerms * kVectors * kLanes;

  template <typename W>
  struct Loop {
    [[gnu::always_inline]] static void Run(const W* elements, const W* gradients, int64_t size,
                                           W pivot, double* lanes) {
      for (int64_t at = 0; at < size; at += kMost) {
        AddFew(elements + at, gradients + at, std::min(kMost, size - at), pivot, lanes);
      }
    }

    [[gnu::always_inline]] static void AddFew(const W* elements, const W* gradients, int64_t size,
                                              W pivot, double* lanes) {
      Vector sums[kVectors][Sums::kSums] = {};
      int64_t at = 0;
      for (; at + kLanes * kVectors <= size; at += kLanes * kVectors) {
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          AddVector(elements + at + kLanes * v, gradients + at + kLanes * v, pivot, sums[v]);
        }
      }
      for (; at + kLanes <= size; at += kLanes) {
        AddVector(elements + at, gradients + at, pivot, sums[0]);
      }
#pragma GCC unroll 8
      for (int s = 0; s < Sums::kSums; ++s) {
        L::AddTo((sums[0][s] + sums[1][s]) + (sums[2][s] + sums[3][s]), lanes + s * kLanes);
      }
      double rest[Sums::kSums] = {};
      for (; at < size; ++at) AddElement<Sums>(elements[at], gradients[at], pivot, rest);
      for (int s = 0; s < Sums::kSums; ++s) lanes[s * kLanes] += rest[s];
    }

    [[gnu::always_inline]] static void AddVector(const W* elements, const W* gradients, W pivot,
                                                 Vector* sums) {
      Vector distance, gradient{};
      L::Load(elements, &distance);
      distance -= static_cast<Lane>(pivot);
      if (Sums::kHasGradient) L::Load(gradients, &gradient);
      Sums::Add(distance, gradient, sums);
    }
  };

  double lanes_[Sums::kSums][kLanes] = {};
};

/// The most columns that ColumnSumsLoop takes.
constexpr int64_t kMostColumns = 256;

/// sums[s * columns + j] += sum s over the elements of column j of `rows` rows that are `stride`
/// elements apart; at most kMostTerms rows. Every column has a pivot. A few rows are read at a
/// time, each from its start to its end: more of them would, where their distance is a power of
/// two, drive each other out of the cache.
template <typename Sums, typename W, typename Lane = double>
struct ColumnSumsLoop {
  [[gnu::always_inline]] static void Run(const W* elements, const W* gradients, int64_t rows,
                                         int64_t stride, int64_t columns, const W* pivots,
                                         double* sums) {
    constexpr int kRows = 4;
    const int64_t whole = columns / L::kCount * L::kCount;
    Lane totals[Sums::kSums * kMostColumns];
    for (int s = 0; s < Sums::kSums; ++s) {
      for (int64_t j = 0; j < whole; ++j) totals[s * kMostColumns + j] = 0;
    }
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
        sums[s * columns + j] += static_cast<double>(totals[s * kMostColumns + j]);
      }
    }
    for (int64_t j = whole; j < columns; ++j) {
      double total[Sums::kSums] = {};
      for (int64_t at = j; at < rows * stride; at += stride) {
        AddElement<Sums>(elements[at], gradients[at], pivots[j], total);
      }
      for (int s = 0; s < Sums::kSums; ++s) sums[s * columns + j] += total[s];
    }
  }

 private:
  using L = Lanes<Lane>;
  using Vector = typename L::Vector;

  template <int kRows>
  [[gnu::always_inline]] static void AddRows(const W* elements, const W* gradients, int64_t stride,
                                             int64_t columns, const W* pivots, Lane* totals) {
    for (int64_t j = 0; j < columns; j += L::kCount) {
      Vector pivot, sums[Sums::kSums];
      L::Load(pivots + j, &pivot);
#pragma GCC unroll 8
      for (int s = 0; s < Sums::kSums; ++s) L::Load(totals + s * kMostColumns + j, &sums[s]);
#pragma GCC unroll 8
      for (int row = 0; row < kRows; ++row) {
        Vector distance, gradient{};
        L::Load(elements + row * stride + j, &distance);
        distance -= pivot;
        if (Sums::kHasGradient) L::Load(gradients + row * stride + j, &gradient);
        Sums::Add(distance, gradient, sums);
      }
#pragma GCC unroll 8
      for (int s = 0; s < Sums::kSums; ++s) L::Store(sums[s], totals + s * kMostColumns + j);
    }
  }
};

}  // namespace paddlemend
