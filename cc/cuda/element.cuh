// Elements on the device: their types, dispatch, and how they are combined.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "cc/kernels/dtype.h"

namespace paddlemend::cuda {

/// A complex number. cuda::std::complex calls a function that tries to save infinities.
template <typename R>
struct alignas(2 * sizeof(R)) Complex {
  R re;
  R im;
};

/// A vector of `n` elements that is read and written at once.
template <typename T, int n>
struct alignas(sizeof(T) * n) Vector {
  T values[n];
};

template <typename T>
constexpr bool kIsComplex = false;
template <typename R>
constexpr bool kIsComplex<Complex<R>> = true;

template <typename T>
constexpr bool kIsHalf = std::is_same_v<T, __half> || std::is_same_v<T, __nv_bfloat16>;

template <typename T>
constexpr bool kIsFloating = kIsHalf<T> || std::is_floating_point_v<T>;

/// What elements of the storage type T are on the device.
template <typename T>
struct OnDevice {
  using type = T;
};
template <>
struct OnDevice<Float16> {
  using type = __half;
};
template <>
struct OnDevice<BFloat16> {
  using type = __nv_bfloat16;
};
template <typename R>
struct OnDevice<std::complex<R>> {
  using type = Complex<R>;
};

/// Calls `function(TypeTag<T>())` with the type of the elements of `dtype` on the device.
template <typename Function>
decltype(auto) Dispatch(DType dtype, Function&& function) {
  return DispatchDType(dtype, [&](auto tag) -> decltype(auto) {
    return function(TypeTag<typename OnDevice<typename decltype(tag)::type>::type>());
  });
}

/// As Dispatch, for a dtype that IsFloating.
template <typename Function>
decltype(auto) DispatchFloat(DType dtype, Function&& function) {
  return DispatchFloating(dtype, [&](auto tag) -> decltype(auto) {
    return function(TypeTag<typename OnDevice<typename decltype(tag)::type>::type>());
  });
}

/// Calls `function(TypeTag<T>())` with a type of that many bytes: 1, 2, 4, 8 or 16.
template <typename Function>
decltype(auto) DispatchBytes(int64_t bytes, Function&& function) {
  switch (bytes) {
    case 1:
      return function(TypeTag<uint8_t>());
    case 2:
      return function(TypeTag<uint16_t>());
    case 4:
      return function(TypeTag<uint32_t>());
    case 8:
      return function(TypeTag<uint2>());
    default:
      return function(TypeTag<uint4>());
  }
}

/// The type in which elements are combined: float for the half precisions.
template <typename T>
using Work = std::conditional_t<kIsHalf<T>, float, T>;

/// The type of sums over broadcast dimensions.
template <typename T>
struct WideOf {
  using type = std::conditional_t<kIsFloating<T>, double, T>;
};
template <typename R>
struct WideOf<Complex<R>> {
  using type = Complex<double>;
};
template <typename T>
using Wide = typename WideOf<T>::type;

template <typename To, typename From>
__device__ __forceinline__ To BitsAs(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof(To));
  return to;
}

/// Rounds "to odd", so that rounding again to a half precision equals rounding once.
__device__ __forceinline__ float RoundToOdd(double value) {
  const float nearest = static_cast<float>(value);
  const double back = static_cast<double>(nearest);
  const uint32_t bits = __float_as_uint(nearest);
  if (back == value || value != value || (bits & 1u) != 0) return nearest;
  return __uint_as_float(fabs(back) > fabs(value) ? bits - 1u : bits + 1u);
}

/// From one of the types above to another.
template <typename To, typename From>
__device__ __forceinline__ To Convert(From from) {
  if constexpr (std::is_same_v<To, From>) {
    return from;
  } else if constexpr (kIsComplex<To>) {
    using R = decltype(To::re);
    return To{static_cast<R>(from.re), static_cast<R>(from.im)};
  } else if constexpr (std::is_same_v<From, __half>) {
    return static_cast<To>(__half2float(from));
  } else if constexpr (std::is_same_v<From, __nv_bfloat16>) {
    return static_cast<To>(__bfloat162float(from));
  } else if constexpr (kIsHalf<To>) {
    float value;
    if constexpr (std::is_same_v<From, double>) {
      value = RoundToOdd(from);
    } else {
      value = static_cast<float>(from);
    }
    if constexpr (std::is_same_v<To, __half>) {
      return __float2half_rn(value);
    } else {
      return __float2bfloat16_rn(value);
    }
  } else {
    return static_cast<To>(from);
  }
}

/// As Convert for several numbers. Two at a time make one instruction for the half precisions.
template <typename To, int n, typename From>
__device__ __forceinline__ Vector<To, n> ConvertAll(const From (&from)[n]) {
  Vector<To, n> to;
  if constexpr (kIsHalf<To> && std::is_same_v<From, float> && n % 2 == 0) {
    using Two = std::conditional_t<std::is_same_v<To, __half>, __half2, __nv_bfloat162>;
#pragma unroll
    for (int k = 0; k < n; k += 2) {
      Two two;
      if constexpr (std::is_same_v<To, __half>) {
        two = __floats2half2_rn(from[k], from[k + 1]);
      } else {
        two = __floats2bfloat162_rn(from[k], from[k + 1]);
      }
      to.values[k] = two.x;
      to.values[k + 1] = two.y;
    }
  } else {
#pragma unroll
    for (int k = 0; k < n; ++k) to.values[k] = Convert<To>(from[k]);
  }
  return to;
}

template <typename T>
using UnsignedOf = std::conditional_t<sizeof(T) < 4, uint32_t, std::make_unsigned_t<T>>;

template <typename T>
__device__ __forceinline__ T Zero() {
  if constexpr (kIsComplex<T>) {
    return T{0, 0};
  } else if constexpr (std::is_same_v<T, Bool8>) {
    return T{0};
  } else {
    return Convert<T>(static_cast<Work<T>>(0));
  }
}

template <typename T>
__device__ __forceinline__ T One() {
  if constexpr (kIsComplex<T>) {
    return T{1, 0};
  } else if constexpr (std::is_same_v<T, Bool8>) {
    return T{1};
  } else {
    return static_cast<T>(1);
  }
}

/// a + b: integers wrap around, a bool is the logical or.
template <typename T>
__device__ __forceinline__ T Plus(T a, T b) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return T{static_cast<uint8_t>((a.byte | b.byte) != 0)};
  } else if constexpr (kIsComplex<T>) {
    return T{a.re + b.re, a.im + b.im};
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<UnsignedOf<T>>(a) + static_cast<UnsignedOf<T>>(b));
  } else {
    return a + b;
  }
}

template <typename T>
__device__ __forceinline__ T Negative(T a) {
  if constexpr (kIsComplex<T>) {
    return T{-a.re, -a.im};
  } else {
    return -a;
  }
}

/// a * b: integers wrap around, a bool is the logical and.
template <typename T>
__device__ __forceinline__ T Times(T a, T b) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return T{static_cast<uint8_t>(a.byte != 0 && b.byte != 0)};
  } else if constexpr (kIsComplex<T>) {
    return T{a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(static_cast<UnsignedOf<T>>(a) * static_cast<UnsignedOf<T>>(b));
  } else {
    return a * b;
  }
}

template <typename T>
__device__ __forceinline__ T Conjugate(T a) {
  if constexpr (kIsComplex<T>) {
    return T{a.re, -a.im};
  } else {
    return a;
  }
}

template <typename T>
__device__ __forceinline__ bool IsNaN(T a) {
  if constexpr (std::is_floating_point_v<T>) {
    return a != a;
  } else {
    return false;
  }
}

template <typename T>
__device__ __forceinline__ bool IsEqual(T a, T b) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return (a.byte != 0) == (b.byte != 0);
  } else if constexpr (kIsComplex<T>) {
    return a.re == b.re && a.im == b.im;
  } else {
    return a == b;
  }
}

template <typename T>
__device__ __forceinline__ bool IsLess(T a, T b) {
  if constexpr (std::is_same_v<T, Bool8>) {
    return a.byte == 0 && b.byte != 0;
  } else {
    return a < b;
  }
}

/// The greater and the lesser of two real numbers, NaN if one is NaN.
template <typename T>
__device__ __forceinline__ T Greater(T a, T b) {
  return IsLess(a, b) || IsNaN(b) ? b : a;
}
template <typename T>
__device__ __forceinline__ T Lesser(T a, T b) {
  return IsLess(b, a) || IsNaN(b) ? b : a;
}

/// a / n: of integers the floor; a bool stays what it is.
template <typename T>
__device__ __forceinline__ T DividedBy(T a, int64_t n) {
  if (n <= 1) return a;
  if constexpr (std::is_same_v<T, Bool8>) {
    return a;
  } else if constexpr (kIsComplex<T>) {
    using R = decltype(T::re);
    return T{a.re / static_cast<R>(n), a.im / static_cast<R>(n)};
  } else if constexpr (std::is_integral_v<T>) {
    const int64_t quotient = static_cast<int64_t>(a) / n;
    return static_cast<T>(quotient - (static_cast<int64_t>(a) % n < 0));
  } else {
    return a / static_cast<T>(n);
  }
}

}  // namespace paddlemend::cuda
