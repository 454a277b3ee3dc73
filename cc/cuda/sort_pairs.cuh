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

/// places[i] = i, and keys[i] = numbers[i] where `keys` is not null.
template <typename Number, typename Key, typename Place>
void FillPairs(const Number* numbers, int64_t count, Key* keys, Place* places) {
  ForEach(count, [=] __device__(int64_t i) {
    if (keys != nullptr) keys[i] = static_cast<Key>(numbers[i]);
    places[i] = static_cast<Place>(i);
  });
}

/// `count` numbers in [0, end), ascending, as keys with their places; equal numbers in the
/// order of their places.
template <typename Key, typename Place>
class SortedPairs {
 public:
  template <typename Number>
  SortedPairs(const Number* numbers, int64_t count, uint64_t end)
      : keys_(sizeof(Number) == sizeof(Key) ? 0 : count),
        places_(count),
        sorted_keys_(count),
        sorted_places_(count) {
    constexpr bool kAsTheyAre = sizeof(Number) == sizeof(Key);
    FillPairs(numbers, count, kAsTheyAre ? nullptr : keys_.data(), places_.data());
    using Unsigned = std::make_unsigned_t<Key>;
    const auto* const from = kAsTheyAre ? reinterpret_cast<const Unsigned*>(numbers)
                                        : reinterpret_cast<const Unsigned*>(keys_.data());
    auto* const to = reinterpret_cast<Unsigned*>(sorted_keys_.data());
    const cudaStream_t stream = Call::Current().stream();
    const int bits = BitsBelow(end);
    // 32-bit counts make it faster.
    const auto sort = [&](auto items) {
      WithScratch([&](void* scratch, size_t& bytes) {
        return cub::DeviceRadixSort::SortPairs(scratch, bytes, from, to, places_.data(),
                                               sorted_places_.data(), items, 0, bits, stream);
      });
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
  const Temporary<Key> keys_;
  const Temporary<Place> places_;
  const Temporary<Key> sorted_keys_;
  const Temporary<Place> sorted_places_;
};

}  // namespace paddlemend::cuda
