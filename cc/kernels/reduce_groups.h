// Sums over some dimensions of a row-major array.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "cc/kernels/arithmetic.h"
#include "cc/kernels/column_sum.h"
#include "cc/kernels/context.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

/// Neighbouring dimensions that are summed over (`reduced`) or not, as one dimension.
struct DimensionGroup {
  int64_t size;
  bool reduced;
};

/// Groups from outermost to innermost. Invariants: reduced and kept groups alternate, the last one
/// is kept (it may have size 1), at least one is reduced, no size is 0.
using DimensionGroups = std::vector<DimensionGroup>;

inline int64_t Product(const DimensionGroups& groups, bool reduced) {
  int64_t product = 1;
  for (const DimensionGroup& group : groups) {
    if (group.reduced == reduced) product *= group.size;
  }
  return product;
}

/// Sums an array in one pass. The inner two groups are `rows` to sum and `columns` to keep; the
/// outer groups select blocks of rows by columns. Every sum is a tree that depends on the sizes
/// alone.
template <typename T, typename Out>
class OnePassReduction {
 public:
  using Rule = Accumulation<T, true>;
  using Sum = typename Rule::Sum;

  OnePassReduction(const T* x, const DimensionGroups& groups, Out* out)
      : x_(x),
        out_(out),
        outer_(groups.begin(), groups.end() - 2),
        rows_(groups[groups.size() - 2].size),
        columns_(groups.back().size),
        kept_blocks_(Product(outer_, false)),
        reduced_blocks_(Product(outer_, true)) {
    PlanWork();
  }

  void Run(const Context& context) {
    const bool is_short = rows_ * columns_ <= (is_run_ ? kRun : kShort);
    if (reduced_blocks_ == 1 && kept_blocks_ > 1 && is_short) return RunShort(context);
    const int64_t items = kept_blocks_ * tiles_ * chunks_;
    const int64_t item_size = std::max<int64_t>(Size() / items, 1);
    if (chunks_ > 1) partial_sums_.resize(chunks_ * kept_blocks_ * columns_);
    const int64_t grain = std::max<int64_t>(kGrain / item_size, 1);
    ParallelFor(context, items, grain, [this](int64_t begin, int64_t end) {
      PairwiseAccumulator<Sum> accumulator(width_);
      for (int64_t item = begin; item < end; ++item) RunItem(item, &accumulator);
    });
    if (chunks_ > 1) JoinChunks();
  }

 private:
  static constexpr int64_t kShort = 256;      // elements
  static constexpr int64_t kRun = 4096;       // elements
  static constexpr int64_t kGrain = 1 << 14;  // elements
  static constexpr int64_t kTile = 512;       // columns
  static constexpr int64_t kLanes = 256;      // columns of several rows side by side
  static constexpr int64_t kLeafRows = 32;
  static constexpr int64_t kFewItems = 64;

  int64_t Size() const { return kept_blocks_ * reduced_blocks_ * rows_ * columns_; }

  /// Narrow rows are taken several at a time: as one run, or as one wide row of `lanes_`. Wide ones
  /// are cut into tiles. If that gives few items, the sums are cut into chunks too.
  void PlanWork() {
    is_run_ = kRunColumns % columns_ == 0;
    if (columns_ <= kLanes / 4 && !is_run_) {
      lanes_ = std::max<int64_t>(std::min(rows_ / 8, kLanes / columns_), 1);
    }
    width_ = lanes_ > 1 ? lanes_ * columns_ : std::min(columns_, kTile);
    tiles_ = lanes_ > 1 ? 1 : (columns_ + kTile - 1) / kTile;
    const int64_t items = kept_blocks_ * tiles_;
    const int64_t wanted = std::max<int64_t>(kFewItems / items, 1);
    chunks_ = std::max<int64_t>(std::min({wanted, Size() >> 16, reduced_blocks_ * rows_}), 1);
  }

  /// Where a block starts: the kept (or reduced) outer groups count through `index`.
  int64_t BlockOffset(int64_t index, bool reduced) const {
    int64_t offset = 0;
    int64_t stride = rows_ * columns_;
    for (auto group = outer_.rbegin(); group != outer_.rend(); ++group) {
      if (group->reduced == reduced) {
        offset += index % group->size * stride;
        index /= group->size;
      }
      stride *= group->size;
    }
    return offset;
  }

  void RunItem(int64_t item, PairwiseAccumulator<Sum>* accumulator) {
    const int64_t chunk = item % chunks_;
    const int64_t tile = item / chunks_ % tiles_;
    const int64_t block = item / chunks_ / tiles_;
    const int64_t column = tile * kTile;
    const int64_t columns = std::min(columns_ - column, lanes_ > 1 ? columns_ : kTile);
    const T* const start = x_ + BlockOffset(block, false) + column;
    const int64_t all_rows = reduced_blocks_ * rows_;
    accumulator->Clear();
    int64_t row = chunk * (all_rows / chunks_) + std::min(chunk, all_rows % chunks_);
    const int64_t end = row + all_rows / chunks_ + (chunk < all_rows % chunks_);
    while (row < end) {
      const int64_t rows = std::min(end - row, rows_ - row % rows_);
      const T* const strip = start + BlockOffset(row / rows_, true) + row % rows_ * columns_;
      if (is_run_) {
        AddRun(strip, rows * columns_, accumulator);
      } else if (lanes_ > 1) {
        AddLanes(strip, rows, accumulator);
      } else {
        AddRows(strip, rows, columns, accumulator);
      }
      row += rows;
    }
    Sum* const sums = accumulator->Finish();
    FoldLanes(sums);
    Write(sums, columns, chunk, block * columns_ + column);
  }

  void AddRows(const T* data, int64_t rows, int64_t columns,
               PairwiseAccumulator<Sum>* accumulator) const {
    for (int64_t row = 0; row < rows; row += kLeafRows) {
      SumRows(data + row * columns_, std::min(kLeafRows, rows - row), columns_, columns,
              accumulator->Next());
      accumulator->Commit();
    }
  }

  void AddRun(const T* data, int64_t size, PairwiseAccumulator<Sum>* accumulator) const {
    for (int64_t at = 0; at < size; at += kRun) {
      SumRun(data + at, std::min(kRun, size - at), columns_, accumulator->Next());
      accumulator->Commit();
    }
  }

  void AddLanes(const T* data, int64_t rows, PairwiseAccumulator<Sum>* accumulator) const {
    const int64_t wide_rows = rows / lanes_;
    for (int64_t row = 0; row < wide_rows; row += kLeafRows) {
      SumRows(data + row * width_, std::min(kLeafRows, wide_rows - row), width_, width_,
              accumulator->Next());
      accumulator->Commit();
    }
    const int64_t rest = rows % lanes_ * columns_;
    if (rest == 0) return;
    Sum* const sums = accumulator->Next();
    std::fill(sums + rest, sums + width_, Sum(0));
    SumRows(data + wide_rows * width_, 1, 0, rest, sums);
    accumulator->Commit();
  }

  /// Adds the lanes up, half of them to the other half until one is left.
  void FoldLanes(Sum* sums) const {
    for (int64_t lanes = lanes_; lanes > 1;) {
      const int64_t half = (lanes + 1) / 2;
      for (int64_t j = 0; j < (lanes - half) * columns_; ++j) sums[j] += sums[j + half * columns_];
      lanes = half;
    }
  }

  void Write(const Sum* sums, int64_t columns, int64_t chunk, int64_t position) {
    if (chunks_ == 1) return StoreSums(sums, columns, out_ + position);
    Sum* const partial = partial_sums_.data() + chunk * kept_blocks_ * columns_;
    std::copy(sums, sums + columns, partial + position);
  }

  static void StoreSums(const Sum* sums, int64_t count, Out* out) {
    for (int64_t j = 0; j < count; ++j) out[j] = Accumulation<Out, true>::Store(sums[j]);
  }

  void JoinChunks() {
    const int64_t outputs = kept_blocks_ * columns_;
    Sum* const sums = partial_sums_.data();
    for (int64_t chunks = chunks_; chunks > 1;) {
      const int64_t half = (chunks + 1) / 2;
      for (int64_t j = 0; j < (chunks - half) * outputs; ++j) sums[j] += sums[j + half * outputs];
      chunks = half;
    }
    StoreSums(sums, outputs, out_);
  }

  /// Many blocks of few elements: no accumulator to set up, no tiles.
  void RunShort(const Context& context) {
    const int64_t size = rows_ * columns_;
    ParallelFor(context, kept_blocks_, std::max<int64_t>(kGrain / size, 1),
                [this, size](int64_t begin, int64_t end) {
                  for (int64_t block = begin; block < end; ++block) {
                    SumShort(x_ + block * size, size, out_ + block * columns_);
                  }
                });
  }

  void SumShort(const T* data, int64_t size, Out* out) const {
    constexpr int64_t kFewRows = 8;
    Sum sums[kShort];
    if (rows_ <= kFewRows && columns_ <= kFewRows) {
      for (int64_t j = 0; j < columns_; ++j) {
        sums[j] = Rule::Load(data[j]);
        for (int64_t i = j + columns_; i < size; i += columns_) sums[j] += Rule::Load(data[i]);
      }
    } else if (is_run_) {
      SumRun(data, size, columns_, sums);
    } else {
      SumRows(data, rows_, columns_, columns_, sums);
    }
    StoreSums(sums, columns_, out);
  }

  const T* const x_;
  Out* const out_;
  const DimensionGroups outer_;
  const int64_t rows_;
  const int64_t columns_;
  const int64_t kept_blocks_;
  const int64_t reduced_blocks_;
  bool is_run_;
  int64_t lanes_ = 1;
  int64_t width_;
  int64_t tiles_;
  int64_t chunks_;
  std::vector<Sum> partial_sums_;  // [chunks][outputs], if there is more than one chunk
};

/// out = the sum of x over the reduced groups; the kept ones in row-major order.
template <typename T, typename Out>
void ReduceGroups(const T* x, const DimensionGroups& groups, Out* out, const Context& context) {
  constexpr int64_t kSmallBlock = 512;  // elements: below it, starting a block costs too much
  const int64_t block = groups.back().size * groups[groups.size() - 2].size;
  if (groups.size() < 4 || block >= kSmallBlock) {
    return OnePassReduction<T, Out>(x, groups, out).Run(context);
  }
  // First sum over the outermost reduced group, with all that is inside as columns.
  using Wide =
      std::conditional_t<std::is_same_v<typename Accumulation<T, true>::Sum, double>, double, T>;
  const size_t outermost = groups[0].reduced ? 0 : 1;
  const DimensionGroups inner(groups.begin() + outermost + 1, groups.end());
  const int64_t before = outermost == 0 ? 1 : groups[0].size;
  const int64_t columns = Product(inner, false) * Product(inner, true);
  std::vector<Wide> sums(before * columns);
  DimensionGroups first{{groups[outermost].size, true}, {columns, false}};
  if (outermost == 1) first.insert(first.begin(), groups[0]);
  ReduceGroups(x, first, sums.data(), context);
  DimensionGroups rest = inner;
  rest.front().size *= before;
  ReduceGroups(sums.data(), rest, out, context);
}

}  // namespace paddlemend
