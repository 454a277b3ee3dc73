// The distinct ones of integers, and nothing about them.
#pragma once

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_select.cuh>

#include "cc/cuda/sort_key.cuh"
#include "cc/cuda/sort_pairs.cuh"

namespace paddlemend::cuda {

/// Writes the distinct ones of `n` sorted values and returns how many there are.
template <typename Sorted, typename T>
int64_t SelectDistinct(Sorted sorted, int64_t n, T* out) {
  const Temporary<int64_t> found(1);
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceSelect::Unique(scratch, bytes, sorted, out, found.data(),
                                     static_cast<uint32_t>(n), Call::Current().stream());
  });
  int64_t count = 0;
  CopyToHost(&count, found.data(), sizeof(count), "the number of distinct values");
  return count;
}

/// Of integers that are equal above their lowest `bits`.
template <typename T>
int64_t DistinctByLowBits(const T* x, int64_t n, int bits, T* out) {
  using Key = KeyOf<T>;
  const Temporary<Key> sorted(n);
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceRadixSort::SortKeys(scratch, bytes, reinterpret_cast<const Key*>(x),
                                          sorted.data(), static_cast<uint32_t>(n), 0, bits,
                                          Call::Current().stream());
  });
  return SelectDistinct(sorted.data(), n, reinterpret_cast<Key*>(out));
}

/// Sort keys less the least one, in two parts, the high 32 of their bits and the lower ones:
/// sorting by one part moves five or six bytes a key, not eight.
template <typename Low>
struct KeyParts {
  uint32_t* high;
  Low* low;
};

template <typename T, typename Low>
struct JoinParts {
  KeyParts<Low> parts;
  int low_bits;
  uint64_t least;

  __device__ __forceinline__ T Join(uint32_t high, Low low) const {
    const uint64_t key = static_cast<uint64_t>(high) << low_bits | low;
    return ElementOfKey<T>(static_cast<KeyOf<T>>(least + key));
  }

  __device__ __forceinline__ T operator()(int64_t i) const {
    return Join(parts.high[i], parts.low[i]);
  }
};

/// Runs of equal high parts up to this length are put in order by a thread.
constexpr int64_t kLongestRun = 32;

/// Sorts the low parts of keys that are sorted by the high ones, if few keys share those. Sets
/// `*is_too_long` where it leaves a run of them as it was.
template <typename Low>
void SortLowParts(const KeyParts<Low>& parts, int64_t n, int* is_too_long) {
  const uint32_t* const high = parts.high;
  Low* const low = parts.low;
  ForEach(n - 1, [=] __device__(int64_t begin) {
    const uint32_t own = high[begin];
    if (high[begin + 1] != own || (begin > 0 && high[begin - 1] == own)) return;
    int64_t end = begin + 2;
    while (end < n && end - begin <= kLongestRun && high[end] == own) ++end;
    if (end - begin > kLongestRun) {
      *is_too_long = 1;
      return;
    }
    for (int64_t i = begin + 1; i < end; ++i) {
      const Low moved = low[i];
      int64_t to = i;
      for (; to > begin && low[to - 1] > moved; --to) low[to] = low[to - 1];
      low[to] = moved;
    }
  });
}

template <typename T, typename Low>
void SplitKeys(const T* x, int64_t n, uint64_t least, int low_bits, const KeyParts<Low>& parts) {
  const KeyParts<Low> to = parts;
  const uint64_t mask = (uint64_t{1} << low_bits) - 1;
  const auto split = [=] __device__(int64_t i, T value) {
    const uint64_t key = KeyOfElement(value) - least;
    to.high[i] = static_cast<uint32_t>(key >> low_bits);
    to.low[i] = static_cast<Low>(key & mask);
  };
  Stream<4>(n, [=] __device__(int64_t i) { return x[i]; }, split);
}

/// Sorts by the high parts, and with `by_all` by the low ones before.
template <typename Low>
KeyParts<Low> SortParts(KeyParts<Low> parts, KeyParts<Low> spare, int64_t n, int low_bits,
                        bool by_all) {
  cub::DoubleBuffer<uint32_t> high(parts.high, spare.high);
  cub::DoubleBuffer<Low> low(parts.low, spare.low);
  const auto items = static_cast<uint32_t>(n);
  const cudaStream_t stream = Call::Current().stream();
  if (by_all) {
    WithScratch([&](void* scratch, size_t& bytes) {
      return cub::DeviceRadixSort::SortPairs(scratch, bytes, low, high, items, 0, low_bits, stream);
    });
  }
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(scratch, bytes, high, low, items, 0, 32, stream);
  });
  return {high.Current(), low.Current()};
}

/// Of 8-byte integers whose sort keys, less the least one, are below 2^(32 + low_bits). With
/// `are_spread` few of them share their high part, and sorting by it is nearly enough: should that
/// be wrong, all is done again.
template <typename Low, typename T>
int64_t DistinctByParts(const T* x, int64_t n, uint64_t least, int low_bits, bool are_spread,
                        T* out) {
  const Temporary<uint32_t> high(n), spare_high(n);
  const Temporary<Low> low(n), spare_low(n);
  const Temporary<int> flag(1);
  SplitKeys(x, n, least, low_bits, KeyParts<Low>{high.data(), low.data()});
  const KeyParts<Low> sorted =
      SortParts(KeyParts<Low>{high.data(), low.data()},
                KeyParts<Low>{spare_high.data(), spare_low.data()}, n, low_bits, !are_spread);
  if (are_spread) {
    SetBytes(flag.data(), 0, sizeof(int));
    SortLowParts(sorted, n, flag.data());
  }
  const JoinParts<T, Low> join{sorted, low_bits, least};
  const int64_t count = SelectDistinct(
      thrust::make_transform_iterator(thrust::counting_iterator<int64_t>(0), join), n, out);
  if (!are_spread) return count;
  int is_too_long = 0;
  CopyToHost(&is_too_long, flag.data(), sizeof(is_too_long), "the number of distinct values");
  return is_too_long ? DistinctByParts<Low>(x, n, least, low_bits, false, out) : count;
}

/// Whether few of the keys share their bits above the lowest `low_bits`, as far as a sample of them
/// shows: how many of it meet in a table.
template <typename T>
bool AreSpread(const T* x, int64_t n, uint64_t least, int low_bits) {
  constexpr int64_t kSample = 1 << 17;
  constexpr int kTableBits = 28;
  constexpr int kMostMeetings = 64;    // 32 by chance, if all are different
  if (n < 64 * kSample) return false;  // the other way is short then
  const Temporary<uint32_t> table((1 << kTableBits) / 32);
  const Temporary<int> meetings(1);
  SetBytes(table.data(), 0, (1 << kTableBits) / 8);
  SetBytes(meetings.data(), 0, sizeof(int));
  const int64_t step = n / kSample;
  uint32_t* const bits = table.data();
  int* const met = meetings.data();
  ForEach(kSample, [=] __device__(int64_t i) {
    const uint64_t part = (KeyOfElement(x[i * step]) - least) >> low_bits;
    const uint64_t place = part * 0x9e3779b97f4a7c15u >> (64 - kTableBits);
    const uint32_t bit = 1u << (place % 32);
    if ((atomicOr(bits + place / 32, bit) & bit) != 0) atomicAdd(met, 1);
  });
  int found = 0;
  CopyToHost(&found, met, sizeof(found), "the number of distinct values");
  return found <= kMostMeetings;
}

}  // namespace paddlemend::cuda
