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

/// (x - mean) * scale + shift, the mean in two parts: what is left of it when it is rounded is not
/// lost where it is large beside the deviation.
struct Normalize {
  static constexpr int kParameters = 4;
  template <typename W>
  [[gnu::always_inline]] static W Map(W x, W, const W* p) {
    return ((x - p[0]) - p[1]) * p[2] + p[3];
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

/// Elements that share their parameters.
template <typename Mapping, typename T>
struct MapRunLoop {
  using W = WorkType<T>;
  [[gnu::always_inline]] static void Run(const T* x, const T* gradients, int64_t size,
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

  /// Maps everything; one entry of `parameters` for each channel.
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

  void MapRun(int64_t offset, int64_t size, const Parameters& parameters) const {
    RunBest<MapRunLoop<Mapping, T>>(x_ + offset, gradients_ + offset, size, parameters.data(),
                                    out_ + offset);
  }

  void RunOverRuns(const std::vector<Parameters>& parameters, const Context& context) const {
    const int64_t pieces = (layout_.inner + kPiece - 1) / kPiece;
    const int64_t items = layout_.outer * layout_.channels * pieces;
    const int64_t grain = std::max<int64_t>(kGrain / std::min(layout_.inner, kPiece), 1);
    ParallelFor(context, items, grain, [&](int64_t begin, int64_t end) {
      for (int64_t item = begin; item < end; ++item) {
        const int64_t row = item / pieces;
        const int64_t at = item % pieces * kPiece;
        MapRun(row * layout_.inner + at, std::min(kPiece, layout_.inner - at),
               parameters[row % layout_.channels]);
      }
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
    ParallelFor(context, wide.rows, std::max<int64_t>(kGrain / width, 1),
                [&](int64_t begin, int64_t end) { map(begin, end - begin, width); });
    if (wide.rest > 0) map(wide.rows, 1, wide.rest * wide.period);
  }

  const ChannelLayout layout_;
  const T* const x_;
  const T* const gradients_;
  T* const out_;
};

}  // namespace paddlemend
