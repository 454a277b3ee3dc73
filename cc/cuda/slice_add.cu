#include "cc/cuda/divide.cuh"
#include "cc/cuda/element.cuh"
#include "cc/cuda/slices.cuh"
#include "cc/cuda/sort_pairs.cuh"
#include "cc/cuda/warp_rows.cuh"
#include "cc/kernels/slice_add.h"

namespace paddlemend {
namespace cuda {
namespace {

/// All that is added, sorted by where it goes: what goes to one slice lies together, in the order
/// of the places.
template <typename Number, typename Place>
struct Additions {
  const Number* numbers;  // of the slices, ascending
  const Place* places;
  int64_t count;
  /// For each slice of out the first of its additions, -1 if there is none.
  const Place* first;
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

/// Adds to kVector elements of slice `number`, at `inner`, what the additions from `at` on bring.
template <typename T, int kVector, typename Number, typename Place>
__device__ __forceinline__ void AddRun(const Arrays<T>& of, const Additions<Number, Place>& add,
                                       int64_t block, Number number, int64_t at, int64_t inner) {
  constexpr int kAhead = kVector == 1 ? 4 : 2;
  using Words = Vector<T, kVector>;
  const SliceAddShape& s = of.shape;
  const int64_t offset = (block * s.size + number) * s.inner + inner;
  const T* const value = of.value + block * s.count * s.inner + inner;
  Accumulator<T, kVector> accumulator;
  accumulator.Load(of.x + offset);
  while (at < add.count && add.numbers[at] == number) {
    Words words[kAhead];
    int found = 0;
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      if (at + k < add.count && add.numbers[at + k] == number && found == k) {
        words[k] = *reinterpret_cast<const Words*>(value + int64_t{add.places[at + k]} * s.inner);
        found = k + 1;
      }
    }
#pragma unroll
    for (int k = 0; k < kAhead; ++k) {
      if (k < found) accumulator.Add(words[k]);
    }
    at += found;
  }
  accumulator.Store(of.out + offset);
}

/// As AddRun for a whole slice: a warp takes kAtOnce vectors of each lane at once.
template <typename T, int kVector, typename Number, typename Place>
__device__ __forceinline__ void AddRows(const Arrays<T>& of, const Additions<Number, Place>& add,
                                        int64_t block, Number number, int64_t first, int lane) {
  constexpr int kAtOnce = sizeof(T) < 4 ? 4 : 8;
  using Words = Vector<T, kVector>;
  const SliceAddShape& s = of.shape;
  const int64_t offset = (block * s.size + number) * s.inner;
  const T* const value = of.value + block * s.count * s.inner;
  for (int64_t begin = 0; begin < s.inner; begin += 32 * kVector * kAtOnce) {
    Accumulator<T, kVector> accumulators[kAtOnce];
    Words words[kAtOnce];
    const auto inner = [&](int k) { return begin + (k * 32 + lane) * kVector; };
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      if (inner(k) < s.inner) {
        words[k] = *reinterpret_cast<const Words*>(of.x + offset + inner(k));
      }
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) accumulators[k].Set(words[k]);
    for (int64_t at = first; at < add.count && add.numbers[at] == number; ++at) {
      const T* const row = value + int64_t{add.places[at]} * s.inner;
#pragma unroll
      for (int k = 0; k < kAtOnce; ++k) {
        if (inner(k) < s.inner) words[k] = *reinterpret_cast<const Words*>(row + inner(k));
      }
#pragma unroll
      for (int k = 0; k < kAtOnce; ++k) accumulators[k].Add(words[k]);
    }
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) {
      if (inner(k) < s.inner) accumulators[k].Store(of.out + offset + inner(k));
    }
  }
}

/// Goes through all slices of out.
template <typename T, int kVector, typename Number, typename Place>
void AddToAll(const Arrays<T>& of, const Additions<Number, Place>& add) {
  const SliceAddShape& s = of.shape;
  const int64_t vectors = s.inner / kVector;
  const int64_t n = s.outer * s.size * vectors;
  const Divisor by_vectors(vectors, n);
  const Divisor by_size(s.size, n);
  const Words words = WordsOfCall();
  const bool in_place = of.x == of.out;
  if (SuitsWarps(s.outer * s.size, s.inner * static_cast<int64_t>(sizeof(T)))) {
    return ForEachWarp(s.outer * s.size, [=] __device__(int64_t i, int lane) {
      int64_t number = i;
      const int64_t block = by_size.Split(&number);
      const Place first = add.first[number];
      if ((first < 0 && in_place) || !words.MayWrite()) return;
      AddRows<T, kVector>(of, add, block, static_cast<Number>(number),
                          first < 0 ? add.count : int64_t{first}, lane);
    });
  }
  ForEach(n, [=] __device__(int64_t i) {
    int64_t vector = i;
    int64_t number = by_vectors.Split(&vector);
    const int64_t block = by_size.Split(&number);
    const Place first = add.first[number];
    if ((first < 0 && in_place) || !words.MayWrite()) return;
    AddRun<T, kVector>(of, add, block, static_cast<Number>(number),
                       first < 0 ? add.count : int64_t{first}, vector * kVector);
  });
}

/// Goes through the additions: for few of them, in place.
template <typename T, int kVector, typename Number, typename Place>
void AddToFew(const Arrays<T>& of, const Additions<Number, Place>& add) {
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
    const Number number = add.numbers[at];
    if ((at > 0 && add.numbers[at - 1] == number) || !words.MayWrite()) return;
    AddRun<T, kVector>(of, add, block, number, at, vector * kVector);
  });
}

template <typename Number, typename Place>
void FindFirst(const Additions<Number, Place>& add, Place* first) {
  const Number* const numbers = add.numbers;
  ForEach(add.count, [=] __device__(int64_t i) {
    if (i == 0 || numbers[i - 1] != numbers[i]) first[numbers[i]] = static_cast<Place>(i);
  });
}

template <typename T, int kVector, typename Place, typename Number>
void AddSorted(const Arrays<T>& of, const Number* indices) {
  const SliceAddShape& s = of.shape;
  const SortedPairs<Number, Place> sorted(indices, s.count, s.size);
  Additions<Number, Place> add{sorted.keys(), sorted.places(), s.count, nullptr};
  if (of.x == of.out && s.count < s.size / 4) return AddToFew<T, kVector>(of, add);
  const Temporary<Place> first(s.size);
  SetBytes(first.data(), 0xff, s.size * static_cast<int64_t>(sizeof(Place)));
  FindFirst(add, first.data());
  add.first = first.data();
  AddToAll<T, kVector>(of, add);
}

template <typename T, typename Number>
void Add(const Arrays<T>& of, const Number* indices) {
  constexpr int kVector = 16 / sizeof(T);
  const bool is_wide = of.shape.inner % kVector == 0 && IsAligned(of.x, 16) &&
                       IsAligned(of.out, 16) && IsAligned(of.value, 16);
  const bool is_short = of.shape.count < int64_t{1} << 31;
  if (is_wide && is_short) return AddSorted<T, kVector, int32_t>(of, indices);
  if (is_short) return AddSorted<T, 1, int32_t>(of, indices);
  AddSorted<T, 1, int64_t>(of, indices);
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
