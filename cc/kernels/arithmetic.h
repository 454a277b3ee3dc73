// How elements of each dtype are added.
//
// Addition needs fewer types than there are dtypes: signed integers are added as unsigned ones,
// whose wrap-around is defined, and a complex number is two real ones.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cc/kernels/dtype.h"

namespace paddlemend {

/// Calls `function(TypeTag<T>())` with the type in which a real part of `dtype` is stored for
/// addition: Bool8, an unsigned integer, Float16, BFloat16, float or double.
template <typename Function>
decltype(auto) DispatchAddend(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::kBool:
      return function(TypeTag<Bool8>());
    case DType::kUInt8:
    case DType::kInt8:
      return function(TypeTag<uint8_t>());
    case DType::kInt16:
      return function(TypeTag<uint16_t>());
    case DType::kInt32:
      return function(TypeTag<uint32_t>());
    case DType::kInt64:
      return function(TypeTag<uint64_t>());
    case DType::kFloat16:
      return function(TypeTag<Float16>());
    case DType::kBFloat16:
      return function(TypeTag<BFloat16>());
    case DType::kFloat32:
    case DType::kComplex64:
      return function(TypeTag<float>());
    case DType::kFloat64:
    case DType::kComplex128:
      break;
  }
  return function(TypeTag<double>());
}

/// How an addend type T is accumulated: Sum is the type of partial sums, Load makes one of an
/// element, Store rounds one to an element. Wide sums take float types to double.
template <typename T, bool kWide>
struct Accumulation {
  using Sum = T;
  static Sum Load(T value) { return value; }
  static T Store(Sum sum) { return sum; }
};

/// A bool sum is the logical or, kept as 0 or 1.
template <bool kWide>
struct Accumulation<Bool8, kWide> {
  struct Sum {
    uint8_t value = 0;
    Sum() = default;
    explicit Sum(uint8_t initial) : value(initial) {}
    Sum operator+(Sum other) const { return Sum(static_cast<uint8_t>(value | other.value)); }
    Sum& operator+=(Sum other) { return *this = *this + other; }
  };
  static Sum Load(Bool8 value) { return Sum(value.byte != 0); }
  static Bool8 Store(Sum sum) { return Bool8{sum.value}; }
};

template <>
struct Accumulation<float, true> {
  using Sum = double;
  static Sum Load(float value) { return value; }
  static float Store(Sum sum) { return static_cast<float>(sum); }
};

template <bool kWide>
struct Accumulation<Float16, kWide> {
  using Sum = std::conditional_t<kWide, double, float>;
  static Sum Load(Float16 value) { return ToFloat(value); }
  static Float16 Store(Sum sum) { return ToFloat16(sum); }
};

template <bool kWide>
struct Accumulation<BFloat16, kWide> {
  using Sum = std::conditional_t<kWide, double, float>;
  static Sum Load(BFloat16 value) { return ToFloat(value); }
  static BFloat16 Store(Sum sum) { return ToBFloat16(sum); }
};

}  // namespace paddlemend
