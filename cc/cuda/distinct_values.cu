#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_select.cuh>

#include "cc/cuda/distinct_groups.cuh"
#include "cc/cuda/distinct_integers.cuh"
#include "cc/cuda/sort_key.cuh"
#include "cc/cuda/sort_pairs.cuh"
#include "cc/kernels/distinct_values.h"

namespace paddlemend {
namespace cuda {
namespace {

/// What is known of the keys: those of numbers lie in [least, most].
struct Range {
  unsigned long long least;
  unsigned long long most;
  unsigned long long nans;
  unsigned long long first_zero;  // place of the first zero of either sign; n if there is none
};

template <typename T>
__global__ void __launch_bounds__(256) RangeKernel(const T* x, int64_t n, Range* range) {
  using Key = KeyOf<T>;
  Key least = kNaNKey<Key>;
  Key most = 0;
  unsigned long long nans = 0;
  unsigned long long zero = static_cast<unsigned long long>(n);
  const Key zero_key = KeyOfElement(Zero<T>());
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
#pragma unroll 4
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    const Key key = KeyOfElement(x[i]);
    if (kIsFloating<T> && key == kNaNKey<Key>) {
      ++nans;
      continue;
    }
    least = key < least ? key : least;
    most = key > most ? key : most;
    if (kIsFloating<T> && key == zero_key && i < zero) zero = i;
  }
  unsigned long long wide_least = least;
  unsigned long long wide_most = most;
#pragma unroll
  for (int d = 16; d > 0; d /= 2) {
    wide_least = min(wide_least, __shfl_xor_sync(~0u, wide_least, d));
    wide_most = max(wide_most, __shfl_xor_sync(~0u, wide_most, d));
    zero = min(zero, __shfl_xor_sync(~0u, zero, d));
    nans += __shfl_xor_sync(~0u, nans, d);
  }
  if (threadIdx.x % 32 != 0) return;
  atomicMin(&range->least, wide_least);
  atomicMax(&range->most, wide_most);
  if (zero < n) atomicMin(&range->first_zero, zero);
  if (nans > 0) atomicAdd(&range->nans, nans);
}

void StartRange(Range* range, unsigned long long n) {
  ForEach(1, [=] __device__(int64_t) { *range = {~0ull, 0, 0, n}; });
}

template <typename T>
Range FindRange(const T* x, int64_t n) {
  const Temporary<Range> on_device(1);
  const cudaStream_t stream = Call::Current().stream();
  StartRange(on_device.data(), static_cast<unsigned long long>(n));
  const int64_t most = static_cast<int64_t>(Multiprocessors()) * 8;
  const auto blocks = static_cast<unsigned>(std::min(CeilDiv(n, 1024), most));
  RangeKernel<<<blocks, 256, 0, stream>>>(x, n, on_device.data());
  CheckLaunch();
  Range range;
  CopyToHost(&range, on_device.data(), sizeof(range), "the number of distinct values");
  if (range.least > range.most) range.least = range.most = 0;  // no number: any range will do
  return range;
}

template <typename T>
struct Distinct {
  using Key = KeyOf<T>;

  const T* x;
  int64_t n;
  T* out;
  const DistinctResults& results;
  Range range;

  uint64_t span() const { return range.most - range.least; }
};

/// Whether an element is a NaN.
template <typename T>
struct IsNaNAt {
  const T* x;
  __device__ bool operator()(int64_t i) const { return KeyOfElement(x[i]) == kNaNKey<KeyOf<T>>; }
};

/// Numbers the NaNs, which follow `count` other values, in the order of their places.
template <typename T>
void AppendNaNs(const Distinct<T>& of, int64_t count) {
  const auto nans = static_cast<int64_t>(of.range.nans);
  if (nans == 0) return;
  const Temporary<int64_t> places(nans);
  const Temporary<int64_t> found(1);
  const thrust::counting_iterator<int64_t> numbers(0);
  const cudaStream_t stream = Call::Current().stream();
  const IsNaNAt<T> is_nan{of.x};
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceSelect::If(scratch, bytes, numbers, places.data(), found.data(), of.n, is_nan,
                                 stream);
  });
  const Numbers index(of.results.index), inverse(of.results.inverse), counts(of.results.counts);
  const int64_t* const place = places.data();
  const T* const x = of.x;
  T* const out = of.out;
  ForEach(nans, [=] __device__(int64_t i) {
    out[count + i] = x[place[i]];
    index.Set(count + i, place[i]);
    inverse.Set(place[i], count + i);
    counts.Set(count + i, 1);
  });
}

/// Counts keys of a short span in shared memory.
template <typename T>
__global__ void __launch_bounds__(512)
    CountInBlocksKernel(const T* x, int64_t n, uint64_t least, int entries, uint32_t* table) {
  extern __shared__ uint32_t own[];
  for (int i = threadIdx.x; i < entries; i += blockDim.x) own[i] = 0;
  __syncthreads();
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < n; i += step) {
    const KeyOf<T> key = KeyOfElement(x[i]);
    if (kIsFloating<T> && key == kNaNKey<KeyOf<T>>) continue;
    atomicAdd(own + static_cast<int>(key - least), 1u);
  }
  __syncthreads();
  for (int i = threadIdx.x; i < entries; i += blockDim.x) {
    if (own[i] != 0) atomicAdd(table + i, own[i]);
  }
}

/// table[key - least] = how many elements have the key, or if nobody asks for counts, whether some
/// have.
template <typename T>
void CountKeys(const Distinct<T>& of, int64_t entries, uint32_t* table) {
  constexpr int64_t kShort = 1 << 13;
  const T* const x = of.x;
  const uint64_t least = of.range.least;
  SetBytes(table, 0, entries * static_cast<int64_t>(sizeof(uint32_t)));
  if (!of.results.counts) {
    return ForEach(of.n, [=] __device__(int64_t i) {
      const KeyOf<T> key = KeyOfElement(x[i]);
      if (kIsFloating<T> && key == kNaNKey<KeyOf<T>>) return;
      uint32_t* const entry = table + (key - least);
      if (*entry == 0) *entry = 1;
    });
  }
  if (entries <= kShort) {
    const auto blocks = static_cast<unsigned>(
        std::min<int64_t>(CeilDiv(of.n, 4096), static_cast<int64_t>(Multiprocessors()) * 4));
    CountInBlocksKernel<<<blocks, 512, entries * sizeof(uint32_t), Call::Current().stream()>>>(
        x, of.n, least, static_cast<int>(entries), table);
    return CheckLaunch();
  }
  ForEach(of.n, [=] __device__(int64_t i) {
    const KeyOf<T> key = KeyOfElement(x[i]);
    if (kIsFloating<T> && key == kNaNKey<KeyOf<T>>) return;
    atomicAdd(table + (key - least), 1u);
  });
}

template <typename T>
void FindFirstPlaces(const Distinct<T>& of, uint32_t* first) {
  const T* const x = of.x;
  const uint64_t least = of.range.least;
  ForEach(of.n, [=] __device__(int64_t i) {
    const KeyOf<T> key = KeyOfElement(x[i]);
    if (kIsFloating<T> && key == kNaNKey<KeyOf<T>>) return;
    uint32_t* const entry = first + (key - least);
    if (*entry > i) atomicMin(entry, static_cast<uint32_t>(i));
  });
}

struct IsCounted {
  const uint32_t* table;
  __device__ __forceinline__ bool operator()(int64_t i) const { return table[i] != 0; }
};

template <typename T>
void WriteInverse(const Distinct<T>& of, const uint32_t* ranks) {
  const T* const x = of.x;
  const uint64_t least = of.range.least;
  const Numbers inverse(of.results.inverse);
  ForEach(of.n, [=] __device__(int64_t i) {
    const KeyOf<T> key = KeyOfElement(x[i]);
    if (kIsFloating<T> && key == kNaNKey<KeyOf<T>>) return;
    inverse.Set(i, static_cast<int64_t>(ranks[key - least]) - 1);
  });
}

/// By a table with an entry for every key there may be: for a short span.
template <typename T>
int64_t DistinctByTable(const Distinct<T>& of) {
  const auto entries = static_cast<int64_t>(of.span()) + 1;
  const Temporary<uint32_t> table(entries), ranks(entries);
  const Temporary<uint32_t> first(of.results.index ? entries : 0);
  CountKeys(of, entries, table.data());
  if (of.results.index) {
    SetBytes(first.data(), 0xff, entries * static_cast<int64_t>(sizeof(uint32_t)));
    FindFirstPlaces(of, first.data());
  }
  const int64_t count = NumberGroups<uint32_t>(entries, IsCounted{table.data()}, ranks.data());
  const Numbers index(of.results.index), counts(of.results.counts);
  const uint32_t* const in_table = table.data();
  const uint32_t* const rank = ranks.data();
  const uint32_t* const place = first.data();
  const bool has_index = static_cast<bool>(of.results.index);
  const uint64_t least = of.range.least;
  T* const out = of.out;
  ForEach(entries, [=] __device__(int64_t i) {
    if (in_table[i] == 0) return;
    const int64_t number = static_cast<int64_t>(rank[i]) - 1;
    out[number] = ElementOfKey<T>(static_cast<KeyOf<T>>(least + i));
    counts.Set(number, in_table[i]);
    if (has_index) index.Set(number, place[i]);
  });
  if (of.results.inverse) WriteInverse(of, ranks.data());
  return count + static_cast<int64_t>(of.range.nans);
}

/// keys[i] = the key less the least one; NaN follow all.
template <typename T, typename Small>
void WriteKeys(const Distinct<T>& of, Small* keys) {
  const T* const x = of.x;
  const uint64_t least = of.range.least;
  const auto after_all = static_cast<Small>(of.span() + 1);
  ForEach(of.n, [=] __device__(int64_t i) {
    const KeyOf<T> key = KeyOfElement(x[i]);
    const bool is_nan = kIsFloating<T> && key == kNaNKey<KeyOf<T>>;
    keys[i] = is_nan ? after_all : static_cast<Small>(key - least);
  });
}

template <typename Small>
struct StartsGroup {
  const Small* keys;
  Small nan;
  bool has_nan;
  __device__ __forceinline__ bool operator()(int64_t i) const {
    return i == 0 || keys[i - 1] != keys[i] || (has_nan && keys[i] == nan);
  }
};

/// What a key of WriteKeys stands for; with `is_raw` its bits are the element.
template <typename T, typename Small>
__device__ __forceinline__ T ValueOf(Small key, bool is_nan, bool is_raw, uint64_t least) {
  if constexpr (sizeof(Small) == sizeof(T)) {
    if (is_raw) return BitsAs<T>(key);
  }
  if (is_nan) return ElementOfKey<T>(kNaNKey<KeyOf<T>>);
  return ElementOfKey<T>(static_cast<KeyOf<T>>(static_cast<uint64_t>(key) + least));
}

/// The results for sorted keys; with `is_raw` they are the elements themselves.
template <typename T, typename Small>
int64_t WriteSorted(const Distinct<T>& of, const Small* keys, const uint32_t* places, bool is_raw) {
  const auto after_all = static_cast<Small>(of.span() + 1);
  const bool has_nan = of.range.nans > 0;
  const uint64_t least = of.range.least;
  T* const out = of.out;
  const StartsGroup<Small> starts{keys, after_all, has_nan};
  return WriteGroups<uint32_t>(of.n, places, of.results, starts,
                               [=] __device__(int64_t number, int64_t i) {
                                 const bool is_nan = has_nan && keys[i] == after_all;
                                 out[number] = ValueOf<T>(keys[i], is_nan, is_raw, least);
                               });
}

/// Whether integers can be sorted as they are: all bits above the lowest `bits`, which are not more
/// than those of the keys less the least one, are equal.
template <typename T>
bool SharesHighBits(const Distinct<T>& of, int* bits) {
  *bits = BitsBelow((of.range.least ^ of.range.most) + 1);
  const int passes = (*bits + 7) / 8;
  return std::is_integral_v<T> && passes <= (BitsBelow(of.span() + 1) + 7) / 8 &&
         *bits < static_cast<int>(8 * sizeof(T));
}

/// Whether the sort keys, less the least one, are integers of more than 32 bits.
template <typename T>
bool AreLong(const Distinct<T>& of) {
  return std::is_integral_v<T> && of.span() >> 32 != 0;
}

/// The distinct values alone, of integers of which AreLong says so; -1 where other ways are better.
template <typename T>
int64_t DistinctLong(const Distinct<T>& of) {
  if constexpr (sizeof(T) == 8) {
    const uint64_t least = of.range.least;
    const int low_bits = BitsBelow(of.span() + 1) - 32;
    const bool are_spread = AreSpread(of.x, of.n, least, low_bits);
    if (low_bits <= 8) {
      return DistinctByParts<uint8_t>(of.x, of.n, least, low_bits, are_spread, of.out);
    }
    if (low_bits <= 16) {
      return DistinctByParts<uint16_t>(of.x, of.n, least, low_bits, are_spread, of.out);
    }
    if (are_spread) {
      return DistinctByParts<uint32_t>(of.x, of.n, least, low_bits, are_spread, of.out);
    }
  }
  return -1;
}

/// Sorts only the bits in which keys differ.
template <typename Small, typename T>
int64_t DistinctBySorting(const Distinct<T>& of) {
  int bits_of_raw;
  if constexpr (std::is_same_v<Small, KeyOf<T>>) {
    if (SharesHighBits(of, &bits_of_raw) && (of.results.index || of.results.inverse)) {
      const SortedPairs<Small, uint32_t> sorted(reinterpret_cast<const Small*>(of.x), of.n,
                                                uint64_t{1} << bits_of_raw);
      return WriteSorted(of, sorted.keys(), sorted.places(), true);
    }
  }
  const Temporary<Small> keys(of.n);
  WriteKeys(of, keys.data());
  const uint64_t end = of.span() + (of.range.nans > 0 ? 2 : 1);
  if (of.results.index || of.results.inverse) {
    const SortedPairs<Small, uint32_t> sorted(keys.data(), of.n, end);
    return WriteSorted(of, sorted.keys(), sorted.places(), false);
  }
  const Temporary<Small> sorted(of.n);
  const cudaStream_t stream = Call::Current().stream();
  const int bits = BitsBelow(end);
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceRadixSort::SortKeys(scratch, bytes, keys.data(), sorted.data(),
                                          static_cast<uint32_t>(of.n), 0, bits, stream);
  });
  return WriteSorted(of, sorted.data(), static_cast<const uint32_t*>(nullptr), false);
}

/// The distinct values alone, of integers.
template <typename T>
int64_t DistinctIntegers(const Distinct<T>& of) {
  const int64_t count = AreLong(of) ? DistinctLong(of) : -1;
  if (count >= 0) return count;
  int bits;
  if (SharesHighBits(of, &bits)) return DistinctByLowBits(of.x, of.n, bits, of.out);
  if (of.span() < uint64_t{0xfffffffeu}) return DistinctBySorting<uint32_t>(of);
  return DistinctBySorting<uint64_t>(of);
}

/// A zero has the sign of the first one.
template <typename T>
void RestoreSignOfZero(const Distinct<T>& of, int64_t count) {
  if (of.range.first_zero >= static_cast<unsigned long long>(of.n)) return;
  T* const out = of.out;
  const T* const first = of.x + of.range.first_zero;
  ForEach(1, [=] __device__(int64_t) {
    const KeyOf<T> zero = KeyOfElement(Zero<T>());
    int64_t begin = 0;
    int64_t end = count;
    while (begin < end) {
      const int64_t middle = begin + (end - begin) / 2;
      if (KeyOfElement(out[middle]) < zero) {
        begin = middle + 1;
      } else {
        end = middle;
      }
    }
    if (begin < count && KeyOfElement(out[begin]) == zero) out[begin] = *first;
  });
}

template <typename T>
int64_t Run(const T* x, int64_t n, T* out, const DistinctResults& results) {
  const Distinct<T> of{x, n, out, results, FindRange(x, n)};
  const uint64_t most_entries = std::max<uint64_t>(static_cast<uint64_t>(n) / 2, uint64_t{1} << 16);
  int64_t count = 0;
  const bool is_plain = !results.index && !results.inverse && !results.counts;
  if (of.span() < most_entries) {
    count = DistinctByTable(of);
  } else if (is_plain && std::is_integral_v<T>) {
    if constexpr (std::is_integral_v<T>) count = DistinctIntegers(of);
  } else if (of.span() < uint64_t{0xfffffffeu}) {
    count = DistinctBySorting<uint32_t>(of);
  } else {
    count = DistinctBySorting<uint64_t>(of);
  }
  if constexpr (kIsFloating<T>) {
    RestoreSignOfZero(of, count);
    AppendNaNs(of, count - static_cast<int64_t>(of.range.nans));  // with their bits
  }
  return count;
}

}  // namespace
}  // namespace cuda

int64_t DistinctValues(DType dtype, const void* x, int64_t n, void* out,
                       const DistinctResults& results, const Context&) {
  if (n >= int64_t{1} << 32) {
    throw std::runtime_error("unique of 2^32 values or more is not supported on a GPU");
  }
  return cuda::Dispatch(dtype, [&](auto tag) -> int64_t {
    using T = typename decltype(tag)::type;
    if constexpr (cuda::kIsComplex<T>) {
      return 0;
    } else {
      return cuda::Run(static_cast<const T*>(x), n, static_cast<T*>(out), results);
    }
  });
}

}  // namespace paddlemend
