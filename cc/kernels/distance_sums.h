// Sums over elements of their distances from a pivot: the inner loops of norms.
//
// All sums are made in float64, in an order that depends on the sizes alone.
#pragma once

#include <algorithm>
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
using FourFloats = float __attribute__((vector_size(16)));

[[gnu::always_inline]] inline void LoadFour(const double* from, FourDoubles* to) {
  std::memcpy(to, from, sizeof(*to));
}

[[gnu::always_inline]] inline void LoadFour(const float* from, FourDoubles* to) {
  FourFloats floats;
  std::memcpy(&floats, from, sizeof(floats));
  *to = __builtin_convertvector(floats, FourDoubles);
}

/// Sums of elements that are neighbours in memory; element i is added to lane i % kLanes.
template <typename Sums>
class RunSums {
 public:
  static constexpr int kLanes = 16;

  /// `gradients` is not looked at if the sums have none.
  template <typename W>
  void Add(const W* elements, const W* gradients, int64_t size, W pivot) {
    RunBest<Loop<W>>(elements, gradients, size, pivot, &lanes_[0][0]);
  }

  double Total(int sum) const {
    double lanes[kLanes];
    for (int i = 0; i < kLanes; ++i) lanes[i] = lanes_[i / 4 * Sums::kSums + sum][i % 4];
    for (int half = kLanes / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    }
    return lanes[0];
  }

 private:
  static constexpr int kVectors = kLanes / 4;

  template <typename W>
  struct Loop {
    [[gnu::always_inline]] static void Run(const W* elements, const W* gradients, int64_t size,
                                           W pivot, double* lanes) {
      FourDoubles sums[kVectors][Sums::kSums];
      std::memcpy(&sums, lanes, sizeof(sums));
      const int64_t whole = size - size % kLanes;
      for (int64_t at = 0; at < whole; at += kLanes) {
        AddLanes(elements + at, gradients + at, pivot, sums);
      }
      if (whole < size) {
        W rest[kLanes];
        W rest_gradients[kLanes] = {};
        std::fill(rest, rest + kLanes, pivot);
        std::copy(elements + whole, elements + size, rest);
        if (Sums::kHasGradient) std::copy(gradients + whole, gradients + size, rest_gradients);
        AddLanes(rest, rest_gradients, pivot, sums);
      }
      std::memcpy(lanes, &sums, sizeof(sums));
    }

    [[gnu::always_inline]] static void AddLanes(const W* elements, const W* gradients, W pivot,
                                                FourDoubles (*sums)[Sums::kSums]) {
      for (int v = 0; v < kVectors; ++v) {
        FourDoubles distance, gradient{};
        LoadFour(elements + 4 * v, &distance);
        distance -= static_cast<double>(pivot);
        if (Sums::kHasGradient) LoadFour(gradients + 4 * v, &gradient);
        Sums::Add(distance, gradient, sums[v]);
      }
    }
  };

  double lanes_[kVectors * Sums::kSums][4] = {};
};

/// sums[s * columns + j] += sum s over the elements of column j of `rows` rows that are `stride`
/// elements apart. Every column has a pivot.
template <typename Sums, typename T>
struct ColumnSumsLoop {
  [[gnu::always_inline]] static void Run(const T* elements, const T* gradients, int64_t rows,
                                         int64_t stride, int64_t columns,
                                         const WorkType<T>* pivots, double* sums) {
    int64_t row = 0;
    for (; row + 4 <= rows; row += 4) {
      AddRows<4>(elements + row * stride, gradients + row * stride, stride, columns, pivots, sums);
    }
    for (; row < rows; ++row) {
      AddRows<1>(elements + row * stride, gradients + row * stride, stride, columns, pivots, sums);
    }
  }

 private:
  template <int kRows>
  [[gnu::always_inline]] static void AddRows(const T* elements, const T* gradients, int64_t stride,
                                             int64_t columns, const WorkType<T>* pivots,
                                             double* sums) {
#pragma GCC ivdep
    for (int64_t j = 0; j < columns; ++j) {
      double total[Sums::kSums];
      for (int s = 0; s < Sums::kSums; ++s) total[s] = sums[s * columns + j];
      const double pivot = pivots[j];
      for (int row = 0; row < kRows; ++row) {
        const double distance = ToWork(elements[row * stride + j]) - pivot;
        double gradient = 0;
        if (Sums::kHasGradient) gradient = ToWork(gradients[row * stride + j]);
        Sums::Add(distance, gradient, total);
      }
      for (int s = 0; s < Sums::kSums; ++s) sums[s * columns + j] = total[s];
    }
  }
};

template <typename Sums, typename T>
void AddColumns(const T* elements, const T* gradients, int64_t rows, int64_t stride,
                int64_t columns, const WorkType<T>* pivots, double* sums) {
  RunBest<ColumnSumsLoop<Sums, T>>(elements, gradients, rows, stride, columns, pivots, sums);
}

}  // namespace paddlemend
