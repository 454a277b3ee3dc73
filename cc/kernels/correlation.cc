#include "cc/kernels/correlation.h"

#include <cstring>
#include <utility>

namespace paddlemend {
namespace {

/// Writes or adds the vectors of a tile to sums, one after the other.
template <typename T, typename Vector, int kRows, int kVectors>
[[gnu::always_inline]] inline void StoreSums(const Vector (&total)[kRows][kVectors], bool adds,
                                             T* sums) {
#pragma GCC unroll 16
  for (int row = 0; row < kRows; ++row) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      T* const to = sums + (row * kVectors + v) * (sizeof(Vector) / sizeof(T));
      Vector before{};
      if (adds) std::memcpy(&before, to, sizeof(Vector));
      const Vector sum = total[row][v] + before;
      std::memcpy(to, &sum, sizeof(Vector));
    }
  }
}

/// kFilters filters and kVectors vectors of positions; all sums stay in registers.
template <typename T, int kLanes, int kFilters, int kVectors>
[[gnu::always_inline]] inline void SumTile(const TileOperands<T>& of, T* sums) {
  typedef T Vector __attribute__((vector_size(kLanes * sizeof(T))));
  Vector total[kFilters][kVectors];
#pragma GCC unroll 8
  for (int f = 0; f < kFilters; ++f) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) total[f][v] = Vector{};
  }
  const T* filters = of.filters;
  for (int64_t channel = 0; channel < of.channels; ++channel) {
    const T* const plane = of.planes + channel * of.channel_step;
    for (int64_t tap = 0; tap < of.taps; ++tap, filters += kFilters) {
      const T* const from = plane + of.shifts[tap];
      Vector in[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) std::memcpy(&in[v], from + v * kLanes, sizeof(Vector));
#pragma GCC unroll 8
      for (int f = 0; f < kFilters; ++f) {
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) total[f][v] += filters[f] * in[v];
      }
    }
  }
  StoreSums<T>(total, of.adds, sums);
}

/// kVectors vectors of filters and kPositions positions; all sums stay in registers. The filters
/// are loaded as they are aligned, and an element for all lanes is never in two lines of the cache.
template <typename T, int kLanes, int kVectors, int kPositions>
[[gnu::always_inline]] inline void SumFilterTile(const TileOperands<T>& of, T* sums) {
  typedef T Vector __attribute__((vector_size(kLanes * sizeof(T))));
  Vector total[kPositions][kVectors];
#pragma GCC unroll 16
  for (int p = 0; p < kPositions; ++p) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) total[p][v] = Vector{};
  }
  const T* filters = of.filters;
  for (int64_t channel = 0; channel < of.channels; ++channel) {
    const T* const plane = of.planes + channel * of.channel_step;
    for (int64_t tap = 0; tap < of.taps; ++tap, filters += kVectors * kLanes) {
      const T* const from = plane + of.shifts[tap];
      Vector filter[kVectors];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        std::memcpy(&filter[v], filters + v * kLanes, sizeof(Vector));
      }
#pragma GCC unroll 16
      for (int p = 0; p < kPositions; ++p) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) total[p][v] += from[p] * filter[v];
      }
    }
  }
  StoreSums<T>(total, of.adds, sums);
}

/// Half of the lanes plus the other half, down to one.
template <typename T, int kLanes>
struct AddLanes {
  typedef T Vector __attribute__((vector_size(kLanes * sizeof(T))));
  typedef T Half __attribute__((vector_size(kLanes / 2 * sizeof(T))));

  [[gnu::always_inline]] static T Run(const Vector& lanes) {
    Half low, high;
    std::memcpy(&low, &lanes, sizeof(low));
    std::memcpy(&high, reinterpret_cast<const char*>(&lanes) + sizeof(low), sizeof(high));
    return AddLanes<T, kLanes / 2>::Run(low + high);
  }
};

template <typename T>
struct AddLanes<T, 2> {
  typedef T Vector __attribute__((vector_size(2 * sizeof(T))));
  [[gnu::always_inline]] static T Run(const Vector& lanes) { return lanes[0] + lanes[1]; }
};

template <typename T, int kLanes, int kMaps, int kPlanes>
[[gnu::always_inline]] inline void SumDots(const DotOperands<T>& of) {
  typedef T Vector __attribute__((vector_size(kLanes * sizeof(T))));
  Vector total[kMaps][kPlanes];
  const T* planes[kPlanes];
#pragma GCC unroll 8
  for (int p = 0; p < kPlanes; ++p) {
    planes[p] = of.planes[p];
#pragma GCC unroll 8
    for (int m = 0; m < kMaps; ++m) total[m][p] = Vector{};
  }
  const T* maps = of.maps;
  for (int64_t image = 0; image < of.images; ++image, maps += of.map_image_step) {
    for (int64_t at = 0; at < of.positions; at += kLanes) {
      Vector map[kMaps];
#pragma GCC unroll 8
      for (int m = 0; m < kMaps; ++m) {
        std::memcpy(&map[m], maps + m * of.map_step + at, sizeof(Vector));
      }
#pragma GCC unroll 8
      for (int p = 0; p < kPlanes; ++p) {
        Vector in;
        std::memcpy(&in, planes[p] + at, sizeof(Vector));
#pragma GCC unroll 8
        for (int m = 0; m < kMaps; ++m) total[m][p] += map[m] * in;
      }
    }
#pragma GCC unroll 8
    for (int p = 0; p < kPlanes; ++p) planes[p] += of.plane_image_step;
  }
#pragma GCC unroll 8
  for (int m = 0; m < kMaps; ++m) {
#pragma GCC unroll 8
    for (int p = 0; p < kPlanes; ++p) {
      of.sums[m * of.sums_step + p] += AddLanes<T, kLanes>::Run(total[m][p]);
    }
  }
}

// The same loops for the registers of three kinds of processors: 32 of 64 bytes, 16 of 32 bytes
// and 16 of 16 bytes.
#if defined(__x86_64__)
#define PM_TARGET_512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
#define PM_TARGET_256 __attribute__((target("avx2,fma")))
#else
#define PM_TARGET_512
#define PM_TARGET_256
#endif

#define PM_LOOPS(Name, bytes, target)                                      \
  struct Name {                                                            \
    static constexpr int kBytes = bytes;                                   \
    template <typename T, int kFilters, int kVectors>                      \
    target static void Tile(const TileOperands<T>& of, T* sums) {          \
      SumTile<T, bytes / sizeof(T), kFilters, kVectors>(of, sums);         \
    }                                                                      \
    template <typename T, int kVectors, int kPositions>                    \
    target static void FilterTile(const TileOperands<T>& of, T* sums) {    \
      SumFilterTile<T, bytes / sizeof(T), kVectors, kPositions>(of, sums); \
    }                                                                      \
    template <typename T, int kMaps, int kPlanes>                          \
    target static void Dot(const DotOperands<T>& of) {                     \
      SumDots<T, bytes / sizeof(T), kMaps, kPlanes>(of);                   \
    }                                                                      \
  };

PM_LOOPS(Loops512, 64, PM_TARGET_512)
PM_LOOPS(Loops256, 32, PM_TARGET_256)
PM_LOOPS(Loops128, 16, )

template <typename Loops, typename T>
void FillDots(Correlator<T>* out) {
  const DotLoop<T> one[] = {&Loops::template Dot<T, 1, 1>, &Loops::template Dot<T, 1, 2>,
                            &Loops::template Dot<T, 1, 3>, &Loops::template Dot<T, 1, 4>,
                            &Loops::template Dot<T, 1, 5>, &Loops::template Dot<T, 1, 6>};
  const DotLoop<T> all[] = {&Loops::template Dot<T, 4, 1>, &Loops::template Dot<T, 4, 2>,
                            &Loops::template Dot<T, 4, 3>, &Loops::template Dot<T, 4, 4>,
                            &Loops::template Dot<T, 4, 5>, &Loops::template Dot<T, 4, 6>};
  std::memcpy(out->dots_[0], one, sizeof(one));
  std::memcpy(out->dots_[1], all, sizeof(all));
}

template <typename Loops, typename T, int kFilters, int kVectors>
void AddTile(Correlator<T>* out) {
  static_assert(kFilters * kVectors * Loops::kBytes / sizeof(T) <= Correlator<T>::kMostSums);
  static_assert(kVectors * Loops::kBytes / sizeof(T) <= Correlator<T>::kMostPositions);
  out->tiles_[out->tile_count_++] = {kFilters, kVectors,
                                     &Loops::template Tile<T, kFilters, kVectors>};
}

/// The loops for kVectors vectors of filters and each number of positions up to
/// sizeof...(kNumbers).
template <typename Loops, typename T, int kVectors, int... kNumbers>
void FillFilterTiles(int index, std::integer_sequence<int, kNumbers...>, Correlator<T>* out) {
  constexpr int kPositions = sizeof...(kNumbers);
  static_assert(kPositions <= Correlator<T>::kMostRowPositions);
  static_assert(kPositions * kVectors * Loops::kBytes / sizeof(T) <= Correlator<T>::kMostSums);
  const TileLoop<T> loops[] = {&Loops::template FilterTile<T, kVectors, kNumbers + 1>...};
  out->most_[index] = kPositions;
  std::memcpy(out->filter_tiles_[index], loops, sizeof(loops));
}

/// With few registers: at most 12 sums.
template <typename Loops, typename T>
Correlator<T> Narrow() {
  Correlator<T> out{};
  out.lanes_ = Loops::kBytes / sizeof(T);
  out.panel_ = 4;
  AddTile<Loops, T, 1, 1>(&out);
  AddTile<Loops, T, 1, 2>(&out);
  AddTile<Loops, T, 1, 4>(&out);
  AddTile<Loops, T, 1, 8>(&out);
  AddTile<Loops, T, 2, 1>(&out);
  AddTile<Loops, T, 2, 2>(&out);
  AddTile<Loops, T, 2, 5>(&out);
  AddTile<Loops, T, 4, 1>(&out);
  AddTile<Loops, T, 4, 2>(&out);
  AddTile<Loops, T, 4, 3>(&out);
  FillFilterTiles<Loops, T, 1>(0, std::make_integer_sequence<int, 8>(), &out);
  FillFilterTiles<Loops, T, 2>(1, std::make_integer_sequence<int, 6>(), &out);
  FillDots<Loops>(&out);
  return out;
}

template <typename T>
Correlator<T> Wide() {
  Correlator<T> out{};
  out.lanes_ = Loops512::kBytes / sizeof(T);
  out.panel_ = 8;
  AddTile<Loops512, T, 1, 1>(&out);
  AddTile<Loops512, T, 1, 2>(&out);
  AddTile<Loops512, T, 1, 4>(&out);
  AddTile<Loops512, T, 1, 8>(&out);
  AddTile<Loops512, T, 2, 1>(&out);
  AddTile<Loops512, T, 2, 2>(&out);
  AddTile<Loops512, T, 2, 4>(&out);
  AddTile<Loops512, T, 2, 8>(&out);
  AddTile<Loops512, T, 4, 1>(&out);
  AddTile<Loops512, T, 4, 2>(&out);
  AddTile<Loops512, T, 4, 4>(&out);
  AddTile<Loops512, T, 4, 6>(&out);
  AddTile<Loops512, T, 8, 1>(&out);
  AddTile<Loops512, T, 8, 2>(&out);
  AddTile<Loops512, T, 8, 3>(&out);
  FillFilterTiles<Loops512, T, 1>(0, std::make_integer_sequence<int, 14>(), &out);
  FillFilterTiles<Loops512, T, 2>(1, std::make_integer_sequence<int, 14>(), &out);
  FillFilterTiles<Loops512, T, 4>(2, std::make_integer_sequence<int, 7>(), &out);
  FillDots<Loops512>(&out);
  return out;
}

template <typename T>
Correlator<T> Choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return Wide<T>();
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return Narrow<Loops256, T>();
  }
#endif
  return Narrow<Loops128, T>();
}

}  // namespace

template <typename T>
const Correlator<T>& Correlator<T>::Best() {
  static const Correlator best = Choose<T>();
  return best;
}

template <typename T>
int64_t Correlator<T>::FiltersOfTile(int64_t filters) const {
  int64_t least = 1;
  while (least < filters) least *= 2;
  return least;
}

template <typename T>
int64_t Correlator<T>::MostPositions(int64_t filters) const {
  int64_t most = 0;
  for (int i = 0; i < tile_count_; ++i) {
    if (tiles_[i].filters == filters) most = tiles_[i].vectors * lanes_;
  }
  return most;
}

template <typename T>
TileLoop<T> Correlator<T>::Tile(int64_t filters, int64_t positions, int64_t* made) const {
  for (int i = 0; i < tile_count_; ++i) {
    if (tiles_[i].filters != filters || tiles_[i].vectors * lanes_ < positions) continue;
    *made = tiles_[i].vectors * lanes_;
    return tiles_[i].loop;
  }
  return nullptr;
}

template <typename T>
int64_t Correlator<T>::FilterPanel(int64_t row) const {
  // More filters for each element, where the positions of a row fill the registers even so.
  return (row <= most_[2] ? 4 : 2) * lanes_;
}

template <typename T>
int64_t Correlator<T>::FiltersOfVectors(int64_t filters) const {
  return filters <= lanes_ ? lanes_ : filters <= 2 * lanes_ ? 2 * lanes_ : 4 * lanes_;
}

template class Correlator<float>;
template class Correlator<double>;

}  // namespace paddlemend
