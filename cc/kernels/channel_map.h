// Computing an output from each element and the parameters of its channel.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "cc/kernels/channel_layout.h"
#include "cc/kernels/context.h"
#include "cc/kernels/cpu_features.h"
#include "cc/kernels/element_math.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

/// (x - mean) * scale + shift. What is left of the mean when it is rounded belongs into the shift:
/// it is not small where the mean is large beside the deviation.
struct Normalize {
  static constexpr int kParameters = 3;
  template <typename W>
  [[gnu::always_inline]] static W Map(W x, W, const W* p) {
    return (x - p[0]) * p[1] + p[2];
  }
};

/// gradient * p[0]: of a norm by given statistics.
struct ScaleGradient {
  static constexpr int kParameters = 1;
  template <typename W>
  [[gnu::always_inline]] static W Map(W, W gradient, const W* p) {
    return gradient * p[0];
  }
};

/// gradient * p[1] + (x - p[0]) * p[2] + p[3]: of a norm by the statistics of x.
struct BatchGradient {
  static constexpr int kParameters = 4;
  template <typename W>
  [[gnu::always_inline]] static W Map(W x, W gradient, const W* p) {
    return gradient * p[1] + ((x - p[0]) * p[2] + p[3]);
  }
};

/// Pieces of runs, elements that share their parameters, from one before number `end` back to
/// number `begin`. Run r has parameters[r % channels].
template <typename Mapping, typename T>
struct MapRunsLoop {
  using W = WorkType<T>;
  using Parameters = std::array<W, Mapping::kParameters>;

  [[gnu::always_inline]] static void Run(const T* x, const T* gradients, int64_t begin, int64_t end,
                                         const Pieces& pieces, int64_t channels,
                                         const Parameters* parameters, T* out) {
    for (int64_t number = end - 1; number >= begin; --number) {
      const int64_t run = number / pieces.count;
      const int64_t at = number % pieces.count * pieces.most;
      const int64_t offset = run * pieces.inner + at;
      Map(x + offset, gradients + offset, std::min(pieces.most, pieces.inner - at),
          parameters[run % channels].data(), out + offset);
    }
  }

  [[gnu::always_inline]] static void Map(const T* x, const T* gradients, int64_t size,
                                         const W* parameters, T* out) {
    W p[Mapping::kParameters];
    for (int i = 0; i < Mapping::kParameters; ++i) p[i] = parameters[i];
#pragma GCC ivdep
    for (int64_t i = 0; i < size; ++i) {
      out[i] = FromWork<T>(Mapping::template Map<W>(ToWork(x[i]), ToWork(gradients[i]), p));
    }
  }
};

/// Rows of elements that have parameters of their own, parameter i of element j of every row at
/// i * width + j. Row after row: memory that is read in several places at a time comes later than
/// the parameters, which stay in the first cache.
template <typename Mapping, typename T>
struct MapRowsLoop {
  using W = WorkType<T>;
  [[gnu::always_inline]] static void Run(const T* x, const T* gradients, int64_t rows, int64_t size,
                                         int64_t width, const W* parameters, T* out) {
    for (int64_t at = 0; at < rows * width; at += width) {
#pragma GCC ivdep
      for (int64_t j = 0; j < size; ++j) {
        W p[Mapping::kParameters];
        for (int i = 0; i < Mapping::kParameters; ++i) p[i] = parameters[i * width + j];
        out[at + j] =
            FromWork<T>(Mapping::template Map<W>(ToWork(x[at + j]), ToWork(gradients[at + j]), p));
      }
    }
  }
};

template <typename Mapping, typename T>
class ChannelMap {
 public:
  using W = WorkType<T>;
  using Parameters = std::array<W, Mapping::kParameters>;  // of one channel

  /// `gradients` may be null if the mapping does not use them; `out` may be x or the gradients.
  ChannelMap(const ChannelLayout& layout, const T* x, const T* gradients, T* out)
      : layout_(layout), x_(x), gradients_(gradients == nullptr ? x : gradients), out_(out) {}

  /// Maps everything; one entry of `parameters` for each channel. It goes from the end of the
  /// memory, or of a part of it, to its start, because sums have just been made the other way: the
  /// end is still in the caches.
  void Run(const std::vector<Parameters>& parameters, const Context& context) const {
    if (HasRuns(layout_)) {
      RunOverRuns(parameters, context);
    } else {
      RunOverColumns(parameters, context);
    }
  }

 private:
  static constexpr int64_t kGrain = 1 << 14;  // elements
  static constexpr int64_t kPiece = 1 << 16;  // elements
  static constexpr int64_t kWide = 512;       // elements of a row
  static constexpr int64_t kBlock = 1 << 13;  // elements of rows that are mapped forwards

  void RunOverRuns(const std::vector<Parameters>& parameters, const Context& context) const {
    const Pieces pieces(layout_.inner, kPiece);
    const int64_t all = layout_.outer * layout_.channels * pieces.count;
    const int64_t grain = std::max<int64_t>(kGrain / std::min(layout_.inner, kPiece), 1);
    const bool mirrors = HasOneThread(context);
    ParallelFor(context, all, grain, [&](int64_t begin, int64_t end) {
      if (mirrors) Mirror(all, &begin, &end);
      RunBest<MapRunsLoop<Mapping, T>, const T*, const T*, int64_t, int64_t, const Pieces&>(
          x_, gradients_, begin, end, pieces, layout_.channels, parameters.data(), out_);
    });
  }

  void RunOverColumns(const std::vector<Parameters>& parameters, const Context& context) const {
    const WideRows wide(layout_, kWide);
    const int64_t width = wide.width();
    std::vector<W> columns(Mapping::kParameters * width);
    ForEachColumn(layout_, width, [&](int64_t column, int64_t channel) {
      for (int i = 0; i < Mapping::kParameters; ++i) {
        columns[i * width + column] = parameters[channel][i];
      }
    });
    const auto map = [&](int64_t row, int64_t rows, int64_t size) {
      const int64_t offset = row * width;
      RunBest<MapRowsLoop<Mapping, T>>(x_ + offset, gradients_ + offset, rows, size, width,
                                       columns.data(), out_ + offset);
    };
    if (wide.rest > 0) map(wide.rows, 1, wide.rest * wide.period);
    const int64_t most = std::max<int64_t>(kBlock / width, 1);
    const bool mirrors = HasOneThread(context);
    ParallelFor(context, wide.rows, std::max<int64_t>(kGrain / width, 1),
                [&](int64_t begin, int64_t end) {
                  if (mirrors) Mirror(wide.rows, &begin, &end);
                  for (int64_t last = end; last > begin; last -= most) {
                    const int64_t first = std::max(last - most, begin);
                    map(first, last - first, width);
                  }
                });
  }

  /// Of several threads each maps what it has summed, which is in its own cache.
  static bool HasOneThread(const Context& context) { return NumThreads(context) == 1; }

  /// Makes of [begin, end), items of `all`, as many from the other end.
  static void Mirror(int64_t all, int64_t* begin, int64_t* end) {
    const int64_t first = all - *end;
    *end = all - *begin;
    *begin = first;
  }

  const ChannelLayout layout_;
  const T* const x_;
  const T* const gradients_;
  T* const out_;
};

}  // namespace paddlemend
