// Sorting numbers, with the place of each.
#pragma once

#include <thrust/iterator/counting_iterator.h>

#include <cub/device/device_radix_sort.cuh>
#include <type_traits>

#include "cc/cuda/launch.cuh"

namespace paddlemend::cuda {

/// How many bits numbers in [0, end) have; at least one.
inline int BitsBelow(uint64_t end) {
  int bits = 1;
  while (bits < 64 && (end - 1) >> bits != 0) ++bits;
  return bits;
}

template <typename Place>
void FillPlaces(Place* places, int64_t count) {
  ForEach(count, [=] __device__(int64_t i) { places[i] = static_cast<Place>(i); });
}

/// `count` keys below `end`, ascending, with their places; equal keys in the order of their places.
template <typename Key, typename Place>
class SortedPairs {
 public:
  SortedPairs(const Key* keys, int64_t count, uint64_t end)
      : places_(count), sorted_keys_(count), sorted_places_(count) {
    Place* const places = places_.data();
    FillPlaces(places, count);
    using Unsigned = std::make_unsigned_t<Key>;
    const auto* const from = reinterpret_cast<const Unsigned*>(keys);
    auto* const to = reinterpret_cast<Unsigned*>(sorted_keys_.data());
    const cudaStream_t stream = Call::Current().stream();
    const int bits = BitsBelow(end);
    // 32-bit counts make it faster.
    const auto sort = [&](auto items) {
      size_t bytes = 0;
      Check(cub::DeviceRadixSort::SortPairs(nullptr, bytes, from, to, places, sorted_places_.data(),
                                            items, 0, bits, stream));
      const Buffer scratch(static_cast<int64_t>(bytes));
      Check(cub::DeviceRadixSort::SortPairs(scratch.data(), bytes, from, to, places,
                                            sorted_places_.data(), items, 0, bits, stream));
    };
    if constexpr (sizeof(Place) == 4) {
      sort(static_cast<uint32_t>(count));
    } else {
      sort(count);
    }
  }

  const Key* keys() const { return sorted_keys_.data(); }
  const Place* places() const { return sorted_places_.data(); }

 private:
  const Temporary<Place> places_;
  const Temporary<Key> sorted_keys_;
  const Temporary<Place> sorted_places_;
};

}  // namespace paddlemend::cuda
