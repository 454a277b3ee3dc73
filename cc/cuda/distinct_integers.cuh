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

/// Sort keys less the least one, in two parts: sorting moves five or six bytes a key, not eight.
template <typename High>
struct KeyParts {
  uint32_t* low;
  High* high;

  __device__ __forceinline__ uint64_t At(int64_t i) const {
    return static_cast<uint64_t>(high[i]) << 32 | low[i];
  }
};

template <typename T, typename High>
struct JoinParts {
  KeyParts<High> parts;
  uint64_t least;
  __device__ __forceinline__ T operator()(int64_t i) const {
    return ElementOfKey<T>(static_cast<KeyOf<T>>(least + parts.At(i)));
  }
};

template <typename T, typename High>
void SplitKeys(const T* x, int64_t n, uint64_t least, const KeyParts<High>& parts) {
  const KeyParts<High> to = parts;
  const auto split = [=] __device__(int64_t i, T value) {
    const uint64_t key = KeyOfElement(value) - least;
    to.low[i] = static_cast<uint32_t>(key);
    to.high[i] = static_cast<High>(key >> 32);
  };
  Stream<4>(n, [=] __device__(int64_t i) { return x[i]; }, split);
}

/// Of 8-byte integers whose sort keys, less the least one, are below `end` and fit in the parts.
template <typename High, typename T>
int64_t DistinctByParts(const T* x, int64_t n, uint64_t least, uint64_t end, T* out) {
  const Temporary<uint32_t> low_a(n), low_b(n);
  const Temporary<High> high_a(n), high_b(n);
  SplitKeys(x, n, least, KeyParts<High>{low_a.data(), high_a.data()});
  cub::DoubleBuffer<uint32_t> low(low_a.data(), low_b.data());
  cub::DoubleBuffer<High> high(high_a.data(), high_b.data());
  const auto items = static_cast<uint32_t>(n);
  const cudaStream_t stream = Call::Current().stream();
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(scratch, bytes, low, high, items, 0, 32, stream);
  });
  const int high_bits = BitsBelow(((end - 1) >> 32) + 1);
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(scratch, bytes, high, low, items, 0, high_bits, stream);
  });
  const JoinParts<T, High> join{{low.Current(), high.Current()}, least};
  return SelectDistinct(
      thrust::make_transform_iterator(thrust::counting_iterator<int64_t>(0), join), n, out);
}

}  // namespace paddlemend::cuda
