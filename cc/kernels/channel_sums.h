// Sums over all elements of each channel: moments, and what gradients of norms need.
#pragma once

#include <algorithm>
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

/// The sums of every channel of `x`, and of `gradients` of the same layout if the sums have them.
/// Distances are from pivots[channel] or, for SquareSums, from numbers found in the data.
template <typename Sums, typename T>
class ChannelSums {
 public:
  using W = WorkType<T>;
  using Total = decltype(MakeTotal(static_cast<const Sums*>(nullptr), 0, 0, nullptr));

  ChannelSums(const ChannelLayout& layout, const T* x, const T* gradients, const W* pivots)
      : layout_(layout), x_(x), gradients_(gradients == nullptr ? x : gradients), pivots_(pivots) {}

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
  static constexpr int64_t kTile = 256;       // columns
  static constexpr int64_t kTileRows = 128;
  // Elements that are summed at a time: they and the next ones fit the first cache.
  static constexpr int64_t kStrip = (Sums::kHasGradient ? 4096 : 16384) / sizeof(W);
  static constexpr int64_t kGrain = 1 << 14;  // elements
  static constexpr int64_t kChunk = 1 << 18;  // elements
  static constexpr int64_t kMostChunks = 32;

  /// The sums of one channel within a chunk.
  struct Part {
    double count = 0;
    W pivot;
    RunSums<Sums> sums;
  };

  int64_t Pieces() const { return (layout_.inner + kPiece - 1) / kPiece; }
  int64_t Segments() const { return layout_.outer * layout_.channels * Pieces(); }

  /// Runs, or pieces of long ones, are the segments of the memory; chunks of them, which depend on
  /// the sizes alone, are summed on their own.
  void RunOverRuns(Total* totals, const Context& context) const {
    const int64_t size = layout_.count() * layout_.channels;
    const int64_t chunks = std::max<int64_t>(std::min({kMostChunks, size / kChunk, Segments()}), 1);
    std::vector<std::vector<Part>> parts(chunks);
    ParallelFor(context, chunks, std::max<int64_t>(kGrain * chunks / size, 1),
                [&](int64_t begin, int64_t end) {
                  for (int64_t chunk = begin; chunk < end; ++chunk) {
                    parts[chunk] =
                        SumSegments(FirstSegment(chunk, chunks), FirstSegment(chunk + 1, chunks));
                  }
                });
    for (int64_t chunk = 0; chunk < chunks; ++chunk) {
      const int64_t first = FirstSegment(chunk, chunks) / Pieces();
      for (size_t i = 0; i < parts[chunk].size(); ++i) {
        totals[(first + static_cast<int64_t>(i)) % layout_.channels].Merge(Close(parts[chunk][i]));
      }
    }
  }

  int64_t FirstSegment(int64_t chunk, int64_t chunks) const { return chunk * Segments() / chunks; }

  /// The parts of the channels that the segments belong to, from the one of the first segment on.
  std::vector<Part> SumSegments(int64_t begin, int64_t end) const {
    const int64_t pieces = Pieces();
    const int64_t first = begin / pieces;
    std::vector<Part> parts(std::min((end - 1) / pieces - first + 1, layout_.channels));
    for (int64_t segment = begin; segment < end; ++segment) {
      const int64_t run = segment / pieces;
      const int64_t at = segment % pieces * kPiece;
      AddSegment(run * layout_.inner + at, std::min(kPiece, layout_.inner - at),
                 run % layout_.channels, &parts[(run - first) % layout_.channels]);
    }
    return parts;
  }

  void AddSegment(int64_t offset, int64_t size, int64_t channel, Part* part) const {
    if (part->count == 0) part->pivot = Pivot(offset, std::min(size, kBlock), channel);
    part->count += static_cast<double>(size);
    for (int64_t at = 0; at < size; at += kBlock) {
      AddBlock(offset + at, std::min(kBlock, size - at), part->pivot, &part->sums);
    }
  }

  W Pivot(int64_t offset, int64_t size, int64_t channel) const {
    if (pivots_ != nullptr) return pivots_[channel];
    const W pivot = PivotFrom(ToWork(x_[offset]));
    if (!kNeedsMeanAsPivot<W>) return pivot;
    RunSums<Sums> sums;
    AddBlock(offset, size, pivot, &sums);
    return PivotFrom(static_cast<W>(pivot + sums.Total(0) / static_cast<double>(size)));
  }

  void AddBlock(int64_t offset, int64_t size, W pivot, RunSums<Sums>* sums) const {
    W buffer[kBlock];
    W gradient_buffer[Sums::kHasGradient ? kBlock : 1];
    const W* const elements = AsWork(x_ + offset, size, buffer);
    const W* gradients = elements;
    if (Sums::kHasGradient) gradients = AsWork(gradients_ + offset, size, gradient_buffer);
    sums->Add(elements, gradients, size, pivot);
  }

  static Total Close(const Part& part) {
    if (part.count == 0) return {};
    double totals[Sums::kSums];
    for (int s = 0; s < Sums::kSums; ++s) totals[s] = part.sums.Total(s);
    return MakeTotal(static_cast<const Sums*>(nullptr), part.count, part.pivot, totals);
  }

  /// Rows are cut into chunks and columns into tiles, by the sizes alone.
  void RunOverColumns(Total* totals, const Context& context) const {
    const WideRows wide(layout_, kWide);
    const int64_t tiles = (wide.width() + kTile - 1) / kTile;
    const int64_t wanted = std::min(kMostChunks / tiles, wide.rows * wide.width() / kChunk);
    const int64_t chunks = std::max<int64_t>(std::min(wanted, wide.rows), 1);
    std::vector<Total> columns((chunks + 1) * wide.width());
    const std::vector<W> pivots = ColumnPivots(wide.width());
    const int64_t item_size = wide.rows / chunks * std::min(kTile, wide.width());
    ParallelFor(context, tiles * chunks, std::max<int64_t>(kGrain / item_size, 1),
                [&](int64_t begin, int64_t end) {
                  for (int64_t item = begin; item < end; ++item) {
                    const int64_t chunk = item / tiles;
                    SumTile(wide, chunk * wide.rows / chunks, (chunk + 1) * wide.rows / chunks,
                            item % tiles * kTile, wide.width(), pivots,
                            columns.data() + chunk * wide.width());
                  }
                });
    for (int64_t column = 0; column < wide.rest * wide.period; column += kTile) {
      SumTile(wide, wide.rows, wide.rows + 1, column, wide.rest * wide.period, pivots,
              columns.data() + chunks * wide.width());
    }
    for (int64_t chunk = 0; chunk < chunks + (wide.rest > 0 ? 1 : 0); ++chunk) {
      const int64_t width = chunk < chunks ? wide.width() : wide.rest * wide.period;
      const Total* const of_chunk = columns.data() + chunk * wide.width();
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
    const int64_t columns = std::min(kTile, end_column - column);
    const int64_t stride = wide.width();
    std::vector<W> buffer(std::is_same_v<T, W> ? 0 : 2 * kTileRows * columns);
    double sums[Sums::kSums * kTile] = {};
    W found_pivots[kTile] = {};
    const W* pivots = found_pivots;
    if (given_pivots.empty()) {
      FindPivots(row * stride + column, std::min(kTileRows, end - row), stride, columns,
                 found_pivots, &buffer);
    } else {
      pivots = given_pivots.data() + column;
    }
    const int64_t step = std::min<int64_t>(std::max<int64_t>(kStrip / columns, 8), kTileRows);
    for (int64_t at = row; at < end; at += step) {
      AddStrip(at * stride + column, std::min(step, end - at), stride, columns, pivots, sums,
               &buffer);
    }
    for (int64_t j = 0; j < columns; ++j) {
      double parts[Sums::kSums];
      for (int s = 0; s < Sums::kSums; ++s) parts[s] = sums[s * columns + j];
      totals[column + j] = MakeTotal(static_cast<const Sums*>(nullptr),
                                     static_cast<double>(end - row), pivots[j], parts);
    }
  }

  void FindPivots(int64_t offset, int64_t rows, int64_t stride, int64_t columns, W* pivots,
                  std::vector<W>* buffer) const {
    for (int64_t j = 0; j < columns; ++j) pivots[j] = PivotFrom(ToWork(x_[offset + j]));
    if (!kNeedsMeanAsPivot<W>) return;
    double sums[Sums::kSums * kTile] = {};
    AddStrip(offset, rows, stride, columns, pivots, sums, buffer);
    for (int64_t j = 0; j < columns; ++j) {
      pivots[j] = PivotFrom(static_cast<W>(pivots[j] + sums[j] / static_cast<double>(rows)));
    }
  }

  void AddStrip(int64_t offset, int64_t rows, int64_t stride, int64_t columns, const W* pivots,
                double* sums, std::vector<W>* buffer) const {
    if constexpr (std::is_same_v<T, W>) {
      RunBest<ColumnSumsLoop<Sums, W>>(x_ + offset, gradients_ + offset, rows, stride, columns,
                                       pivots, sums);
    } else {
      W* const elements = buffer->data();
      W* const gradients = elements + (Sums::kHasGradient ? kTileRows * columns : 0);
      for (int64_t row = 0; row < rows; ++row) {
        AsWork(x_ + offset + row * stride, columns, elements + row * columns);
        if (!Sums::kHasGradient) continue;
        AsWork(gradients_ + offset + row * stride, columns, gradients + row * columns);
      }
      RunBest<ColumnSumsLoop<Sums, W>>(static_cast<const W*>(elements),
                                       static_cast<const W*>(gradients), rows, columns, columns,
                                       pivots, sums);
    }
  }

  const ChannelLayout layout_;
  const T* const x_;
  const T* const gradients_;
  const W* const pivots_;
};

}  // namespace paddlemend
