// Unsigned integers that sort as the elements of a dtype do.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cc/kernels/dtype.h"

namespace paddlemend {

/// The unsigned integer of the size of T.
template <typename T>
using KeyOf =
    std::conditional_t<sizeof(T) == 1, uint8_t,
                       std::conditional_t<sizeof(T) == 2, uint16_t,
                                          std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>>>;

/// The key of every NaN: larger than that of any number.
template <typename Key>
constexpr Key kNaNKey = static_cast<Key>(~Key{0});

/// Whether T has NaN. A key of kNaNKey means one only then.
template <typename T>
constexpr bool kHasNaN =
    std::is_floating_point_v<T> || std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

/// The bits of infinity in a floating point T: those of a NaN are larger.
template <typename T>
constexpr KeyOf<T> InfinityBits() {
  if constexpr (std::is_same_v<T, Float16>) return 0x7c00u;
  if constexpr (std::is_same_v<T, BFloat16>) return 0x7f80u;
  if constexpr (std::is_same_v<T, float>) return 0x7f800000u;
  if constexpr (std::is_same_v<T, double>) return 0x7ff0000000000000u;
  return 0;
}

/// The key of a real number. Zeros of either sign have one.
template <typename T>
KeyOf<T> SortKey(T value) {
  using Key = KeyOf<T>;
  constexpr Key kSign = static_cast<Key>(Key{1} << (8 * sizeof(T) - 1));
  if constexpr (std::is_same_v<T, Bool8>) {
    return value.byte != 0;
  } else if constexpr (kHasNaN<T>) {
    const Key bits = BitCast<Key>(value);
    const Key magnitude = static_cast<Key>(bits & ~kSign);
    const bool is_negative = bits > kSign;
    const Key key = static_cast<Key>(is_negative ? ~bits : (magnitude | kSign));
    return magnitude > InfinityBits<T>() ? kNaNKey<Key> : key;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Key>(static_cast<Key>(value) ^ kSign);
  } else {
    return value;
  }
}

/// A value that has this key: 0 for a zero, some quiet NaN for NaN.
template <typename T>
T FromSortKey(KeyOf<T> key) {
  using Key = KeyOf<T>;
  constexpr Key kSign = static_cast<Key>(Key{1} << (8 * sizeof(T) - 1));
  if constexpr (kHasNaN<T>) {
    return BitCast<T>(static_cast<Key>((key & kSign) != 0 ? key ^ kSign : ~key));
  } else if constexpr (std::is_same_v<T, Bool8>) {
    return Bool8{key};
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(static_cast<Key>(key ^ kSign));
  } else {
    return key;
  }
}

}  // namespace paddlemend
