// Groups of equal items that lie side by side, and where results about them go.
#pragma once

#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <cub/device/device_scan.cuh>

#include "cc/cuda/launch.cuh"
#include "cc/cuda/sort_pairs.cuh"
#include "cc/kernels/distinct.h"

namespace paddlemend::cuda {

/// NumberArray on the device.
struct Numbers {
  int32_t* narrow;
  int64_t* wide;

  explicit Numbers(const NumberArray& array) : narrow(array.narrow), wide(array.wide) {}

  __device__ __forceinline__ void Set(int64_t i, int64_t number) const {
    if (wide != nullptr) {
      wide[i] = number;
    } else if (narrow != nullptr) {
      narrow[i] = static_cast<int32_t>(number);
    }
  }
};

template <typename Count, typename Starts>
struct StartFlag {
  Starts starts;
  __device__ __forceinline__ Count operator()(int64_t i) const { return starts(i) ? 1 : 0; }
};

/// numbers[i] = how many of the items 0 .. i start a group. Returns how many groups there are.
template <typename Count, typename Starts>
int64_t NumberGroups(int64_t n, const Starts& starts, Count* numbers) {
  const auto flags = thrust::make_transform_iterator(thrust::counting_iterator<int64_t>(0),
                                                     StartFlag<Count, Starts>{starts});
  const cudaStream_t stream = Call::Current().stream();
  const auto items = static_cast<Count>(n);  // a short type makes it faster
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceScan::InclusiveSum(scratch, bytes, flags, numbers, items, stream);
  });
  Count groups = 0;
  CopyToHost(&groups, numbers + (n - 1), sizeof(groups), "the number of distinct values");
  return static_cast<int64_t>(groups);
}

/// Writes the sizes of groups whose first items are known.
template <typename Count>
void WriteSizes(const Count* first, int64_t groups, int64_t n, const Numbers& sizes) {
  ForEach(groups, [=] __device__(int64_t i) {
    const int64_t end = i + 1 < groups ? static_cast<int64_t>(first[i + 1]) : n;
    sizes.Set(i, end - static_cast<int64_t>(first[i]));
  });
}

template <typename Count>
void SetNumbers(int64_t n, const Count* places, const Count* number_of, const Numbers& inverse) {
  ForEach(n, [=] __device__(int64_t i) {
    inverse.Set(places[i], static_cast<int64_t>(number_of[i]) - 1);
  });
}

/// A window of places, which its block puts in order in shared memory.
template <typename Count>
__global__ void __launch_bounds__(512)
    WriteWindowsKernel(int64_t n, int window, const Count* places, const Count* number_of,
                       Numbers inverse) {
  extern __shared__ uint32_t ordered[];
  const int64_t first = static_cast<int64_t>(blockIdx.x) * window;
  const int size = static_cast<int>(min(static_cast<int64_t>(window), n - first));
  for (int i = threadIdx.x; i < size; i += blockDim.x) {
    ordered[static_cast<int64_t>(places[first + i]) - first] = number_of[first + i];
  }
  __syncthreads();
  for (int i = threadIdx.x; i < size; i += blockDim.x) {
    inverse.Set(first + i, static_cast<int64_t>(ordered[i]) - 1);
  }
}

/// inverse[places[i]] = number_of[i] - 1, for places that are all numbers below n. Writing all over
/// memory takes longer than to sort by the high bits of the places first, until those of each
/// window of memory lie together.
template <typename Count>
void WriteInverse(int64_t n, const Count* places, const Count* number_of, const Numbers& inverse) {
  constexpr int64_t kFew = 1 << 20;
  constexpr int kWindowBits = 13;
  if (n <= kFew) return SetNumbers(n, places, number_of, inverse);
  const Temporary<Count> sorted_places(n), sorted_numbers(n);
  const cudaStream_t stream = Call::Current().stream();
  const int bits = BitsBelow(static_cast<uint64_t>(n));
  const int low = bits - (bits - kWindowBits + 7) / 8 * 8;
  const auto items = static_cast<Count>(n);
  WithScratch([&](void* scratch, size_t& bytes) {
    return cub::DeviceRadixSort::SortPairs(scratch, bytes, places, sorted_places.data(), number_of,
                                           sorted_numbers.data(), items, low, bits, stream);
  });
  const int window = 1 << low;
  WriteWindowsKernel<<<static_cast<unsigned>(CeilDiv(n, window)), 512, window * sizeof(uint32_t),
                       stream>>>(n, window, sorted_places.data(), sorted_numbers.data(), inverse);
  CheckLaunch();
}

/// Writes the results for n sorted items, which are at `places`: emit(number, i) is called with the
/// first item i of each group, which starts where `starts(i)`. Returns how many groups there are.
template <typename Count, typename Starts, typename Emit>
int64_t WriteGroups(int64_t n, const Count* places, const DistinctResults& results,
                    const Starts& starts, const Emit& emit) {
  const Temporary<Count> numbers(n);
  const bool has_counts = static_cast<bool>(results.counts);
  const Temporary<Count> first(has_counts ? n : 0);
  Count* const number_of = numbers.data();
  Count* const first_of = first.data();
  const int64_t groups = NumberGroups<Count>(n, starts, number_of);
  const Numbers index(results.index);
  const bool has_index = places != nullptr && results.index;
  ForEach(n, [=] __device__(int64_t i) {
    const int64_t number = static_cast<int64_t>(number_of[i]) - 1;
    if (i > 0 && static_cast<int64_t>(number_of[i - 1]) - 1 == number) return;
    if (has_counts) first_of[number] = static_cast<Count>(i);
    if (has_index) index.Set(number, places[i]);
    emit(number, i);
  });
  if (has_counts) WriteSizes(first_of, groups, n, Numbers(results.counts));
  if (places != nullptr && results.inverse) {
    WriteInverse(n, places, number_of, Numbers(results.inverse));
  }
  return groups;
}

}  // namespace paddlemend::cuda
