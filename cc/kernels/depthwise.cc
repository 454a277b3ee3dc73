#include "cc/kernels/depthwise.h"

#include <algorithm>

#include "cc/kernels/im2col.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {
namespace {

/// to[i · to_step] += factor · from[i · from_step]; one of the steps is 1.
template <typename T>
void AddScaled(T factor, const T* from, int64_t from_step, T* to, int64_t to_step, int64_t count) {
  if (from_step == 1 && to_step == 1) {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) to[i] += factor * from[i];
  } else if (to_step == 1) {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) to[i] += factor * from[i * from_step];
  } else {
#pragma GCC ivdep
    for (int64_t i = 0; i < count; ++i) to[i * to_step] += factor * from[i];
  }
}

/// The sum of a[i · step] · b[i], in lanes of a fixed number.
template <typename T>
T Dot(const T* a, int64_t step, const T* b, int64_t count) {
  constexpr int64_t kLanes = 16;
  T lanes[kLanes] = {};
  int64_t i = 0;
  if (step == 1) {
    for (; i + kLanes <= count; i += kLanes) {
      for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
    }
  }
  for (int64_t lane = 0; i < count; ++i, lane = (lane + 1) % kLanes) {
    lanes[lane] += a[i * step] * b[i];
  }
  T sum(0);
  for (const T lane : lanes) sum += lane;
  return sum;
}

/// Calls `function(tap, pixel, position, count)` for the runs of positions of map row `row` that a
/// tap meets.
template <typename Function>
inline void ForEachTapOfRow(const Convolution& sizes, const InsideOfTaps& inside, int64_t row,
                            const Function& function) {
  for (int64_t row_tap = 0; row_tap < sizes.height.taps; ++row_tap) {
    const InsidePositions& rows = inside.rows[row_tap];
    if (row < rows.begin || row >= rows.end) continue;
    const int64_t line = (row * sizes.height.stride + rows.offset) * sizes.width.size;
    for (int64_t tap = 0; tap < sizes.width.taps; ++tap) {
      const InsidePositions& columns = inside.columns[tap];
      const int64_t count = columns.end - columns.begin;
      if (count > 0) {
        function(row_tap * sizes.width.taps + tap,
                 line + columns.begin * sizes.width.stride + columns.offset,
                 row * sizes.width.positions + columns.begin, count);
      }
    }
  }
}

/// to[i] = start + the sum of filter[j] · pixels[j · dilation + i] over all j of each row of taps:
/// one pass over a row of the map a row of taps, for a stride of 1.
template <typename T>
void MapRow(const Convolution& sizes, const InsideOfTaps& inside, int64_t row, const T* image,
            const T* filter, T* to) {
  const int64_t taps = sizes.width.taps;
  const int64_t dilation = sizes.width.dilation;
  // Where all taps of a row meet the image.
  const int64_t begin = inside.columns.front().begin;
  const int64_t end = std::max(begin, inside.columns.back().end);
  for (int64_t row_tap = 0; row_tap < sizes.height.taps; ++row_tap, filter += taps) {
    const InsidePositions& rows = inside.rows[row_tap];
    if (row < rows.begin || row >= rows.end) continue;
    const T* const line =
        image + (row * sizes.height.stride + rows.offset) * sizes.width.size - sizes.width.before;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const InsidePositions& columns = inside.columns[tap];
      const T* const from = line + tap * dilation;
      for (int64_t i = columns.begin; i < std::min(begin, columns.end); ++i) {
        to[i] += filter[tap] * from[i];
      }
      for (int64_t i = std::max(end, columns.begin); i < columns.end; ++i) {
        to[i] += filter[tap] * from[i];
      }
    }
    int64_t tap = 0;
    for (; tap + 3 <= taps; tap += 3) {
      const T a = filter[tap], b = filter[tap + 1], c = filter[tap + 2];
      const T* const from = line + tap * dilation;
#pragma GCC ivdep
      for (int64_t i = begin; i < end; ++i) {
        to[i] += a * from[i] + b * from[i + dilation] + c * from[i + 2 * dilation];
      }
    }
    for (; tap < taps; ++tap) {
      AddScaled(filter[tap], line + tap * dilation + begin, 1, to + begin, 1, end - begin);
    }
  }
}

int64_t Grain(int64_t products) {
  return std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(products, 1));
}

}  // namespace

template <typename T>
void DepthwiseMaps(const Convolution& sizes, const T* images, const T* filters, const T* bias,
                   T* maps, const Context& context) {
  const InsideOfTaps inside(sizes);
  const int64_t width = sizes.width.positions;
  const int64_t rows = sizes.height.positions;
  const int64_t channels = sizes.groups * sizes.filters;
  const int64_t planes = sizes.batch * channels;
  ParallelFor(context, planes * rows, Grain(width * sizes.taps()), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t plane = i / rows;
      const int64_t channel = plane % channels;
      const T* const image = images + plane / sizes.filters * sizes.pixels();
      T* const map = maps + plane * sizes.positions();
      std::fill_n(map + i % rows * width, width, bias == nullptr ? T(0) : bias[channel]);
      if (sizes.width.stride == 1) {
        MapRow(sizes, inside, i % rows, image, filters + channel * sizes.taps(),
               map + i % rows * width);
        continue;
      }
      ForEachTapOfRow(sizes, inside, i % rows,
                      [&](int64_t tap, int64_t pixel, int64_t position, int64_t count) {
                        AddScaled(filters[channel * sizes.taps() + tap], image + pixel,
                                  sizes.width.stride, map + position, 1, count);
                      });
    }
  });
}

template <typename T>
void AddDepthwiseImages(const Convolution& sizes, const T* maps, const T* filters, T* images,
                        const Context& context) {
  const InsideOfTaps inside(sizes);
  const int64_t work = sizes.positions() * sizes.taps() * sizes.filters;
  ParallelFor(context, sizes.batch * sizes.groups, Grain(work), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * sizes.filters; i < end * sizes.filters; ++i) {
      const T* const map = maps + i * sizes.positions();
      const T* const filter = filters + i % (sizes.groups * sizes.filters) * sizes.taps();
      T* const image = images + i / sizes.filters * sizes.pixels();
      for (int64_t row = 0; row < sizes.height.positions; ++row) {
        ForEachTapOfRow(
            sizes, inside, row, [&](int64_t tap, int64_t pixel, int64_t position, int64_t count) {
              AddScaled(filter[tap], map + position, 1, image + pixel, sizes.width.stride, count);
            });
      }
    }
  });
}

template <typename T>
void DepthwiseFilters(const Convolution& sizes, const T* images, const T* maps, T* filters,
                      const Context& context) {
  const int64_t channels = sizes.groups * sizes.filters;
  const InsideOfTaps inside(sizes);
  const int64_t work = sizes.batch * sizes.positions() * sizes.taps();
  std::fill_n(filters, channels * sizes.taps(), T(0));
  ParallelFor(context, channels, Grain(work), [&](int64_t begin, int64_t end) {
    for (int64_t channel = begin; channel < end; ++channel) {
      T* const filter = filters + channel * sizes.taps();
      for (int64_t n = 0; n < sizes.batch; ++n) {
        const T* const map = maps + (n * channels + channel) * sizes.positions();
        const T* const image =
            images + (n * sizes.groups + channel / sizes.filters) * sizes.pixels();
        for (int64_t row = 0; row < sizes.height.positions; ++row) {
          ForEachTapOfRow(
              sizes, inside, row, [&](int64_t tap, int64_t pixel, int64_t position, int64_t count) {
                filter[tap] += Dot(image + pixel, sizes.width.stride, map + position, count);
              });
        }
      }
    }
  });
}

#define PM_INSTANTIATE(T)                                                                          \
  template void DepthwiseMaps<T>(const Convolution&, const T*, const T*, const T*, T*,             \
                                 const Context&);                                                  \
  template void AddDepthwiseImages<T>(const Convolution&, const T*, const T*, T*, const Context&); \
  template void DepthwiseFilters<T>(const Convolution&, const T*, const T*, T*, const Context&);

PM_INSTANTIATE(float)
PM_INSTANTIATE(double)

}  // namespace paddlemend
