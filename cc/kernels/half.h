// Storage types of the two 16-bit floating point formats and their conversions.
//
// Every conversion to 16 bits rounds to nearest, ties to even, and overflows to infinity; every
// conversion from 16 bits is exact. NaN stays NaN and keeps the payload bits that fit. The code is
// branch-light integer arithmetic so that compilers vectorise loops over it.
#pragma once

#include <cstdint>
#include <cstring>

namespace paddlemend {

/// IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits.
struct Float16 {
  uint16_t bits;
};

/// The upper half of an IEEE 754 binary32: 1 sign, 8 exponent, 7 fraction bits.
struct BFloat16 {
  uint16_t bits;
};

template <typename To, typename From>
To BitCast(const From& from) {
  static_assert(sizeof(To) == sizeof(From), "BitCast keeps the size");
  To to;
  std::memcpy(&to, &from, sizeof(To));
  return to;
}

/// `yes` or `no`, without a branch: compilers turn a conditional around floating point arithmetic
/// into one, and then cannot vectorise the loop.
inline uint32_t Select(bool condition, uint32_t yes, uint32_t no) {
  const uint32_t mask = 0u - static_cast<uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

inline float ToFloat(BFloat16 value) {
  return BitCast<float>(static_cast<uint32_t>(value.bits) << 16);
}

inline float ToFloat(Float16 value) {
  const uint32_t sign = static_cast<uint32_t>(value.bits & 0x8000u) << 16;
  const uint32_t magnitude = value.bits & 0x7fffu;
  // Normal numbers: move the fields into place and rebias the exponent by 127 - 15. Infinity and
  // NaN get the rest of the way to exponent 255.
  uint32_t normal = (magnitude << 13) + ((127u - 15u) << 23);
  normal += Select(magnitude >= 0x7c00u, (127u - 15u) << 23, 0u);
  // Subnormal numbers are the integer `magnitude` in units of 2^-24, exact in float.
  const float subnormal = static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f;
  const uint32_t bits = Select(magnitude < 0x0400u, BitCast<uint32_t>(subnormal), normal);
  return BitCast<float>(bits | sign);
}

inline BFloat16 ToBFloat16(float value) {
  const uint32_t bits = BitCast<uint32_t>(value);
  const uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  const bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
  // A NaN whose payload lies in the dropped half would become infinity: set the quiet bit.
  const uint32_t quiet = Select((bits & 0x007f0000u) == 0, 0x00400000u, 0u);
  return BFloat16{static_cast<uint16_t>(Select(is_nan, bits | quiet, rounded) >> 16)};
}

inline Float16 ToFloat16(float value) {
  const uint32_t bits = BitCast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  // Normal results: rebias, round at bit 13. A carry out of the fraction raises the exponent,
  // up to infinity, as it should.
  const uint32_t rebiased = magnitude - ((127u - 15u) << 23);
  const uint32_t normal = (rebiased + 0x0fffu + ((rebiased >> 13) & 1u)) >> 13;
  // Subnormal results (below 2^-14): adding 0.5 aligns the last half bit, 2^-24, with the last
  // float bit at 0.5, so that the addition itself rounds to nearest even.
  const bool is_small = magnitude < 0x38800000u;
  const float aligned = BitCast<float>(Select(is_small, magnitude, 0u)) + 0.5f;
  const uint32_t subnormal = BitCast<uint32_t>(aligned) - 0x3f000000u;
  const uint32_t payload = (magnitude >> 13) & 0x03ffu;
  const uint32_t nan = 0x7c00u | Select(payload != 0, payload, 0x0200u);
  uint32_t result = Select(is_small, subnormal, normal);
  result = Select(magnitude >= 0x47800000u, 0x7c00u, result);
  result = Select(magnitude > 0x7f800000u, nan, result);
  return Float16{static_cast<uint16_t>(result | sign)};
}

/// Rounds to float "to odd": an inexact result gets an odd last bit, so that rounding it again to
/// a format with at least two bits fewer equals rounding `value` once
/// (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).
inline float RoundToOdd(double value) {
  const float nearest = static_cast<float>(value);
  const double back = static_cast<double>(nearest);
  const uint32_t bits = BitCast<uint32_t>(nearest);
  if (back == value || value != value || (bits & 1u) != 0) return nearest;
  const bool rounded_up = (back < 0 ? -back : back) > (value < 0 ? -value : value);
  return BitCast<float>(rounded_up ? bits - 1u : bits + 1u);
}

inline Float16 ToFloat16(double value) { return ToFloat16(RoundToOdd(value)); }
inline BFloat16 ToBFloat16(double value) { return ToBFloat16(RoundToOdd(value)); }

}  // namespace paddlemend
