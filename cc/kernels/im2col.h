// Patches of an image as the columns of a matrix, and back.
#pragma once

#include <algorithm>
#include <cstdint>

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

/// Calls `inside(column, pixel, count, step)` for the runs of positions [first, last) of the
/// flattened maps at which a tap meets the image, `step` pixels apart, and `outside(column, count)`
/// for the others; `column` counts from `first`.
template <typename Inside, typename Outside>
void ForEachRun(const Convolution& sizes, int64_t row_tap, int64_t column_tap, int64_t first,
                int64_t last, const Inside& inside, const Outside& outside) {
  const int64_t width = sizes.width.positions;
  const InsidePositions rows(sizes.height, row_tap);
  const InsidePositions columns(sizes.width, column_tap);
  for (int64_t row = first / width, at = first; at < last; ++row) {
    const int64_t begin = at - row * width;
    const int64_t end = std::min(last - row * width, width);
    const bool meets = row >= rows.begin && row < rows.end;
    const int64_t from = meets ? std::clamp(columns.begin, begin, end) : end;
    const int64_t to = meets ? std::clamp(columns.end, from, end) : end;
    if (from > begin) outside(at - first, from - begin);
    if (to > from) {
      const int64_t line = row * sizes.height.stride + rows.offset;
      inside(at - first + from - begin,
             line * sizes.width.size + from * sizes.width.stride + columns.offset, to - from,
             sizes.width.stride);
    }
    if (end > to) outside(at - first + to - begin, end - to);
    at = (row + 1) * width;
  }
}

/// Writes row (channel, tap) of `columns`, of `ld` elements a row, for the positions
/// [first, last) of the image at `image` [channels, height, width].
template <typename T>
void Im2Col(const Convolution& sizes, int64_t channels, const T* image, int64_t first,
            int64_t last, T* columns, int64_t ld) {
  for (int64_t channel = 0; channel < channels; ++channel, image += sizes.pixels()) {
    for (int64_t row_tap = 0; row_tap < sizes.height.taps; ++row_tap) {
      for (int64_t tap = 0; tap < sizes.width.taps; ++tap, columns += ld) {
        ForEachRun(
            sizes, row_tap, tap, first, last,
            [&](int64_t column, int64_t pixel, int64_t count, int64_t step) {
              const T* const from = image + pixel;
              T* const to = columns + column;
              if (step == 1) {
                std::copy_n(from, count, to);
              } else {
                for (int64_t i = 0; i < count; ++i) to[i] = from[i * step];
              }
            },
            [&](int64_t column, int64_t count) { std::fill_n(columns + column, count, T(0)); });
      }
    }
  }
}

/// Adds what Im2Col would have read back to where it would have read it.
template <typename T>
void AddCol2Im(const Convolution& sizes, int64_t channels, const T* columns, int64_t ld,
               int64_t first, int64_t last, T* image) {
  for (int64_t channel = 0; channel < channels; ++channel, image += sizes.pixels()) {
    for (int64_t row_tap = 0; row_tap < sizes.height.taps; ++row_tap) {
      for (int64_t tap = 0; tap < sizes.width.taps; ++tap, columns += ld) {
        ForEachRun(
            sizes, row_tap, tap, first, last,
            [&](int64_t column, int64_t pixel, int64_t count, int64_t step) {
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
