// What is added to each slice: runs of places.
#pragma once

#include "cc/cuda/launch.cuh"

namespace paddlemend::cuda {

/// The additions to one slice: [begin, end) of all.
template <typename Place>
struct alignas(2 * sizeof(Place)) Run {
  Place begin;
  Place end;
};

/// Puts the numbers of the first `length` lanes, which are all different, in order.
template <typename Place>
__device__ __forceinline__ Place OrderLanes(Place own, int length, int lane) {
  int rank = 0;
  for (int i = 0; i < length; ++i) rank += __shfl_sync(~0u, own, i) < own ? 1 : 0;
  Place ordered = own;
  for (int i = 0; i < length; ++i) {
    const Place other = __shfl_sync(~0u, own, i);
    if (__shfl_sync(~0u, rank, i) == lane) ordered = other;
  }
  return ordered;
}

/// The places of a run, one after the other. A warp reads 32 of them at once.
template <typename Place>
struct PlacesOfRun {
  const Place* places;
  Place length;
  int lane;
  Place first;  // of the first 32, that of this lane
  Place own;

  __device__ __forceinline__ PlacesOfRun(const Place* all, const Run<Place>& run, int lane)
      : places(all + run.begin),
        length(run.end - run.begin),
        lane(lane),
        first(lane < length ? places[lane] : Place{0}),
        own(first) {}

  /// A run of one place.
  __device__ __forceinline__ PlacesOfRun(Place single, int lane)
      : places(nullptr), length(1), lane(lane), first(single), own(single) {}

  /// The places have to be asked for in their order, from 0.
  __device__ __forceinline__ int64_t At(Place i) {
    if (i == 0) {
      own = first;
    } else if (i % 32 == 0) {
      own = i + lane < length ? places[i + lane] : Place{0};
    }
    return __shfl_sync(~0u, own, static_cast<int>(i % 32));
  }
};

}  // namespace paddlemend::cuda
