#include "cc/cuda/counted_runs.cuh"
#include "cc/cuda/slice_rows.cuh"
#include "cc/cuda/sort_pairs.cuh"

namespace paddlemend {
namespace cuda {
namespace {

/// All that is added, sorted by where it goes: what goes to one slice lies together, in the order
/// of the places.
template <typename Key, typename Place>
struct Additions {
  const Key* numbers;  // of the slices, ascending
  const Place* places;
  int64_t count;
  const Run<Place>* runs;  // for each slice of out
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

/// Goes through all slices of out, by threads.
template <typename T, int kVector, typename Key, typename Place>
void AddToAll(const Arrays<T>& of, const Additions<Key, Place>& add) {
  const SliceAddShape& s = of.shape;
  const int64_t vectors = s.inner / kVector;
  const int64_t n = s.outer * s.size * vectors;
  const Divisor by_vectors(vectors, n);
  const Divisor by_size(s.size, n);
  const Words words = WordsOfCall();
  const bool in_place = of.x == of.out;
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
  if (!SuitsWarps(s.outer * s.size, s.inner * static_cast<int64_t>(sizeof(T)))) {
    return AddToAll<T, kVector>(of, add);
  }
  AddByWarps<T, kVector>(of, add.runs, [=] __device__(const Run<Place>& run, int lane) {
    return PlacesOfRun<Place>(add.places, run, lane);
  });
}

template <typename T, int kVector, typename Number>
void AddCounted(const Arrays<T>& of, const Number* indices) {
  const CountedRuns counted(indices, of.shape.count, of.shape.size);
  const LooseRuns loose = counted.view();
  AddByWarps<T, kVector>(of, loose.runs, [=] __device__(const Run<int32_t>& run, int lane) {
    return loose.Places(run, lane);
  });
}

template <typename T, typename Number>
void Add(const Arrays<T>& of, const Number* indices) {
  constexpr int kVector = 16 / sizeof(T);
  const bool is_wide = of.shape.inner % kVector == 0 && IsAligned(of.x, 16) &&
                       IsAligned(of.out, 16) && IsAligned(of.value, 16);
  constexpr int64_t kShort = int64_t{1} << 31;
  const bool is_short = of.shape.count < kShort && of.shape.size < kShort;
  const bool suits_warps =
      SuitsWarps(of.shape.outer * of.shape.size, of.shape.inner * static_cast<int64_t>(sizeof(T)));
  const bool are_few = of.x == of.out && of.shape.count < of.shape.size / 4;
  if (is_wide && suits_warps && !are_few && of.shape.count <= kMostCounted &&
      of.shape.size < kShort) {
    return AddCounted<T, kVector>(of, indices);
  }
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
