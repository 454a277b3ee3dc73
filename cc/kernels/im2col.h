// Patches of an image as the columns of a matrix, and back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "cc/kernels/convolution.h"

namespace paddlemend {

/// The positions [begin, end) of an axis at which tap `tap` meets the image.
struct InsidePositions {
  InsidePositions(const ConvolutionAxis& axis, int64_t tap) {
    // position · stride + offset is the element of the image.
    offset = tap * axis.dilation - axis.before;
    begin = offset >= 0 ? 0 : (-offset + axis.stride - 1) / axis.stride;
    end = offset >= axis.size ? 0 : (axis.size - 1 - offset) / axis.stride + 1;
    begin = std::min(begin, axis.positions);
    end = std::max(begin, std::min(end, axis.positions));
  }

  int64_t offset;
  int64_t begin;
  int64_t end;
};

/// InsidePositions of all taps: their divisions cost more than a short row of a map.
struct InsideOfTaps {
  explicit InsideOfTaps(const Convolution& sizes) {
    for (int64_t tap = 0; tap < sizes.height.taps; ++tap) rows.emplace_back(sizes.height, tap);
    for (int64_t tap = 0; tap < sizes.width.taps; ++tap) columns.emplace_back(sizes.width, tap);
  }

  std::vector<InsidePositions> rows, columns;
};

/// The positions [first, last) of flattened maps of `width` columns.
struct PositionRange {
  PositionRange(int64_t width, int64_t first, int64_t last)
      : width(width), first(first), last(last), first_row(first / width) {}

  int64_t width, first, last;
  int64_t first_row;
};

/// Calls `inside(column, pixel, count)` for the runs of `positions` at which a tap meets the image,
/// and `outside(column, count)` for the others; `column` counts from the first position.
template <typename Inside, typename Outside>
inline void ForEachRun(const Convolution& sizes, const InsidePositions& rows,
                       const InsidePositions& columns, const PositionRange& positions,
                       const Inside& inside, const Outside& outside) {
  const int64_t width = positions.width;
  int64_t start = positions.first_row * width;
  for (int64_t row = positions.first_row; start < positions.last; ++row, start += width) {
    const int64_t begin = std::max(positions.first - start, int64_t{0});
    const int64_t end = std::min(positions.last - start, width);
    const bool meets = row >= rows.begin && row < rows.end;
    const int64_t from = meets ? std::clamp(columns.begin, begin, end) : end;
    const int64_t to = meets ? std::clamp(columns.end, from, end) : end;
    const int64_t column = start - positions.first;
    if (from > begin) outside(column + begin, from - begin);
    if (to > from) {
      const int64_t line = row * sizes.height.stride + rows.offset;
      inside(column + from, line * sizes.width.size + from * sizes.width.stride + columns.offset,
             to - from);
    }
    if (end > to) outside(column + to, end - to);
  }
}

/// For runs that are too short for a call of memcpy.
template <typename T>
inline void CopyRun(const T* from, int64_t step, int64_t count, T* to) {
  if (step == 1) {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) to[i] = from[i * step];
  }
}

/// Writes row (channel, tap) of `columns`, of `ld` elements a row, for the positions
/// [first, last) of the image at `image` [channels, height, width].
template <typename T>
void Im2Col(const Convolution& sizes, const InsideOfTaps& inside, int64_t channels, const T* image,
            int64_t first, int64_t last, T* columns, int64_t ld) {
  const PositionRange positions(sizes.width.positions, first, last);
  for (int64_t channel = 0; channel < channels; ++channel, image += sizes.pixels()) {
    for (int64_t row_tap = 0; row_tap < sizes.height.taps; ++row_tap) {
      for (int64_t tap = 0; tap < sizes.width.taps; ++tap, columns += ld) {
        ForEachRun(
            sizes, inside.rows[row_tap], inside.columns[tap], positions,
            [&](int64_t column, int64_t pixel, int64_t count) {
              CopyRun(image + pixel, sizes.width.stride, count, columns + column);
            },
            [&](int64_t column, int64_t count) { std::fill_n(columns + column, count, T(0)); });
      }
    }
  }
}

/// Adds what Im2Col would have read back to where it would have read it.
template <typename T>
void AddCol2Im(const Convolution& sizes, const InsideOfTaps& inside, int64_t channels,
               const T* columns, int64_t ld, int64_t first, int64_t last, T* image) {
  const PositionRange positions(sizes.width.positions, first, last);
  const int64_t step = sizes.width.stride;
  for (int64_t channel = 0; channel < channels; ++channel, image += sizes.pixels()) {
    for (int64_t row_tap = 0; row_tap < sizes.height.taps; ++row_tap) {
      for (int64_t tap = 0; tap < sizes.width.taps; ++tap, columns += ld) {
        ForEachRun(
            sizes, inside.rows[row_tap], inside.columns[tap], positions,
            [&](int64_t column, int64_t pixel, int64_t count) {
              const T* const from = columns + column;
              T* const to = image + pixel;
              if (step == 1) {
#pragma GCC ivdep
                for (int64_t i = 0; i < count; ++i) to[i] += from[i];
              } else {
#pragma GCC ivdep
                for (int64_t i = 0; i < count; ++i) to[i * step] += from[i];
              }
            },
            [](int64_t, int64_t) {});
      }
    }
  }
}

}  // namespace paddlemend
