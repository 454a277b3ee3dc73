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
  static constexpr int kAtOnce = sizeof(T) < 4 ? sizeof(T) : 4;
  static constexpr int64_t kSize = 32 * kVector * kAtOnce;
  using Words = Vector<T, kVector>[kAtOnce];

  const int lane;
  const int64_t size;  // elements from here to the end of the slice
  Accumulator<T, kVector> accumulators[kAtOnce];

  __device__ __forceinline__ RowTile(int lane, int64_t size) : lane(lane), size(size) {}

  template <typename Function>
  __device__ __forceinline__ void ForEachVector(const Function& function) const {
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      const int at = (k * 32 + lane) * kVector;
      if (at < size) function(k, at);
    }
  }

  __device__ __forceinline__ void Read(const T* row, Words& words) const {
    ForEachVector(
        [&](int k, int at) { words[k] = *reinterpret_cast<const Vector<T, kVector>*>(row + at); });
  }

  __device__ __forceinline__ void Set(const Words& words) {
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) accumulators[k].Set(words[k]);
  }

  __device__ __forceinline__ void Add(const Words& words) {
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) accumulators[k].Add(words[k]);
  }

  __device__ __forceinline__ void Store(T* row) const {
    ForEachVector([&](int k, int at) { accumulators[k].Store(row + at); });
  }
};

/// Adds to a slice what the additions of its run bring, by a warp: it asks for the next row before
/// it adds one.
template <typename T, int kVector, typename Place>
__device__ __forceinline__ void AddRows(const Arrays<T>& of, PlacesOfRun<Place> of_run,
                                        int64_t block, int64_t number, int lane) {
  using Tile = RowTile<T, kVector>;
  const SliceAddShape& s = of.shape;
  const int64_t offset = (block * s.size + number) * s.inner;
  for (int64_t begin = 0; begin < s.inner; begin += Tile::kSize) {
    Tile tile(lane, s.inner - begin);
    const T* const values = of.value + block * s.count * s.inner + begin;
    typename Tile::Words even, odd;
    tile.Read(of.x + offset + begin, odd);
    if (of_run.length > 0) tile.Read(values + of_run.At(0) * s.inner, even);
    tile.Set(odd);
    for (Place i = 0; i < of_run.length; i += 2) {
      const bool has_odd = i + 1 < of_run.length;
      if (has_odd) tile.Read(values + of_run.At(i + 1) * s.inner, odd);
      tile.Add(even);
      if (i + 2 < of_run.length) tile.Read(values + of_run.At(i + 2) * s.inner, even);
      if (has_odd) tile.Add(odd);
    }
    tile.Store(of.out + offset + begin);
  }
}

/// Adds one row to a slice, by a warp: it keeps no sums, so more of the row is on its way.
template <typename T, int kVector>
__device__ __forceinline__ void AddRow(const Arrays<T>& of, int64_t place, int64_t block,
                                       int64_t number, int lane) {
  constexpr int kAtOnce = 4;
  using Words = Vector<T, kVector>;
  const SliceAddShape& s = of.shape;
  const int64_t offset = (block * s.size + number) * s.inner;
  const T* const value = of.value + (block * s.count + place) * s.inner;
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

/// Which slices a kernel goes through: those of a list, or all if there is none.
struct SliceList {
  const int32_t* slices;
  const int32_t* count;

  /// The slice of a warp; -1 if there is none.
  __device__ __forceinline__ int64_t At(int64_t warp) const {
    if (slices == nullptr) return warp;
    return warp < *count ? slices[warp] : -1;
  }
};

/// Adds to slices of out, by warps; a list is of those of one block. `places_of(run, lane)` are the
/// places of a run, in order. Blocks of one warp: runs take very different times.
template <typename T, int kVector, typename Place, typename PlacesOf>
void AddByWarps(const Arrays<T>& of, const SliceList& list, const Run<Place>* runs,
                const PlacesOf& places_of) {
  const SliceAddShape& s = of.shape;
  const int64_t n = s.outer * s.size;
  const Divisor by_size(s.size, n);
  const Words words = WordsOfCall();
  const bool in_place = of.x == of.out;
  ForEachWarp<1>(n, [=] __device__(int64_t warp, int lane) {
    int64_t number = list.At(warp);
    if (number < 0 || !words.MayWrite()) return;
    const int64_t block = by_size.Split(&number);
    const Run<Place> run = runs[number];
    if (run.begin == run.end && in_place) return;
    PlacesOfRun<Place> places = places_of(run, lane);
    if (places.length == 1) return AddRow<T, kVector>(of, places.At(0), block, number, lane);
    AddRows<T, kVector>(of, places, block, number, lane);
  });
}

}  // namespace paddlemend::cuda
