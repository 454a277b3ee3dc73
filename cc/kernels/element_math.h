// Sums, products, extremes and means of elements of each dtype.
#pragma once

#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "cc/kernels/cpu_features.h"
#include "cc/kernels/dtype.h"

namespace paddlemend {

/// The type in which elements of type T are combined: float for the two half precisions, which are
/// rounded once in the end, else T.
template <typename T>
using WorkType =
    std::conditional_t<std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>, float, T>;

template <typename T>
WorkType<T> ToWork(T value) {
  if constexpr (std::is_same_v<T, WorkType<T>>) {
    return value;
  } else {
    return ToFloat(value);
  }
}

template <typename T>
T FromWork(WorkType<T> value) {
  if constexpr (std::is_same_v<T, Float16>) {
    return ToFloat16(value);
  } else if constexpr (std::is_same_v<T, BFloat16>) {
    return ToBFloat16(value);
  } else {
    return value;
  }
}

/// Calls `function(TypeTag<T>())` with a type that has the size of an element of `dtype`, to move
/// elements around: an unsigned integer or std::complex<double>.
template <typename Function>
decltype(auto) DispatchElementSize(DType dtype, Function&& function) {
  switch (ElementSize(dtype)) {
    case 1:
      return function(TypeTag<uint8_t>());
    case 2:
      return function(TypeTag<uint16_t>());
    case 4:
      return function(TypeTag<uint32_t>());
    case 8:
      return function(TypeTag<uint64_t>());
    default:
      return function(TypeTag<std::complex<double>>());
  }
}

template <typename T>
constexpr bool kIsComplex = false;
template <typename T>
constexpr bool kIsComplex<std::complex<T>> = true;

/// Whether a product or sum of T is made with unsigned integers, whose wrap-around is defined.
template <typename T>
using Unsigned = std::conditional_t<sizeof(T) < 4, uint32_t, std::make_unsigned_t<T>>;

/// a + b: integers wrap around, a bool is the logical or.
template <typename T>
T Plus(T a, T b) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return T{static_cast<uint8_t>((a.byte | b.byte) != 0)};
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) + static_cast<Unsigned<T>>(b));
  } else {
    return a + b;
  }
}

/// a * b: integers wrap around, a bool is the logical and.
template <typename T>
T Times(T a, T b) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return T{static_cast<uint8_t>(a.byte != 0 && b.byte != 0)};
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<Unsigned<T>>(a) * static_cast<Unsigned<T>>(b));
  } else if constexpr (kIsComplex<T>) {
    // The operator of std::complex calls a function that tries to save infinities.
    return T(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
  } else {
    return a * b;
  }
}

/// What a gradient is multiplied with for a factor of a product.
template <typename T>
T Conjugate(T a) {
  if constexpr (kIsComplex<T>) {
    return std::conj(a);
  } else {
    return a;
  }
}

/// `yes` or `no`, without a branch: which one it is cannot be guessed where this is used.
template <typename T>
T Choose(bool condition, T yes, T no) {
  if constexpr (std::is_floating_point_v<T>) {
    // Compilers make a branch of a conditional between floating point numbers.
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;
    const Bits mask = Bits(0) - static_cast<Bits>(condition);
    return BitCast<T>((BitCast<Bits>(yes) & mask) | (BitCast<Bits>(no) & ~mask));
  } else {
    return condition ? yes : no;
  }
}

template <typename T>
bool IsNaN(T a) {
  if constexpr (std::is_floating_point_v<T>) {
    return a != a;
  } else {
    return false;
  }
}

template <typename T>
bool IsEqual(T a, T b) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return (a.byte != 0) == (b.byte != 0);
  } else {
    return a == b;
  }
}

template <typename T>
bool IsLess(T a, T b) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return a.byte == 0 && b.byte != 0;
  } else {
    return a < b;
  }
}

/// The greater of two real numbers, NaN if one is NaN.
template <typename T>
T Greater(T a, T b) {
  return Choose(IsLess(a, b) | IsNaN(b), b, a);
}

/// The lesser of two real numbers, NaN if one is NaN.
template <typename T>
T Lesser(T a, T b) {
  return Choose(IsLess(b, a) | IsNaN(b), b, a);
}

/// How many values came to an element. Exact up to 2^53, and vectorised conversions to float exist
/// where those of 64-bit integers do not.
using Count = double;

/// a / n for n > 0. Of integers the floor; a bool stays what it is.
template <typename T>
T DividedBy(T a, Count n) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return a;
  } else if constexpr (std::is_integral_v<T>) {
    const int64_t divisor = static_cast<int64_t>(n);
    const int64_t quotient = static_cast<int64_t>(a) / divisor;
    return static_cast<T>(quotient - (static_cast<int64_t>(a) % divisor < 0));
  } else if constexpr (kIsComplex<T>) {
    return a / static_cast<typename T::value_type>(n);
  } else {
    return a / static_cast<T>(n);
  }
}

template <typename T>
[[gnu::always_inline]] inline void DivideAllLoop(T* elements, const Count* counts, int64_t size) {
  for (int64_t i = 0; i < size; ++i) {
    if constexpr (std::is_floating_point_v<T>) {
      elements[i] = DividedBy(elements[i], Choose(counts[i] > 1, counts[i], Count(1)));
    } else if (counts[i] > 1) {
      elements[i] = DividedBy(elements[i], counts[i]);
    }
  }
}

template <typename T>
PM_TARGET_AVX2 void DivideAllAvx2(T* elements, const Count* counts, int64_t size) {
  DivideAllLoop(elements, counts, size);
}

/// Divides each element by its count if that is above 1.
template <typename T>
void DivideAll(T* elements, const Count* counts, int64_t size) {
  if (HasAvx2()) return DivideAllAvx2(elements, counts, size);
  DivideAllLoop(elements, counts, size);
}

template <typename T>
T One() {
  if constexpr (std::is_same_v<T, Bool8>) {
    return T{1};
  } else {
    return T(1);
  }
}

/// Not greater than any number.
template <typename T>
T Lowest() {
  if constexpr (std::is_same_v<T, Bool8>) {
    return T{0};
  } else if constexpr (std::is_integral_v<T>) {
    return std::numeric_limits<T>::min();
  } else {
    return -std::numeric_limits<T>::infinity();
  }
}

/// Not less than any number.
template <typename T>
T Highest() {
  if constexpr (std::is_same_v<T, Bool8>) {
    return T{1};
  } else if constexpr (std::is_integral_v<T>) {
    return std::numeric_limits<T>::max();
  } else {
    return std::numeric_limits<T>::infinity();
  }
}

}  // namespace paddlemend
