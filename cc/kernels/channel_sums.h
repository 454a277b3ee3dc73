// Sums over all elements of each channel: moments, and what gradients of norms need.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "cc/kernels/channel_layout.h"
#include "cc/kernels/context.h"
#include "cc/kernels/distance_sums.h"
#include "cc/kernels/moments.h"
#include "cc/kernels/narrow_sums.h"
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

/// The sums of every channel of `x`, and of `gradients` of the same layout if the sums have them.
/// Distances are from pivots[channel] or, for SquareSums, from numbers found in the data.
template <typename Sums, typename T>
class ChannelSums {
 public:
  using W = WorkType<T>;
  using Total = decltype(MakeTotal(static_cast<const Sums*>(nullptr), 0, 0, nullptr));

  ChannelSums(const ChannelLayout& layout, const T* x, const T* gradients, const W* pivots)
      : layout_(layout),
        pieces_(layout.inner, kPiece),
        x_(x),
        gradients_(gradients == nullptr ? x : gradients),
        pivots_(pivots) {}

  /// totals[channel] for every channel. Memory is read from its start to its end, which is the only
  /// order that keeps processors fed.
  void Run(Total* totals, const Context& context) const {
    if (HasRuns(layout_)) return RunOverRuns(totals, context);
    RunOverColumns(totals, context);
  }

 private:
  static constexpr int64_t kBlock = 2048;     // elements that are converted at a time
  static constexpr int64_t kPiece = 1 << 16;  // elements of a run
  static constexpr int64_t kWide = 64;        // columns
  static constexpr int64_t kTile = kMostColumns;
  static constexpr int64_t kTileRows = 128;
  // Elements that are summed at a time: they and the next ones fit the first cache.
  static constexpr int64_t kStrip = (Sums::kHasGradient ? 4096 : 16384) / sizeof(W);
  static constexpr int64_t kGrain = 1 << 14;  // elements
  // Elements. Of rows a chunk's totals are one for each column: those of gradients are merged by
  // additions alone, moments take longer.
  static constexpr int64_t kChunk = 1 << (Sums::kHasGradient ? 16 : 18);
  static constexpr int64_t kMostChunks = 32;

  /// The sums of one channel within a chunk.
  template <typename OfRuns>
  struct Part {
    double count = 0;
    W pivot;
    OfRuns sums;

    void Close(double* totals) const {
      for (int s = 0; s < Sums::kSums; ++s) totals[s] = sums.Total(s);
    }
  };

  static constexpr bool kMayBeNarrow = std::is_same_v<W, float>;
  static constexpr W kUnreliable = std::numeric_limits<W>::quiet_NaN();  // a pivot
  bool IsNarrow() const { return kMayBeNarrow && layout_.count() >= kLeastNarrow; }

  static Total TotalOf(double count, double pivot, const double* sums) {
    return MakeTotal(static_cast<const Sums*>(nullptr), count, pivot, sums);
  }

  static bool AreReliable(double count, const double* sums) {
    return IsReliable(static_cast<const Sums*>(nullptr), count, sums);
  }

  int64_t Segments() const { return layout_.outer * layout_.channels * pieces_.count; }

  /// Runs, or pieces of long ones, are the segments of the memory; chunks of them, which depend on
  /// the sizes alone, are summed on their own.
  void RunOverRuns(Total* totals, const Context& context) const {
    const int64_t size = layout_.count() * layout_.channels;
    const int64_t chunks = std::max<int64_t>(std::min({kMostChunks, size / kChunk, Segments()}), 1);
    std::vector<std::vector<Total>> parts(chunks);
    ParallelFor(context, chunks, std::max<int64_t>(kGrain * chunks / size, 1),
                [&](int64_t begin, int64_t end) {
                  for (int64_t chunk = begin; chunk < end; ++chunk) {
                    parts[chunk] =
                        SumSegments(FirstSegment(chunk, chunks), FirstSegment(chunk + 1, chunks));
                  }
                });
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      const int64_t first = FirstSegment(chunk, chunks) / pieces_.count;
      for (size_t i = 0; i < parts[chunk].size(); ++i) {
        totals[(first + static_cast<int64_t>(i)) % layout_.channels].Merge(parts[chunk][i]);
      }
    }
  }

  int64_t FirstSegment(int64_t chunk, int64_t chunks) const { return chunk * Segments() / chunks; }

  /// The sums of the channels that the segments belong to, from the one of the first segment on.
  std::vector<Total> SumSegments(int64_t begin, int64_t end) const {
    std::vector<Total> totals;
    if constexpr (kMayBeNarrow) {
      if (IsNarrow() && SumSegmentsBy<RunSums<Sums, float>>(begin, end, &totals)) return totals;
    }
    SumSegmentsBy<RunSums<Sums>>(begin, end, &totals);
    return totals;
  }

  /// Whether these sums are good enough.
  template <typename OfRuns>
  bool SumSegmentsBy(int64_t begin, int64_t end, std::vector<Total>* totals) const {
    const int64_t first = begin / pieces_.count;
    const int64_t runs = (end - 1) / pieces_.count - first + 1;
    std::vector<Part<OfRuns>> parts(std::min(runs, layout_.channels));
    RunBest<SegmentsLoop<OfRuns>>(this, begin, end, parts.data());
    totals->clear();
    bool good = true;
    for (const Part<OfRuns>& part : parts) {
      double sums[Sums::kSums];
      part.Close(sums);
      good = good && AreReliable(part.count, sums);
      totals->push_back(part.count == 0 ? Total{} : TotalOf(part.count, part.pivot, sums));
    }
    return good;
  }

  /// A loop over segments, since runs may be so short that a call for each takes as long as its
  /// sums.
  template <typename OfRuns>
  struct SegmentsLoop {
    [[gnu::always_inline]] static void Run(const ChannelSums* of, int64_t begin, int64_t end,
                                           Part<OfRuns>* parts) {
      const Pieces& pieces = of->pieces_;
      const int64_t channels = of->layout_.channels;
      int64_t run = begin / pieces.count, piece = begin % pieces.count;
      int64_t channel = run % channels, part = 0;
      for (int64_t segment = begin; segment < end; ++segment) {  // counted: divisions take long
        const int64_t at = piece * pieces.most;
        of->AddSegment(run * pieces.inner + at, std::min(pieces.most, pieces.inner - at), channel,
                       &parts[part]);
        if (++piece < pieces.count) continue;
        piece = 0;
        ++run;
        if (++channel == channels) channel = 0;
        if (++part == channels) part = 0;
      }
    }
  };

  template <typename OfRuns>
  [[gnu::always_inline]] void AddSegment(int64_t offset, int64_t size, int64_t channel,
                                         Part<OfRuns>* part) const {
    if (part->count == 0) part->pivot = Pivot<OfRuns>(offset, size, channel);
    part->count += static_cast<double>(size);
    AddElements(offset, size, part->pivot, &part->sums);
  }

  template <typename OfRuns>
  [[gnu::always_inline]] W Pivot(int64_t offset, int64_t size, int64_t channel) const {
    if (pivots_ != nullptr) return pivots_[channel];
    const W pivot = PivotFrom(ToWork(x_[offset]));
    constexpr bool is_narrow = !std::is_same_v<OfRuns, RunSums<Sums>>;
    if (!is_narrow && !kNeedsMeanAsPivot<W>) return pivot;
    const int64_t few = std::min(size, is_narrow ? kPivotElements : kBlock);
    OfRuns sums;
    AddElements(offset, few, pivot, &sums);
    if (is_narrow && SquaresVanish(sums.Total(0), sums.Total(1))) return kUnreliable;
    return PivotFrom(static_cast<W>(pivot + sums.Total(0) / static_cast<double>(few)));
  }

  template <typename OfRuns>
  [[gnu::always_inline]] void AddElements(int64_t offset, int64_t size, W pivot,
                                          OfRuns* sums) const {
    if constexpr (std::is_same_v<T, W>) {
      sums->AddInline(x_ + offset, gradients_ + offset, size, pivot);
    } else {
      W buffer[kBlock];
      W gradient_buffer[Sums::kHasGradient ? kBlock : 1];
      for (int64_t at = offset; at < offset + size; at += kBlock) {
        const int64_t few = std::min(kBlock, offset + size - at);
        const W* const elements = AsWork(x_ + at, few, buffer);
        const W* gradients = elements;
        if (Sums::kHasGradient) gradients = AsWork(gradients_ + at, few, gradient_buffer);
        sums->AddInline(elements, gradients, few, pivot);
      }
    }
  }

  /// Rows are cut into chunks and columns into tiles, by the sizes alone.
  void RunOverColumns(Total* totals, const Context& context) const {
    const WideRows wide(layout_, kWide);
    const int64_t tiles = (wide.width() + kTile - 1) / kTile;
    const int64_t wanted = std::min(kMostChunks / tiles, wide.rows * wide.width() / kChunk);
    const int64_t chunks = std::max<int64_t>(std::min(wanted, wide.rows), 1);
    const bool are_totals = chunks == 1 && wide.rest == 0 && wide.width() == layout_.channels;
    std::vector<Total> memory;
    if (!are_totals) memory.resize((chunks + (wide.rest > 0 ? 1 : 0)) * wide.width());
    Total* const columns = are_totals ? totals : memory.data();
    const std::vector<W> pivots = ColumnPivots(wide.width());
    const int64_t item_size = wide.rows / chunks * std::min(kTile, wide.width());
    ParallelFor(context, tiles * chunks, std::max<int64_t>(kGrain / item_size, 1),
                [&](int64_t begin, int64_t end) {
                  for (int64_t item = begin; item < end; ++item) {
                    const int64_t chunk = item / tiles;
                    SumTile(wide, chunk * wide.rows / chunks, (chunk + 1) * wide.rows / chunks,
                            item % tiles * kTile, wide.width(), pivots,
                            columns + chunk * wide.width());
                  }
                });
    for (int64_t column = 0; column < wide.rest * wide.period; column += kTile) {
      SumTile(wide, wide.rows, wide.rows + 1, column, wide.rest * wide.period, pivots,
              columns + chunks * wide.width());
    }
    if (are_totals) return;
    for (int64_t chunk = 0; chunk < chunks + (wide.rest > 0 ? 1 : 0); ++chunk) {
      const int64_t width = chunk < chunks ? wide.width() : wide.rest * wide.period;
      const Total* const of_chunk = columns + chunk * wide.width();
      ForEachColumn(layout_, width, [&](int64_t column, int64_t channel) {
        totals[channel].Merge(of_chunk[column]);
      });
    }
  }

  /// The pivots that are given, column by column; nothing if they are to be found.
  std::vector<W> ColumnPivots(int64_t width) const {
    std::vector<W> pivots;
    if (pivots_ == nullptr) return pivots;
    pivots.resize(width);
    ForEachColumn(layout_, width,
                  [&](int64_t column, int64_t channel) { pivots[column] = pivots_[channel]; });
    return pivots;
  }

  /// Sums up to kTile columns, those from `column` on and before `end_column`, over some rows.
  void SumTile(const WideRows& wide, int64_t row, int64_t end, int64_t column, int64_t end_column,
               const std::vector<W>& given_pivots, Total* totals) const {
    const Tile tile{row * wide.width() + column, end - row, wide.width(),
                    std::min(kTile, end_column - column)};
    const W* const pivots = given_pivots.empty() ? nullptr : given_pivots.data() + column;
    if constexpr (kMayBeNarrow) {
      if (IsNarrow() && SumTileBy<true>(tile, pivots, totals + column)) return;
    }
    SumTileBy<false>(tile, pivots, totals + column);
  }

  /// Columns of some rows.
  struct Tile {
    int64_t offset;
    int64_t rows;
    int64_t stride;
    int64_t columns;
  };

  /// Whether these sums are good enough.
  template <bool kIsNarrow>
  bool SumTileBy(const Tile& tile, const W* pivots, Total* totals) const {
    const int64_t columns = tile.columns;
    std::vector<W> buffer(std::is_same_v<T, W> ? 0 : 2 * kTileRows * columns);
    double sums[Sums::kSums * kTile] = {};
    W found_pivots[kTile] = {};
    if (pivots == nullptr) {
      FindPivots<kIsNarrow>(tile, found_pivots, &buffer);
      pivots = found_pivots;
    }
    const int64_t step = kIsNarrow
                             ? kNarrowTerms
                             : std::min<int64_t>(std::max<int64_t>(kStrip / columns, 8), kTileRows);
    for (int64_t at = 0; at < tile.rows; at += step) {
      AddStrip<kIsNarrow>(tile, at, std::min(step, tile.rows - at), pivots, sums, &buffer);
    }
    bool good = true;
    for (int64_t j = 0; j < columns; ++j) {
      double parts[Sums::kSums];
      for (int s = 0; s < Sums::kSums; ++s) parts[s] = sums[s * columns + j];
      good = good && AreReliable(static_cast<double>(tile.rows), parts);
      totals[j] = TotalOf(static_cast<double>(tile.rows), pivots[j], parts);
    }
    return good;
  }

  template <bool kIsNarrow>
  void FindPivots(const Tile& tile, W* pivots, std::vector<W>* buffer) const {
    for (int64_t j = 0; j < tile.columns; ++j) {
      pivots[j] = PivotFrom(ToWork(x_[tile.offset + j]));
    }
    if (!kIsNarrow && !kNeedsMeanAsPivot<W>) return;
    const int64_t rows = std::min(kIsNarrow ? kPivotRows : kTileRows, tile.rows);
    double sums[Sums::kSums * kTile] = {};
    AddStrip<kIsNarrow>(tile, 0, rows, pivots, sums, buffer);
    for (int64_t j = 0; j < tile.columns; ++j) {
      const bool vanish = kIsNarrow && SquaresVanish(sums[j], sums[tile.columns + j]);
      const double mean = pivots[j] + sums[j] / static_cast<double>(rows);
      pivots[j] = vanish ? kUnreliable : PivotFrom(static_cast<W>(mean));
    }
  }

  template <bool kIsNarrow>
  void AddStrip(const Tile& tile, int64_t row, int64_t rows, const W* pivots, double* sums,
                std::vector<W>* buffer) const {
    using Loop = ColumnSumsLoop<Sums, W, std::conditional_t<kIsNarrow, float, double>>;
    const int64_t offset = tile.offset + row * tile.stride;
    const int64_t columns = tile.columns;
    if constexpr (std::is_same_v<T, W>) {
      RunBest<Loop>(x_ + offset, gradients_ + offset, rows, tile.stride, columns, pivots, sums);
    } else {
      W* const elements = buffer->data();
      W* const gradients = elements + (Sums::kHasGradient ? kTileRows * columns : 0);
      for (int64_t r = 0; r < rows; ++r) {
        AsWork(x_ + offset + r * tile.stride, columns, elements + r * columns);
        if (!Sums::kHasGradient) continue;
        AsWork(gradients_ + offset + r * tile.stride, columns, gradients + r * columns);
      }
      RunBest<Loop>(static_cast<const W*>(elements), static_cast<const W*>(gradients), rows,
                    columns, columns, pivots, sums);
    }
  }

  const ChannelLayout layout_;
  const Pieces pieces_;
  const T* const x_;
  const T* const gradients_;
  const W* const pivots_;
};

}  // namespace paddlemend
