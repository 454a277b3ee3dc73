#include "cc/kernels/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace paddlemend {
namespace {

constexpr uint32_t kPatterns = 1 << 16;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What the tests need to know about a 16-bit format.
template <typename Half>
struct Format;

template <>
struct Format<Float16> {
  static constexpr uint16_t kInfinityBits = 0x7c00;
  static constexpr double kOverflow = 65520.0;  // half a step above the largest, 65504
  static Float16 Round(float value) { return ToFloat16(value); }
  static Float16 Round(double value) { return ToFloat16(value); }
};

template <>
struct Format<BFloat16> {
  static constexpr uint16_t kInfinityBits = 0x7f80;
  static constexpr double kOverflow = 0x1.ffp127;
  static BFloat16 Round(float value) { return ToBFloat16(value); }
  static BFloat16 Round(double value) { return ToBFloat16(value); }
};

template <typename Half>
class HalfTest : public testing::Test {};

using Formats = testing::Types<Float16, BFloat16>;
TYPED_TEST_SUITE(HalfTest, Formats);

TYPED_TEST(HalfTest, EveryPatternSurvivesTheWayToFloatAndBack) {
  for (uint32_t bits = 0; bits < kPatterns; ++bits) {
    const float value = ToFloat(TypeParam{static_cast<uint16_t>(bits)});
    ASSERT_EQ(Format<TypeParam>::Round(value).bits, bits);
  }
}

TYPED_TEST(HalfTest, EveryNumberSurvivesTheWayToDoubleAndBack) {
  for (uint32_t bits = 0; bits < kPatterns; ++bits) {
    const double value = ToFloat(TypeParam{static_cast<uint16_t>(bits)});
    if (std::isnan(value)) continue;
    ASSERT_EQ(Format<TypeParam>::Round(value).bits, bits);
  }
}

TYPED_TEST(HalfTest, LargerPatternsAreLargerNumbers) {
  for (uint16_t bits = 0; bits < Format<TypeParam>::kInfinityBits; ++bits) {
    const uint16_t next = bits + 1;
    ASSERT_LT(ToFloat(TypeParam{bits}), ToFloat(TypeParam{next}));
  }
}

TYPED_TEST(HalfTest, TheMiddleBetweenNeighboursRoundsToEven) {
  for (uint16_t bits = 0; bits + 1 < Format<TypeParam>::kInfinityBits; ++bits) {
    const uint16_t next = bits + 1;
    const double middle = (double{ToFloat(TypeParam{bits})} + ToFloat(TypeParam{next})) / 2;
    const uint16_t even = bits % 2 == 0 ? bits : next;
    ASSERT_EQ(Format<TypeParam>::Round(middle).bits, even);
    ASSERT_EQ(Format<TypeParam>::Round(static_cast<float>(middle)).bits, even);
    ASSERT_EQ(Format<TypeParam>::Round(-middle).bits, even | 0x8000);
  }
}

TYPED_TEST(HalfTest, NumbersBesideTheMiddleRoundToTheNearer) {
  for (uint16_t bits = 0; bits + 1 < Format<TypeParam>::kInfinityBits; ++bits) {
    const uint16_t next = bits + 1;
    const double exact = (double{ToFloat(TypeParam{bits})} + ToFloat(TypeParam{next})) / 2;
    const float middle = static_cast<float>(exact);
    ASSERT_EQ(Format<TypeParam>::Round(std::nextafter(middle, 0.0f)).bits, bits);
    ASSERT_EQ(Format<TypeParam>::Round(std::nextafter(middle, INFINITY)).bits, next);
  }
}

// A double this close to the middle becomes the middle as a float: rounding twice would go wrong.
TYPED_TEST(HalfTest, DoublesAreRoundedOnce) {
  for (uint16_t bits = 0; bits + 1 < Format<TypeParam>::kInfinityBits; ++bits) {
    const uint16_t next = bits + 1;
    const double middle = (double{ToFloat(TypeParam{bits})} + ToFloat(TypeParam{next})) / 2;
    ASSERT_EQ(Format<TypeParam>::Round(std::nextafter(middle, 0.0)).bits, bits);
    ASSERT_EQ(Format<TypeParam>::Round(std::nextafter(middle, kInfinity)).bits, next);
  }
}

TYPED_TEST(HalfTest, NumbersHalfAStepAboveTheLargestOverflow) {
  using F = Format<TypeParam>;
  EXPECT_EQ(F::Round(F::kOverflow).bits, F::kInfinityBits);
  EXPECT_EQ(F::Round(std::nextafter(F::kOverflow, 0.0)).bits, F::kInfinityBits - 1);
  EXPECT_EQ(F::Round(-std::numeric_limits<float>::max()).bits, F::kInfinityBits | 0x8000);
  EXPECT_EQ(F::Round(std::numeric_limits<double>::max()).bits, F::kInfinityBits);
  EXPECT_EQ(F::Round(kInfinity).bits, F::kInfinityBits);
}

TYPED_TEST(HalfTest, ZeroKeepsItsSign) {
  EXPECT_EQ(Format<TypeParam>::Round(0.0f).bits, 0);
  EXPECT_EQ(Format<TypeParam>::Round(-0.0f).bits, 0x8000);
  EXPECT_EQ(Format<TypeParam>::Round(-0.0).bits, 0x8000);
}

TYPED_TEST(HalfTest, NumbersTooSmallBecomeZeroOfTheirSign) {
  EXPECT_EQ(Format<TypeParam>::Round(std::numeric_limits<float>::denorm_min()).bits, 0);
  EXPECT_EQ(Format<TypeParam>::Round(-std::numeric_limits<double>::denorm_min()).bits, 0x8000);
}

TYPED_TEST(HalfTest, NanStaysNan) {
  // Payload bits in the half that is dropped must not leave an infinity.
  for (const uint32_t bits : {0x7f800001u, 0x7fc00000u, 0x7fffffffu, 0xff800001u}) {
    const float nan = BitCast<float>(bits);
    EXPECT_TRUE(std::isnan(ToFloat(Format<TypeParam>::Round(nan)))) << bits;
  }
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(ToFloat(Format<TypeParam>::Round(nan))));
}

TEST(Float16Test, KnownValues) {
  EXPECT_EQ(ToFloat16(1.0f).bits, 0x3c00);
  EXPECT_EQ(ToFloat16(-2.0f).bits, 0xc000);
  EXPECT_EQ(ToFloat16(65504.0f).bits, 0x7bff);
  EXPECT_EQ(ToFloat16(0x1p-14f).bits, 0x0400);  // the smallest normal number
  EXPECT_EQ(ToFloat16(0x1p-24f).bits, 0x0001);  // the smallest of all
  EXPECT_EQ(ToFloat16(0x1p-25f).bits, 0x0000);  // a tie
  EXPECT_EQ(ToFloat16(0.1f).bits, 0x2e66);
}

TEST(BFloat16Test, KnownValues) {
  EXPECT_EQ(ToBFloat16(1.0f).bits, 0x3f80);
  EXPECT_EQ(ToBFloat16(-2.0f).bits, 0xc000);
  EXPECT_EQ(ToBFloat16(0x1p-133f).bits, 0x0001);  // the smallest of all
  EXPECT_EQ(ToBFloat16(0.1f).bits, 0x3dcd);
}

}  // namespace
}  // namespace paddlemend
