// The element types of tensors: sizes, names, and dispatch from the value to the C++ type.
#pragma once

#include <complex>
#include <cstdint>

#include "cc/kernels/half.h"

namespace paddlemend {

enum class DType : uint8_t {
  kBool,
  kUInt8,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64,
  kComplex64,
  kComplex128,
};

/// A bool in memory. Not the C++ type, whose representations other than 0 and 1 are undefined.
struct Bool8 {
  uint8_t byte;
};

/// Bytes of one element.
inline int64_t ElementSize(DType dtype) {
  constexpr int8_t kSizes[] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16};
  return kSizes[static_cast<int>(dtype)];
}

/// Real numbers stored one after the other in one element: 2 for complex dtypes, else 1.
inline int64_t RealsPerElement(DType dtype) {
  return dtype == DType::kComplex64 || dtype == DType::kComplex128 ? 2 : 1;
}

inline bool IsHalf(DType dtype) { return dtype == DType::kFloat16 || dtype == DType::kBFloat16; }

/// Whether elements are real floating point numbers.
inline bool IsFloating(DType dtype) {
  return IsHalf(dtype) || dtype == DType::kFloat32 || dtype == DType::kFloat64;
}

/// The name NumPy and Paddle use, for example "float32".
inline const char* DTypeName(DType dtype) {
  constexpr const char* kNames[] = {"bool",    "uint8",   "int8",      "int16",
                                    "int32",   "int64",   "float16",   "bfloat16",
                                    "float32", "float64", "complex64", "complex128"};
  return kNames[static_cast<int>(dtype)];
}

template <typename T>
struct TypeTag {
  using type = T;
};

/// Calls `function(TypeTag<T>())` with the C++ storage type of `dtype` and returns its result.
template <typename Function>
decltype(auto) DispatchDType(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::kBool:
      return function(TypeTag<Bool8>());
    case DType::kUInt8:
      return function(TypeTag<uint8_t>());
    case DType::kInt8:
      return function(TypeTag<int8_t>());
    case DType::kInt16:
      return function(TypeTag<int16_t>());
    case DType::kInt32:
      return function(TypeTag<int32_t>());
    case DType::kInt64:
      return function(TypeTag<int64_t>());
    case DType::kFloat16:
      return function(TypeTag<Float16>());
    case DType::kBFloat16:
      return function(TypeTag<BFloat16>());
    case DType::kFloat32:
      return function(TypeTag<float>());
    case DType::kFloat64:
      return function(TypeTag<double>());
    case DType::kComplex64:
      return function(TypeTag<std::complex<float>>());
    case DType::kComplex128:
      break;
  }
  return function(TypeTag<std::complex<double>>());
}

/// As DispatchDType, for a dtype that IsFloating.
template <typename Function>
decltype(auto) DispatchFloating(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::kFloat16:
      return function(TypeTag<Float16>());
    case DType::kBFloat16:
      return function(TypeTag<BFloat16>());
    case DType::kFloat32:
      return function(TypeTag<float>());
    default:
      return function(TypeTag<double>());
  }
}

}  // namespace paddlemend
