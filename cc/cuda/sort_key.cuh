// Unsigned integers that sort as the elements of a dtype do: sort_key.h on the device.
#pragma once

#include "cc/cuda/element.cuh"

namespace paddlemend::cuda {

template <typename T>
using KeyOf =
    std::conditional_t<sizeof(T) == 1, uint8_t,
                       std::conditional_t<sizeof(T) == 2, uint16_t,
                                          std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;

/// The key of every NaN: larger than that of any number.
template <typename Key>
constexpr Key kNaNKey = static_cast<Key>(~Key{0});

template <typename T>
constexpr KeyOf<T> InfinityBits() {
  if constexpr (std::is_same_v<T, __half>) return 0x7c00u;
  if constexpr (std::is_same_v<T, __nv_bfloat16>) return 0x7f80u;
  if constexpr (std::is_same_v<T, float>) return 0x7f800000u;
  if constexpr (std::is_same_v<T, double>) return 0x7ff0000000000000u;
  return 0;
}

/// The key of a real number. Zeros of either sign have one.
template <typename T>
__device__ __forceinline__ KeyOf<T> SortKey(T value) {
  using Key = KeyOf<T>;
  constexpr Key kSign = static_cast<Key>(Key{1} << (8 * sizeof(T) - 1));
  if constexpr (std::is_same_v<T, Bool8>) {
    return value.byte != 0;
  } else if constexpr (kIsFloating<T>) {
    const Key bits = BitsAs<Key>(value);
    const Key magnitude = static_cast<Key>(bits & ~kSign);
    if (magnitude > InfinityBits<T>()) return kNaNKey<Key>;
    return bits > kSign ? static_cast<Key>(~bits) : static_cast<Key>(magnitude | kSign);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Key>(static_cast<Key>(value) ^ kSign);
  } else {
    return value;
  }
}

/// A value that has this key: 0 for a zero, some quiet NaN for NaN.
template <typename T>
__device__ __forceinline__ T FromSortKey(KeyOf<T> key) {
  using Key = KeyOf<T>;
  constexpr Key kSign = static_cast<Key>(Key{1} << (8 * sizeof(T) - 1));
  if constexpr (kIsFloating<T>) {
    return BitsAs<T>(static_cast<Key>((key & kSign) != 0 ? key ^ kSign : ~key));
  } else if constexpr (std::is_same_v<T, Bool8>) {
    return Bool8{key};
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(static_cast<Key>(key ^ kSign));
  } else {
    return key;
  }
}

}  // namespace paddlemend::cuda
