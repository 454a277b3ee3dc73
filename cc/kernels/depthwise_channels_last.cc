#include "cc/kernels/depthwise_channels_last.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "cc/kernels/parallel.h"
#include "cc/kernels/softmax_rows.h"

namespace paddlemend {
namespace {

/// The pixels and filters that one position sees: the channels of each are neighbours.
template <typename T>
struct Seen {
  const T* const* pixels;
  const T* const* filters;
  int64_t count;
};

template <typename T>
struct PositionLoop {
  static constexpr int kLanes = 64 / sizeof(T);
  typedef T Vector __attribute__((vector_size(64)));

  [[gnu::always_inline]] static void Run(Seen<T> seen, const T* bias, int64_t channels, T* out) {
    int64_t at = 0;
    for (; at + 4 * kLanes <= channels; at += 4 * kLanes) RunVectors<4>(seen, bias, at, out);
    for (; at + 2 * kLanes <= channels; at += 2 * kLanes) RunVectors<2>(seen, bias, at, out);
    for (; at + kLanes <= channels; at += kLanes) RunVectors<1>(seen, bias, at, out);
    for (; at < channels; ++at) {
      T sum = bias[at];
      for (int64_t i = 0; i < seen.count; ++i) sum += seen.pixels[i][at] * seen.filters[i][at];
      out[at] = sum;
    }
  }

 private:
  template <int kVectors>
  [[gnu::always_inline]] static void RunVectors(Seen<T> seen, const T* bias, int64_t at, T* out) {
    Vector sums[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v)
      std::memcpy(&sums[v], bias + at + v * kLanes, sizeof(Vector));
    for (int64_t i = 0; i < seen.count; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        Vector pixel, filter;
        std::memcpy(&pixel, seen.pixels[i] + at + v * kLanes, sizeof(pixel));
        std::memcpy(&filter, seen.filters[i] + at + v * kLanes, sizeof(filter));
        sums[v] += pixel * filter;
      }
    }
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) std::memcpy(out + at + v * kLanes, &sums[v], sizeof(Vector));
  }
};

}  // namespace

template <typename T>
void DepthwiseChannelsLast(const Convolution& sizes, const T* images, const T* filters,
                           const T* bias, T* maps, const Context& context) {
  const int64_t channels = sizes.groups, taps = sizes.taps();
  std::vector<T> by_tap(taps * channels), start(channels, T(0));
  std::vector<int64_t> down(taps), right(taps);  // from a position to what a tap sees
  for (int64_t tap = 0; tap < taps; ++tap) {
    down[tap] = tap / sizes.width.taps * sizes.height.dilation;
    right[tap] = tap % sizes.width.taps * sizes.width.dilation;
    for (int64_t c = 0; c < channels; ++c) by_tap[tap * channels + c] = filters[c * taps + tap];
  }
  if (bias != nullptr) std::copy_n(bias, channels, start.data());
  const ConvolutionAxis &height = sizes.height, &width = sizes.width;
  const int64_t products = width.positions * taps * channels;
  const int64_t grain = 1 + (1 << 17) / (1 + products);
  ParallelFor(context, sizes.batch * height.positions, grain, [&](int64_t begin, int64_t end) {
    std::vector<const T*> pixels(taps), seen_filters(taps);
    for (int64_t number = begin; number < end; ++number) {
      const T* const image = images + number / height.positions * sizes.pixels() * channels;
      const int64_t row = number % height.positions * height.stride - height.before;
      for (int64_t column = 0; column < width.positions; ++column) {
        const int64_t first = column * width.stride - width.before;
        int64_t count = 0;
        for (int64_t tap = 0; tap < taps; ++tap) {
          const int64_t y = row + down[tap], x = first + right[tap];
          if (y < 0 || y >= height.size || x < 0 || x >= width.size) continue;
          pixels[count] = image + (y * width.size + x) * channels;
          seen_filters[count++] = by_tap.data() + tap * channels;
        }
        softmax::RunWidest<PositionLoop<T>>(Seen<T>{pixels.data(), seen_filters.data(), count},
                                            static_cast<const T*>(start.data()), channels,
                                            maps + (number * width.positions + column) * channels);
      }
    }
  });
}

template void DepthwiseChannelsLast<float>(const Convolution&, const float*, const float*,
                                           const float*, float*, const Context&);
template void DepthwiseChannelsLast<double>(const Convolution&, const double*, const double*,
                                            const double*, double*, const Context&);

}  // namespace paddlemend
