// Sums of columns over rows, the inner loop of every reduction.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cc/kernels/arithmetic.h"
#include "cc/kernels/cpu_features.h"

namespace paddlemend {

/// sums[j] = the sum of element j of `rows` rows that are row_stride elements apart, in an order
/// that depends on `rows` alone; 0 for no rows.
template <typename T>
[[gnu::always_inline]] inline void SumRowsLoop(const T* data, int64_t rows, int64_t row_stride,
                                               int64_t columns,
                                               typename Accumulation<T, true>::Sum* sums) {
  using Rule = Accumulation<T, true>;
  for (int64_t j = 0; j < columns; ++j) sums[j] = typename Rule::Sum(0);
  int64_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    const T* const a = data + row * row_stride;
    const T* const b = a + row_stride;
    const T* const c = b + row_stride;
    const T* const d = c + row_stride;
    for (int64_t j = 0; j < columns; ++j) {
      sums[j] += (Rule::Load(a[j]) + Rule::Load(b[j])) + (Rule::Load(c[j]) + Rule::Load(d[j]));
    }
  }
  for (; row < rows; ++row) {
    const T* const a = data + row * row_stride;
    for (int64_t j = 0; j < columns; ++j) sums[j] += Rule::Load(a[j]);
  }
}

template <typename T>
PM_TARGET_AVX2 void SumRowsAvx2(const T* data, int64_t rows, int64_t row_stride, int64_t columns,
                                typename Accumulation<T, true>::Sum* sums) {
  SumRowsLoop(data, rows, row_stride, columns, sums);
}

/// SumRowsLoop with the best instructions of this processor; the bits are the same with all.
template <typename T>
void SumRows(const T* data, int64_t rows, int64_t row_stride, int64_t columns,
             typename Accumulation<T, true>::Sum* sums) {
  if (HasAvx2()) return SumRowsAvx2(data, rows, row_stride, columns, sums);
  SumRowsLoop(data, rows, row_stride, columns, sums);
}

/// The most columns of SumRun.
constexpr int64_t kRunColumns = 32;

/// Sums a run of `size` elements: element i is added to lane i % kLanes, block by block, so that
/// rounding errors of long sums stay small; then lanes of the same column are added up.
template <int64_t kLanes, typename T>
[[gnu::always_inline]] inline void SumLanes(const T* data, int64_t size, int64_t columns,
                                            typename Accumulation<T, true>::Sum* sums) {
  using Rule = Accumulation<T, true>;
  using Sum = typename Rule::Sum;
  constexpr int64_t kBlock = 16 * kLanes;
  Sum lanes[kLanes];
  for (int64_t j = 0; j < kLanes; ++j) lanes[j] = Sum(0);
  for (int64_t start = 0; start < size; start += kBlock) {
    Sum block[kLanes];
    for (int64_t j = 0; j < kLanes; ++j) block[j] = Sum(0);
    const int64_t end = std::min(size, start + kBlock);
    int64_t at = start;
    for (; at + kLanes <= end; at += kLanes) {
      for (int64_t j = 0; j < kLanes; ++j) block[j] += Rule::Load(data[at + j]);
    }
    for (int64_t j = 0; at + j < end; ++j) block[j] += Rule::Load(data[at + j]);
    for (int64_t j = 0; j < kLanes; ++j) lanes[j] += block[j];
  }
  for (int64_t half = kLanes / 2; half >= columns; half /= 2) {
    for (int64_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  for (int64_t j = 0; j < columns; ++j) sums[j] = lanes[j];
}

template <typename T>
[[gnu::always_inline]] inline void SumRunLoop(const T* data, int64_t size, int64_t columns,
                                              typename Accumulation<T, true>::Sum* sums) {
  constexpr int64_t kFewLanes = 8;
  constexpr int64_t kShortRun = 128;
  if (size < kShortRun && columns <= kFewLanes) {
    return SumLanes<kFewLanes>(data, size, columns, sums);
  }
  SumLanes<kRunColumns>(data, size, columns, sums);
}

template <typename T>
PM_TARGET_AVX2 void SumRunAvx2(const T* data, int64_t size, int64_t columns,
                               typename Accumulation<T, true>::Sum* sums) {
  SumRunLoop(data, size, columns, sums);
}

/// sums[j] = the sum of those of `size` elements whose position i has i % columns == j, in an order
/// that depends on size and columns alone. columns is a divisor of kRunColumns.
template <typename T>
void SumRun(const T* data, int64_t size, int64_t columns,
            typename Accumulation<T, true>::Sum* sums) {
  if (HasAvx2()) return SumRunAvx2(data, size, columns, sums);
  SumRunLoop(data, size, columns, sums);
}

/// Adds up a sequence of vectors of one width pairwise: as a binary tree over the sequence, whose
/// rounding error grows with the logarithm of its length.
template <typename Sum>
class PairwiseAccumulator {
 public:
  explicit PairwiseAccumulator(int64_t width) : width_(width) {}

  void Clear() { count_ = 0; }

  /// Where to put the next vector of the sequence before Commit().
  Sum* Next() {
    leaf_.resize(width_);
    return leaf_.data();
  }

  void Commit() {
    // Like adding one to a binary counter: each carry joins two subtrees of equal size.
    size_t level = 0;
    for (int64_t bits = count_; (bits & 1) != 0; bits >>= 1, ++level) Add(level);
    if (level == levels_.size()) levels_.emplace_back(width_);
    levels_[level].swap(leaf_);
    ++count_;
  }

  /// The sum of all committed vectors; zeros if there are none. Invalidated by Next().
  Sum* Finish() {
    leaf_.assign(width_, Sum(0));
    bool first = true;
    size_t level = 0;
    for (int64_t bits = count_; bits != 0; bits >>= 1, ++level) {
      if ((bits & 1) == 0) continue;
      if (first) leaf_ = levels_[level];
      if (!first) Add(level);
      first = false;
    }
    return leaf_.data();
  }

 private:
  /// Earlier vectors are the left operand.
  void Add(size_t level) {
    const Sum* const earlier = levels_[level].data();
    Sum* const sums = leaf_.data();
    for (int64_t j = 0; j < width_; ++j) sums[j] = earlier[j] + sums[j];
  }

  const int64_t width_;
  int64_t count_ = 0;
  std::vector<Sum> leaf_;
  std::vector<std::vector<Sum>> levels_;  // level i: the sum of 2^i vectors, if bit i of count_
};

}  // namespace paddlemend
