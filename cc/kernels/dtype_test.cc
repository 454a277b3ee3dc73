#include "cc/kernels/dtype.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace paddlemend {
namespace {

/// The value of the bits, from the definition of the format.
double HalfValue(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const double sign = bits >> 15 != 0 ? -1 : 1;
  if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(Float16Test, AllBitPatternsHaveTheValueOfTheFormat) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const double expected = HalfValue(static_cast<uint16_t>(bits));
    const double actual = ToFloat(Float16{static_cast<uint16_t>(bits)});
    ASSERT_TRUE(actual == expected || (std::isnan(actual) && std::isnan(expected))) << bits;
  }
}

TEST(Float16Test, AllBitPatternsSurviveTheWayToFloatAndBack) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const Float16 half{static_cast<uint16_t>(bits)};
    ASSERT_EQ(ToFloat16(ToFloat(half)).bits, bits);
  }
}

TEST(BFloat16Test, AllBitPatternsSurviveTheWayToFloatAndBack) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const BFloat16 half{static_cast<uint16_t>(bits)};
    ASSERT_EQ(BitCast<uint32_t>(ToFloat(half)), bits << 16);
    ASSERT_EQ(ToBFloat16(ToFloat(half)).bits, bits);
  }
}

/// Neighbouring finite numbers a < b: what lies between them goes to the nearer one, the middle to
/// the one with an even last bit.
template <typename Half, typename Convert>
void ExpectNearestBetweenNeighbours(uint16_t last_finite, Convert convert) {
  for (uint16_t bits = 0; bits < last_finite; ++bits) {
    const double low = ToFloat(Half{bits});
    const double high = ToFloat(Half{static_cast<uint16_t>(bits + 1)});
    const double middle = (low + high) / 2;
    const uint16_t even = bits % 2 == 0 ? bits : bits + 1;
    ASSERT_EQ(convert(std::nextafter(middle, low)).bits, bits);
    ASSERT_EQ(convert(middle).bits, even);
    ASSERT_EQ(convert(std::nextafter(middle, high)).bits, bits + 1);
    ASSERT_EQ(convert(-middle).bits, even | 0x8000);
  }
}

TEST(Float16Test, DoubleRoundsOnceToNearestEven) {
  ExpectNearestBetweenNeighbours<Float16>(0x7bff, [](double value) { return ToFloat16(value); });
}

TEST(BFloat16Test, DoubleRoundsOnceToNearestEven) {
  ExpectNearestBetweenNeighbours<BFloat16>(0x7f7f, [](double value) { return ToBFloat16(value); });
}

TEST(Float16Test, FloatRoundsToNearestEven) {
  for (uint16_t bits = 0; bits < 0x7bff; ++bits) {
    const float low = ToFloat(Float16{bits});
    const float high = ToFloat(Float16{static_cast<uint16_t>(bits + 1)});
    const float middle = (low + high) / 2;
    ASSERT_EQ(ToFloat16(std::nextafter(middle, low)).bits, bits);
    ASSERT_EQ(ToFloat16(middle).bits, bits + bits % 2);
    ASSERT_EQ(ToFloat16(std::nextafter(middle, high)).bits, bits + 1);
  }
}

TEST(Float16Test, OverflowGoesToInfinityFromTheMiddleOn) {
  EXPECT_EQ(ToFloat16(65519.996f).bits, 0x7bff);
  EXPECT_EQ(ToFloat16(65520.0f).bits, 0x7c00);
  EXPECT_EQ(ToFloat16(-1e30f).bits, 0xfc00);
  EXPECT_EQ(ToFloat16(1e300).bits, 0x7c00);
}

TEST(HalfTest, NanStaysNanEvenIfItsPayloadIsDropped) {
  const float nan = BitCast<float>(0x7f800001u);
  EXPECT_EQ(ToFloat16(nan).bits, 0x7e00);
  EXPECT_EQ(ToBFloat16(nan).bits, 0x7fc0);
  EXPECT_TRUE(std::isnan(ToFloat(ToFloat16(std::nan("")))));
  EXPECT_TRUE(std::isnan(ToFloat(ToBFloat16(std::nan("")))));
}

TEST(DTypeTest, SizeIsThatOfTheDispatchedType) {
  for (int i = 0; i <= static_cast<int>(DType::kComplex128); ++i) {
    const DType dtype = static_cast<DType>(i);
    const size_t size =
        DispatchDType(dtype, [](auto tag) { return sizeof(typename decltype(tag)::type); });
    EXPECT_EQ(ElementSize(dtype), static_cast<int64_t>(size)) << DTypeName(dtype);
  }
}

TEST(DTypeTest, NamesAreThoseOfNumPy) {
  EXPECT_STREQ(DTypeName(DType::kBool), "bool");
  EXPECT_STREQ(DTypeName(DType::kBFloat16), "bfloat16");
  EXPECT_STREQ(DTypeName(DType::kComplex128), "complex128");
}

}  // namespace
}  // namespace paddlemend
