// Adding rows to slices by warps.
#pragma once

#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/slice_runs.cuh"
#include "cc/cuda/slices.cuh"
#include "cc/cuda/warp_rows.cuh"
#include "cc/kernels/slice_add.h"

namespace paddlemend::cuda {

template <typename T>
struct Arrays {
  const T* x;
  const T* value;
  T* out;
  SliceAddShape shape;
};

/// A vector as it comes from memory: 16 bytes in four registers, where elements would take one
/// each.
template <typename T, int kVector>
using Raw = std::conditional_t<sizeof(T) * kVector == sizeof(uint4), uint4, Vector<T, kVector>>;

template <typename T, int kVector>
struct Accumulator {
  Work<T> sums[kVector];

  __device__ __forceinline__ void Set(const Vector<T, kVector>& vector) {
#pragma unroll
    for (int k = 0; k < kVector; ++k) sums[k] = Convert<Work<T>>(vector.values[k]);
  }

  __device__ __forceinline__ void Load(const T* from) {
    Set(*reinterpret_cast<const Vector<T, kVector>*>(from));
  }

  __device__ __forceinline__ void Set(const uint4& raw) {
    Set(*reinterpret_cast<const Vector<T, kVector>*>(&raw));
  }

  __device__ __forceinline__ void Add(const uint4& raw) {
    Add(*reinterpret_cast<const Vector<T, kVector>*>(&raw));
  }

  __device__ __forceinline__ void Add(const Vector<T, kVector>& vector) {
#pragma unroll
    for (int k = 0; k < kVector; ++k) sums[k] = Plus(sums[k], Convert<Work<T>>(vector.values[k]));
  }

  __device__ __forceinline__ void Store(T* to) const {
    Vector<T, kVector> vector;
#pragma unroll
    for (int k = 0; k < kVector; ++k) vector.values[k] = Convert<T>(sums[k]);
    *reinterpret_cast<Vector<T, kVector>*>(to) = vector;
  }
};

/// Elements of a slice that a warp sums up: some vectors of each lane.
template <typename T, int kVector>
struct RowTile {
  static constexpr int kAtOnce = sizeof(T) == 1 ? 1 : 2;
  static constexpr int64_t kSize = 32 * kVector * kAtOnce;
  using Words = Raw<T, kVector>[kAtOnce];

  const int64_t size;  // elements from the first of this lane to the end of the slice
  Accumulator<T, kVector> accumulators[kAtOnce];

  __device__ __forceinline__ explicit RowTile(int64_t size) : size(size) {}

  __device__ __forceinline__ void Read(const T* from, Words& words) const {
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int at = k * 32 * kVector;
      if (at < size) words[k] = *reinterpret_cast<const Raw<T, kVector>*>(from + at);
    }
  }

  __device__ __forceinline__ void Set(const Words& words) {
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) accumulators[k].Set(words[k]);
  }

  __device__ __forceinline__ void Add(const Words& words) {
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) accumulators[k].Add(words[k]);
  }

  __device__ __forceinline__ void Store(T* to) const {
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int at = k * 32 * kVector;
      if (at < size) accumulators[k].Store(to + at);
    }
  }
};

/// Adds to a slice what the additions of its run bring, by a warp: two rows are on their way while
/// one is added.
template <typename T, int kVector, typename Place>
__device__ __forceinline__ void AddRows(const Arrays<T>& of, PlacesOfRun<Place>& of_run,
                                        int64_t block, int64_t number, int lane) {
  using Tile = RowTile<T, kVector>;
  const SliceAddShape& s = of.shape;
  const int64_t offset = (block * s.size + number) * s.inner;
#pragma unroll 1
  for (int64_t begin = lane * kVector; begin < s.inner + lane * kVector; begin += Tile::kSize) {
    Tile tile(s.inner - begin);
    const T* const values = of.value + block * s.count * s.inner + begin;
    typename Tile::Words x, even, odd;
    tile.Read(of.x + offset + begin, x);
    if (of_run.length > 0) tile.Read(values + of_run.At(0) * s.inner, even);
    if (of_run.length > 1) tile.Read(values + of_run.At(1) * s.inner, odd);
    tile.Set(x);
#pragma unroll 1
    for (Place i = 0; i < of_run.length; i += 2) {
      tile.Add(even);
      if (i + 2 < of_run.length) tile.Read(values + of_run.At(i + 2) * s.inner, even);
      if (i + 1 >= of_run.length) break;
      tile.Add(odd);
      if (i + 3 < of_run.length) tile.Read(values + of_run.At(i + 3) * s.inner, odd);
    }
    tile.Store(of.out + offset + begin);
  }
}

/// Adds one row to a slice, by a warp: it keeps no sums, so more of the row is on its way.
template <typename T, int kVector>
__device__ __forceinline__ void AddRow(const Arrays<T>& of, int64_t place, int64_t block,
                                       int64_t number, int lane) {
  constexpr int kAtOnce = 4;
  using Words = Raw<T, kVector>;
  const SliceAddShape& s = of.shape;
  const int64_t offset = (block * s.size + number) * s.inner;
  const T* const value = of.value + (block * s.count + place) * s.inner;
#pragma unroll 1
  for (int64_t begin = lane * kVector; begin < s.inner; begin += 32 * kVector * kAtOnce) {
    const int64_t size = s.inner - begin;
    Words added[kAtOnce], sums[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int at = k * 32 * kVector;
      if (at < size) sums[k] = *reinterpret_cast<const Words*>(of.x + offset + begin + at);
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int at = k * 32 * kVector;
      if (at < size) added[k] = *reinterpret_cast<const Words*>(value + begin + at);
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int at = k * 32 * kVector;
      if (at >= size) continue;
      Accumulator<T, kVector> accumulator;
      accumulator.Set(sums[k]);
      accumulator.Add(added[k]);
      accumulator.Store(of.out + offset + begin + at);
    }
  }
}

/// How many slices a warp goes through: starting one takes as long as some 16 KiB, but there have
/// to be enough warps.
inline int SlicesOfWarp(int64_t slices, int64_t slice_bytes) {
  constexpr int64_t kMostBytes = 16 << 10;
  constexpr int64_t kLeastWarps = 1 << 14;
  int each = 8;
  while (each > 1 && (each * slice_bytes > kMostBytes || slices / each < kLeastWarps)) each /= 2;
  return each;
}

/// Goes through all slices of out, by warps, each of which reads the runs of its slices at once.
/// `places_of(run, lane)` are the places of a run, in order. Blocks of one warp: runs take very
/// different times.
template <typename T, int kVector, typename Place, typename PlacesOf>
void AddByWarps(const Arrays<T>& of, const Run<Place>* runs, const PlacesOf& places_of) {
  const SliceAddShape& s = of.shape;
  const int64_t n = s.outer * s.size;
  const Divisor by_size(s.size, n);
  const Words words = WordsOfCall();
  const bool in_place = of.x == of.out;
  const int each = SlicesOfWarp(n, s.inner * static_cast<int64_t>(sizeof(T)));
  ForEachWarp<1>(CeilDiv(n, each), [=] __device__(int64_t warp, int lane) {
    if (!words.MayWrite()) return;
    const int64_t first = warp * each;
    const int count = static_cast<int>(n - first < each ? n - first : each);
    Run<Place> own{0, 0};
    if (lane < count) {
      int64_t number = first + lane;
      by_size.Split(&number);
      own = runs[number];
    }
#pragma unroll 1
    for (int k = 0; k < count; ++k) {
      int64_t number = first + k;
      const int64_t block = by_size.Split(&number);
      const Run<Place> run{__shfl_sync(~0u, own.begin, k), __shfl_sync(~0u, own.end, k)};
      if (run.begin == run.end && in_place) continue;
      PlacesOfRun<Place> places = places_of(run, lane);
      if (places.length == 1) {
        AddRow<T, kVector>(of, places.At(0), block, number, lane);
      } else {
        AddRows<T, kVector>(of, places, block, number, lane);
      }
    }
  });
}

}  // namespace paddlemend::cuda
