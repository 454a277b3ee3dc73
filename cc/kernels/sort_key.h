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

template <typename T>
constexpr KeyOf<T> kSignOfKey = static_cast<KeyOf<T>>(KeyOf<T>{1} << (8 * sizeof(T) - 1));

/// The key of the real number with these bits. Zeros of either sign have one.
template <typename T>
constexpr KeyOf<T> KeyOfBits(KeyOf<T> bits) {
  using Key = KeyOf<T>;
  if constexpr (std::is_same_v<T, Bool8>) {
    return bits != 0;
  } else if constexpr (kHasNaN<T>) {
    const Key magnitude = static_cast<Key>(bits & ~kSignOfKey<T>);
    const bool is_negative = bits > kSignOfKey<T>;
    const Key key = static_cast<Key>(is_negative ? ~bits : (magnitude | kSignOfKey<T>));
    return magnitude > InfinityBits<T>() ? kNaNKey<Key> : key;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Key>(bits ^ kSignOfKey<T>);
  } else {
    return bits;
  }
}

/// The bits of a value that has this key: of 0 for a zero, of some quiet NaN for NaN.
template <typename T>
constexpr KeyOf<T> BitsOfKey(KeyOf<T> key) {
  using Key = KeyOf<T>;
  if constexpr (kHasNaN<T>) {
    const bool is_positive = (key & kSignOfKey<T>) != 0;
    return static_cast<Key>(is_positive ? key ^ kSignOfKey<T> : ~key);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<Key>(key ^ kSignOfKey<T>);
  } else {
    return key;
  }
}

template <typename T>
KeyOf<T> SortKey(T value) {
  return KeyOfBits<T>(BitCast<KeyOf<T>>(value));
}

template <typename T>
T FromSortKey(KeyOf<T> key) {
  return BitCast<T>(BitsOfKey<T>(key));
}

}  // namespace paddlemend
