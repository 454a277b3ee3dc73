// Groups of equal items that lie side by side, and where results about them go.
#pragma once

#include <cub/device/device_scan.cuh>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include "cc/cuda/launch.cuh"
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
  size_t bytes = 0;
  Check(cub::DeviceScan::InclusiveSum(nullptr, bytes, flags, numbers, n, stream));
  const Buffer scratch(static_cast<int64_t>(bytes));
  Check(cub::DeviceScan::InclusiveSum(scratch.data(), bytes, flags, numbers, n, stream));
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

/// Writes the results for n sorted items, which are at `places`: emit(number, i) is called with the
/// first item i of each group, which starts where `starts(i)`. Returns how many groups there are.
template <typename Count, typename Starts, typename Emit>
int64_t WriteGroups(int64_t n, const Count* places, const DistinctResults& results,
                    const Starts& starts, const Emit& emit) {
  const Temporary<Count> numbers(n);
  const Temporary<Count> first(n);
  Count* const number_of = numbers.data();
  Count* const first_of = first.data();
  const int64_t groups = NumberGroups<Count>(n, starts, number_of);
  const Numbers index(results.index);
  const Numbers inverse(results.inverse);
  const bool has_places = places != nullptr;
  ForEach(n, [=] __device__(int64_t i) {
    const int64_t number = static_cast<int64_t>(number_of[i]) - 1;
    if (has_places) inverse.Set(places[i], number);
    if (i > 0 && number_of[i - 1] == number_of[i]) return;
    first_of[number] = static_cast<Count>(i);
    if (has_places) index.Set(number, places[i]);
    emit(number, i);
  });
  if (results.counts) WriteSizes(first_of, groups, n, Numbers(results.counts));
  return groups;
}

}  // namespace paddlemend::cuda
