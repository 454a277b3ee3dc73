#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/slices.cuh"
#include "cc/cuda/sort_pairs.cuh"
#include "cc/cuda/warp_rows.cuh"
#include "cc/kernels/slice_add.h"

namespace paddlemend {
namespace cuda {
namespace {

/// The additions to one slice: [begin, end) of all.
template <typename Place>
struct alignas(2 * sizeof(Place)) Run {
  Place begin;
  Place end;
};

/// All that is added, sorted by where it goes: what goes to one slice lies together, in the order
/// of the places.
template <typename Key, typename Place>
struct Additions {
  const Key* numbers;  // of the slices, ascending
  const Place* places;
  int64_t count;
  const Run<Place>* runs;  // for each slice of out
};

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

/// Adds to kVector elements of slice `number`, at `inner`, what the additions of the run bring.
template <typename T, int kVector, typename Place>
__device__ __forceinline__ void AddRun(const Arrays<T>& of, const Place* places,
                                       const Run<Place>& run, int64_t block, int64_t number,
                                       int64_t inner) {
  constexpr int kAhead = kVector == 1 ? 4 : 2;
  using Words = Vector<T, kVector>;
  const SliceAddShape& s = of.shape;
  const int64_t offset = (block * s.size + number) * s.inner + inner;
  const T* const value = of.value + block * s.count * s.inner + inner;
  Accumulator<T, kVector> accumulator;
  accumulator.Load(of.x + offset);
  for (int64_t at = run.begin; at < run.end; at += kAhead) {
    Words words[kAhead];
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      if (at + k < run.end) {
        words[k] = *reinterpret_cast<const Words*>(value + int64_t{places[at + k]} * s.inner);
      }
    }
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      if (at + k < run.end) accumulator.Add(words[k]);
    }
  }
  accumulator.Store(of.out + offset);
}

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
    ForEachVector([&](int k, int at) {
      words[k] = *reinterpret_cast<const Vector<T, kVector>*>(row + at);
    });
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

/// The places of a run, one after the other. A warp reads 32 of them at once.
template <typename Place>
struct PlacesOfRun {
  const Place* places;
  const int64_t length;
  const int lane;
  const Place first;
  Place own;

  __device__ __forceinline__ PlacesOfRun(const Place* all, const Run<Place>& run, int lane)
      : places(all + run.begin),
        length(run.end - run.begin),
        lane(lane),
        first(lane < length ? places[lane] : Place{0}),
        own(first) {}

  /// The places have to be asked for in their order, from 0.
  __device__ __forceinline__ int64_t At(int64_t i) {
    if (i == 0) {
      own = first;
    } else if (i % 32 == 0) {
      own = i + lane < length ? places[i + lane] : Place{0};
    }
    return __shfl_sync(~0u, own, static_cast<int>(i % 32));
  }
};

/// As AddRun for a whole slice, by a warp: it asks for the next row before it adds one.
template <typename T, int kVector, typename Place>
__device__ __forceinline__ void AddRows(const Arrays<T>& of, const Place* places,
                                        const Run<Place>& run, int64_t block, int64_t number,
                                        int lane) {
  using Tile = RowTile<T, kVector>;
  const SliceAddShape& s = of.shape;
  const int64_t offset = (block * s.size + number) * s.inner;
  PlacesOfRun<Place> of_run(places, run, lane);
  for (int64_t begin = 0; begin < s.inner; begin += Tile::kSize) {
    Tile tile(lane, s.inner - begin);
    const T* const values = of.value + block * s.count * s.inner + begin;
    typename Tile::Words even, odd;
    tile.Read(of.x + offset + begin, odd);
    if (of_run.length > 0) tile.Read(values + of_run.At(0) * s.inner, even);
    tile.Set(odd);
    for (int64_t i = 0; i < of_run.length; i += 2) {
      const bool has_odd = i + 1 < of_run.length;
      if (has_odd) tile.Read(values + of_run.At(i + 1) * s.inner, odd);
      tile.Add(even);
      if (i + 2 < of_run.length) tile.Read(values + of_run.At(i + 2) * s.inner, even);
      if (has_odd) tile.Add(odd);
    }
    tile.Store(of.out + offset + begin);
  }
}

/// Goes through all slices of out.
template <typename T, int kVector, typename Key, typename Place>
void AddToAll(const Arrays<T>& of, const Additions<Key, Place>& add) {
  const SliceAddShape& s = of.shape;
  const int64_t vectors = s.inner / kVector;
  const int64_t n = s.outer * s.size * vectors;
  const Divisor by_vectors(vectors, n);
  const Divisor by_size(s.size, n);
  const Words words = WordsOfCall();
  const bool in_place = of.x == of.out;
  if (SuitsWarps(s.outer * s.size, s.inner * static_cast<int64_t>(sizeof(T)))) {
    return ForEachWarp(s.outer * s.size, [=] __device__(int64_t number, int lane) {
      const int64_t block = by_size.Split(&number);
      const Run<Place> run = add.runs[number];
      if (!words.MayWrite() || (run.begin == run.end && in_place)) return;
      AddRows<T, kVector>(of, add.places, run, block, number, lane);
    });
  }
  ForEach(n, [=] __device__(int64_t i) {
    int64_t vector = i;
    int64_t number = by_vectors.Split(&vector);
    const int64_t block = by_size.Split(&number);
    const Run<Place> run = add.runs[number];
    if (!words.MayWrite() || (run.begin == run.end && in_place)) return;
    AddRun<T, kVector>(of, add.places, run, block, number, vector * kVector);
  });
}

/// Goes through the additions: for few of them, in place.
template <typename T, int kVector, typename Key, typename Place>
void AddToFew(const Arrays<T>& of, const Additions<Key, Place>& add) {
  const SliceAddShape& s = of.shape;
  const int64_t vectors = s.inner / kVector;
  const int64_t n = s.outer * add.count * vectors;
  const Divisor by_vectors(vectors, n);
  const Divisor by_count(add.count, n);
  const Words words = WordsOfCall();
  ForEach(n, [=] __device__(int64_t i) {
    int64_t vector = i;
    int64_t at = by_vectors.Split(&vector);
    const int64_t block = by_count.Split(&at);
    const Key number = add.numbers[at];
    if ((at > 0 && add.numbers[at - 1] == number) || !words.MayWrite()) return;
    int64_t end = at + 1;
    while (end < add.count && add.numbers[end] == number) ++end;
    const Run<Place> run{static_cast<Place>(at), static_cast<Place>(end)};
    AddRun<T, kVector>(of, add.places, run, block, static_cast<int64_t>(number), vector * kVector);
  });
}

template <typename Key, typename Place>
void FindRuns(const Additions<Key, Place>& add, Run<Place>* runs) {
  const Key* const numbers = add.numbers;
  const int64_t count = add.count;
  ForEach(count, [=] __device__(int64_t i) {
    const Key number = numbers[i];
    if (i == 0 || numbers[i - 1] != number) runs[number].begin = static_cast<Place>(i);
    if (i + 1 == count || numbers[i + 1] != number) runs[number].end = static_cast<Place>(i + 1);
  });
}

template <typename T, int kVector, typename Key, typename Place, typename Number>
void AddSorted(const Arrays<T>& of, const Number* indices) {
  const SliceAddShape& s = of.shape;
  const SortedPairs<Key, Place> sorted(indices, s.count, s.size);
  Additions<Key, Place> add{sorted.keys(), sorted.places(), s.count, nullptr};
  if (of.x == of.out && s.count < s.size / 4) return AddToFew<T, kVector>(of, add);
  const Temporary<Run<Place>> runs(s.size);
  SetBytes(runs.data(), 0, s.size * static_cast<int64_t>(sizeof(Run<Place>)));
  FindRuns(add, runs.data());
  add.runs = runs.data();
  AddToAll<T, kVector>(of, add);
}

template <typename T, typename Number>
void Add(const Arrays<T>& of, const Number* indices) {
  constexpr int kVector = 16 / sizeof(T);
  const bool is_wide = of.shape.inner % kVector == 0 && IsAligned(of.x, 16) &&
                       IsAligned(of.out, 16) && IsAligned(of.value, 16);
  constexpr int64_t kShort = int64_t{1} << 31;
  const bool is_short = of.shape.count < kShort && of.shape.size < kShort;
  if (is_wide && is_short) return AddSorted<T, kVector, uint32_t, int32_t>(of, indices);
  if (is_short) return AddSorted<T, 1, uint32_t, int32_t>(of, indices);
  AddSorted<T, 1, uint64_t, int64_t>(of, indices);
}

}  // namespace
}  // namespace cuda

template <typename Number>
void AddSlices(const SliceAddShape& shape, const void* x, const Number* indices, const void* value,
               void* out, const Context&) {
  if (shape.count == 0) {
    return cuda::CopyBytes(out, x,
                           shape.outer * shape.size * shape.inner * ElementSize(shape.dtype));
  }
  cuda::Dispatch(shape.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    cuda::Add(cuda::Arrays<T>{static_cast<const T*>(x), static_cast<const T*>(value),
                              static_cast<T*>(out), shape},
              indices);
  });
}

template void AddSlices<int32_t>(const SliceAddShape&, const void*, const int32_t*, const void*,
                                 void*, const Context&);
template void AddSlices<int64_t>(const SliceAddShape&, const void*, const int64_t*, const void*,
                                 void*, const Context&);

}  // namespace paddlemend
