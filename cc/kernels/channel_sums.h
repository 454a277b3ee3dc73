// Sums over all elements of each channel: moments, and what gradients of norms need.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "cc/kernels/channel_layout.h"
#include "cc/kernels/context.h"
#include "cc/kernels/distance_sums.h"
#include "cc/kernels/moments.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

/// GradientSums of a channel.
struct GradientTotals {
  double gradient = 0;
  double product = 0;   // of gradient and distance
  double distance = 0;  // from the pivot

  void Merge(const GradientTotals& other) {
    gradient += other.gradient;
    product += other.product;
    distance += other.distance;
  }
};

inline Moments MakeTotal(const SquareSums*, double count, double pivot, const double* sums) {
  return Moments::Of(count, pivot, sums[0], sums[1]);
}

inline GradientTotals MakeTotal(const GradientSums*, double, double, const double* sums) {
  return {sums[0], sums[1], sums[2]};
}

/// A number to measure distances from: one among them, so that they are not much larger than the
/// deviation; 0 if that is none.
template <typename W>
W PivotFrom(W element) {
  return std::isfinite(element) ? element : W(0);
}

/// float32 distances are exact in float64 and their squares precise, from whichever element they
/// are. Those of float64 are taken from the mean, which costs a second look at each block.
template <typename W>
constexpr bool kNeedsMeanAsPivot = std::is_same_v<W, double>;

/// The sums of every channel of `x`, and of `gradients` of the same layout if the sums have them.
/// Distances are from pivots[channel] or, for SquareSums, from numbers found in the data.
template <typename Sums, typename T>
class ChannelSums {
 public:
  using W = WorkType<T>;
  using Total = decltype(MakeTotal(static_cast<const Sums*>(nullptr), 0, 0, nullptr));

  ChannelSums(const ChannelLayout& layout, const T* x, const T* gradients, const W* pivots)
      : layout_(layout), x_(x), gradients_(gradients == nullptr ? x : gradients), pivots_(pivots) {}

  /// For a layout with runs: the blocks of a channel, of which each has few enough elements to stay
  /// in the cache.
  int64_t blocks() const { return RowPieces() > 1 ? layout_.outer * RowPieces() : RowBlocks(); }

  Total SumBlocks(int64_t channel, int64_t begin, int64_t end) const {
    Total total;
    for (int64_t block = begin; block < end; ++block) total.Merge(SumBlock(channel, block));
    return total;
  }

  /// totals[channel] for every channel of any layout.
  void Run(Total* totals, const Context& context) const {
    if (HasRuns(layout_)) return RunOverRuns(totals, context);
    RunOverColumns(totals, context);
  }

 private:
  static constexpr int64_t kBlock = 2048;          // elements of a run
  static constexpr int64_t kTile = 256;            // columns
  static constexpr int64_t kTileRows = 128;
  static constexpr int64_t kGrain = 1 << 14;       // elements
  static constexpr int64_t kChunk = 1 << 17;       // elements
  static constexpr int64_t kFewItems = 32;

  int64_t RowPieces() const { return (layout_.inner + kBlock - 1) / kBlock; }
  int64_t RowsInBlock() const { return std::max<int64_t>(kBlock / layout_.inner, 1); }
  int64_t RowBlocks() const { return (layout_.outer + RowsInBlock() - 1) / RowsInBlock(); }

  Total SumBlock(int64_t channel, int64_t block) const {
    if (RowPieces() > 1) {
      const int64_t at = block % RowPieces() * kBlock;
      return SumRows(channel, block / RowPieces(), 1, at, std::min(kBlock, layout_.inner - at));
    }
    const int64_t row = block * RowsInBlock();
    return SumRows(channel, row, std::min(RowsInBlock(), layout_.outer - row), 0, layout_.inner);
  }

  Total SumRows(int64_t channel, int64_t row, int64_t rows, int64_t at, int64_t size) const {
    const int64_t stride = layout_.channels * layout_.inner;
    const int64_t offset = row * stride + channel * layout_.inner + at;
    const double count = static_cast<double>(rows * size);
    W pivot = pivots_ != nullptr ? pivots_[channel] : PivotFrom(ToWork(x_[offset]));
    RunSums<Sums> sums = AddRuns(offset, rows, size, stride, pivot);
    if (kNeedsMeanAsPivot<W> && pivots_ == nullptr) {
      pivot = PivotFrom(static_cast<W>(pivot + sums.Total(0) / count));
      sums = AddRuns(offset, rows, size, stride, pivot);
    }
    double totals[Sums::kSums];
    for (int s = 0; s < Sums::kSums; ++s) totals[s] = sums.Total(s);
    return MakeTotal(static_cast<const Sums*>(nullptr), count, pivot, totals);
  }

  RunSums<Sums> AddRuns(int64_t offset, int64_t rows, int64_t size, int64_t stride, W pivot) const {
    W buffer[kBlock];
    W gradient_buffer[Sums::kHasGradient ? kBlock : 1];
    RunSums<Sums> sums;
    for (int64_t row = 0; row < rows; ++row, offset += stride) {
      const W* const elements = AsWork(x_ + offset, size, buffer);
      const W* gradients = elements;
      if (Sums::kHasGradient) gradients = AsWork(gradients_ + offset, size, gradient_buffer);
      sums.Add(elements, gradients, size, pivot);
    }
    return sums;
  }

  /// Few channels are cut into chunks of blocks, which depend on the sizes alone.
  void RunOverRuns(Total* totals, const Context& context) const {
    const int64_t channels = layout_.channels;
    const int64_t wanted = layout_.count() / kChunk;
    const int64_t chunks =
        channels >= kFewItems ? 1 : std::max<int64_t>(std::min(wanted, blocks()), 1);
    std::vector<Total> parts(channels * chunks);
    const int64_t grain = std::max<int64_t>(kGrain * chunks / layout_.count(), 1);
    ParallelFor(context, channels * chunks, grain, [&](int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) {
        const int64_t chunk = item % chunks;
        parts[item] = SumBlocks(item / chunks, chunk * blocks() / chunks,
                                (chunk + 1) * blocks() / chunks);
      }
    });
    for (int64_t item = 0; item < channels * chunks; ++item) {
      totals[item / chunks].Merge(parts[item]);
    }
  }

  void RunOverColumns(Total* totals, const Context& context) const {
    const WideRows wide(layout_);
    const int64_t tiles = (wide.width() + kTile - 1) / kTile;
    const int64_t wanted = std::min(kFewItems / tiles, wide.rows * wide.width() / kChunk);
    const int64_t row_blocks = (wide.rows + kTileRows - 1) / kTileRows;
    const int64_t chunks = std::max<int64_t>(std::min(wanted, row_blocks), 1);
    std::vector<Total> columns((chunks + (wide.rest > 0)) * wide.width());
    const int64_t item_size = std::max<int64_t>(wide.rows / chunks * std::min(kTile, wide.width()), 1);
    ParallelFor(context, tiles * chunks, std::max<int64_t>(kGrain / item_size, 1),
                [&](int64_t begin, int64_t end) {
                  for (int64_t item = begin; item < end; ++item) {
                    const int64_t chunk = item / tiles;
                    SumTile(wide, item % tiles * kTile, chunk * row_blocks / chunks,
                            (chunk + 1) * row_blocks / chunks,
                            columns.data() + chunk * wide.width());
                  }
                });
    if (wide.rest > 0) {
      SumBlockOfRows(wide, wide.rows, 1, 0, wide.rest * wide.period,
                     columns.data() + chunks * wide.width());
    }
    for (size_t i = 0; i < columns.size(); ++i) {
      totals[ChannelOf(static_cast<int64_t>(i) % wide.width())].Merge(columns[i]);
    }
  }

  int64_t ChannelOf(int64_t column) const { return column / layout_.inner % layout_.channels; }

  void SumTile(const WideRows& wide, int64_t column, int64_t begin, int64_t end,
               Total* totals) const {
    const int64_t columns = std::min(kTile, wide.width() - column);
    for (int64_t block = begin; block < end; ++block) {
      const int64_t row = block * kTileRows;
      SumBlockOfRows(wide, row, std::min(kTileRows, wide.rows - row), column, columns, totals);
    }
  }

  void SumBlockOfRows(const WideRows& wide, int64_t row, int64_t rows, int64_t column,
                      int64_t columns, Total* totals) const {
    for (const int64_t end = column + columns; column < end; column += kTile) {
      const int64_t width = std::min(kTile, end - column);
      SumStrip(row * wide.width() + column, rows, wide.width(), column, width, totals + column);
    }
  }

  /// Up to kTile columns of up to kTileRows rows.
  void SumStrip(int64_t offset, int64_t rows, int64_t stride, int64_t column, int64_t width,
                Total* totals) const {
    W pivots[kTile] = {};
    double sums[Sums::kSums * kTile];
    for (int64_t j = 0; j < width; ++j) {
      pivots[j] = pivots_ != nullptr ? pivots_[ChannelOf(column + j)]
                                     : PivotFrom(ToWork(x_[offset + j]));
    }
    const auto add = [&] {
      std::fill(sums, sums + Sums::kSums * width, 0.0);
      AddColumns<Sums>(x_ + offset, gradients_ + offset, rows, stride, width, pivots, sums);
    };
    add();
    if (kNeedsMeanAsPivot<W> && pivots_ == nullptr) {
      for (int64_t j = 0; j < width; ++j) {
        pivots[j] = PivotFrom(static_cast<W>(pivots[j] + sums[j] / static_cast<double>(rows)));
      }
      add();
    }
    for (int64_t j = 0; j < width; ++j) {
      double parts[Sums::kSums];
      for (int s = 0; s < Sums::kSums; ++s) parts[s] = sums[s * width + j];
      totals[j].Merge(MakeTotal(static_cast<const Sums*>(nullptr), static_cast<double>(rows),
                                pivots[j], parts));
    }
  }

  const ChannelLayout layout_;
  const T* const x_;
  const T* const gradients_;
  const W* const pivots_;
};

}  // namespace paddlemend
