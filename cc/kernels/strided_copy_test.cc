#include "cc/kernels/strided_copy.h"

#include <gtest/gtest.h>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

/// The bits of a copy of `source` in a row-major tensor of its shape.
std::string CopiedBits(const TensorView& source, const Context& context = {}) {
  TestTensor target(source.dtype, Sizes(source.shape.begin(), source.shape.begin() + source.ndim));
  StridedCopy(source, target.mutable_view(), context);
  return target.Bits();
}

/// `view` with its dimensions in another order.
TensorView Permuted(const TensorView& view, const std::vector<int>& order) {
  TensorView permuted = view;
  for (int d = 0; d < view.ndim; ++d) {
    permuted.shape[d] = view.shape[order[d]];
    permuted.strides[d] = view.strides[order[d]];
  }
  return permuted;
}

/// The bits of a view's elements in row-major order, collected one by one.
std::string ElementwiseBits(const TensorView& view) {
  std::string bits;
  for (int64_t i = 0; i < Numel(view); ++i) {
    int64_t offset = 0;
    for (int64_t d = view.ndim - 1, rest = i; d >= 0; rest /= view.shape[d--]) {
      offset += rest % view.shape[d] * view.strides[d];
    }
    const int64_t size = ElementSize(view.dtype);
    bits.append(static_cast<const char*>(view.data) + offset * size, size);
  }
  return bits;
}

class EveryDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(StridedCopyTest, EveryDType, testing::ValuesIn(kAllDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryDType, AnyStridesOnBothSides) {
  std::mt19937 random(1);
  for (const Sizes& shape : {Sizes{}, {7}, {3, 5}, {33, 1, 21}, {2, 3, 17, 19}}) {
    const TestTensor values = TestTensor::Random(GetParam(), shape, &random);
    for (const Strides from : kAllStrides) {
      for (const Strides to : kAllStrides) {
        TestTensor target(GetParam(), shape, to);
        StridedCopy(values.With(from).view(), target.mutable_view(), {});
        EXPECT_TRUE(target.Bits() == values.Bits());
        EXPECT_TRUE(target.GapsArePoison());
      }
    }
  }
}

TEST_P(EveryDType, StridesOfZeroRepeatElements) {
  std::mt19937 random(2);
  for (const int repeated : {0, 1, 2}) {
    for (const int64_t size : {2, 9, 300}) {
      const TestTensor values = TestTensor::Random(GetParam(), {5, 3, 11}, &random);
      TensorView source = values.view();
      source.shape[repeated] = size;
      source.strides[repeated] = 0;
      EXPECT_TRUE(CopiedBits(source) == ElementwiseBits(source));
    }
  }
}

TEST_P(EveryDType, DimensionsInAnyOrder) {
  std::mt19937 random(3);
  std::vector<int> order{0, 1, 2, 3};
  do {
    const TestTensor values = TestTensor::Random(GetParam(), {3, 17, 4, 9}, &random);
    const TensorView source = Permuted(values.view(), order);
    EXPECT_TRUE(CopiedBits(source) == ElementwiseBits(source));
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(StridedCopyTest, RandomViews) {
  std::mt19937 random(4);
  for (int trial = 0; trial < 300; ++trial) {
    const DType dtype = kAllDTypes[random() % std::size(kAllDTypes)];
    Sizes shape(random() % 6);
    for (int64_t& size : shape) size = 1 + random() % 8;
    const TestTensor values =
        TestTensor::Random(dtype, shape, &random, kAllStrides[random() % std::size(kAllStrides)]);
    std::vector<int> order(shape.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    TensorView source = Permuted(values.view(), order);
    for (int d = 0; d < source.ndim; ++d) {
      if (random() % 4 == 0) source.strides[d] = 0;
    }
    EXPECT_TRUE(CopiedBits(source) == ElementwiseBits(source)) << ShapeString(source);
  }
}

TEST(StridedCopyTest, NothingIsCopiedFromAnEmptyTensor) {
  for (const Sizes& shape : {Sizes{0}, {3, 0}, {0, 3}, {2, 0, 5}}) {
    EXPECT_EQ(CopiedBits(TestTensor(DType::kFloat32, shape).view()), "");
  }
}

TEST(StridedCopyTest, TheMostDimensions) {
  std::mt19937 random(5);
  const Sizes shape(kMaxNdim, 2);
  const TestTensor values = TestTensor::Random(DType::kInt16, shape, &random);
  for (const Strides strides : kAllStrides) {
    EXPECT_TRUE(CopiedBits(values.With(strides).view()) == values.Bits());
  }
}

TEST(StridedCopyTest, NanAndNegativeZeroKeepTheirBits) {
  const uint32_t bits[] = {0x7f800001u, 0xffc12345u, 0x80000000u, 0x00000001u};
  const TensorView source{{DType::kFloat32, 2, {2, 2}, {1, 2}}, bits};
  EXPECT_TRUE(CopiedBits(source) == ElementwiseBits(source));
}

// Several megabytes: shared out among threads, and past the caches.
class LargeCopy : public testing::TestWithParam<int> {};

INSTANTIATE_TEST_SUITE_P(StridedCopyTest, LargeCopy, testing::Range(1, 5),
                         [](const auto& info) { return "Threads" + std::to_string(info.param); });

std::vector<uint8_t> RandomBytes(int64_t size) {
  std::mt19937 random(6);
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

TEST_P(LargeCopy, Contiguous) {
  const std::vector<uint8_t> bytes = RandomBytes(9000001);
  const TensorView source{{DType::kUInt8, 1, {9000001}, {1}}, bytes.data()};
  EXPECT_TRUE(CopiedBits(source, Context{GetParam()}) == std::string(bytes.begin(), bytes.end()));
}

TEST_P(LargeCopy, Transposed) {
  const std::vector<uint8_t> bytes = RandomBytes(4 * 1003 * 1005);
  const TensorView source{{DType::kInt32, 2, {1003, 1005}, {1, 1003}}, bytes.data()};
  EXPECT_TRUE(CopiedBits(source, Context{GetParam()}) == ElementwiseBits(source));
}

TEST_P(LargeCopy, OneElementToManyPlaces) {
  const std::vector<uint8_t> bytes = RandomBytes(8);
  const TensorView source{{DType::kFloat64, 1, {600011}, {0}}, bytes.data()};
  EXPECT_TRUE(CopiedBits(source, Context{GetParam()}) == ElementwiseBits(source));
}

TEST_P(LargeCopy, AShortRunToManyPlaces) {
  const std::vector<uint8_t> bytes = RandomBytes(3 * 2);
  const TensorView source{{DType::kFloat16, 2, {700001, 3}, {0, 1}}, bytes.data()};
  EXPECT_TRUE(CopiedBits(source, Context{GetParam()}) == ElementwiseBits(source));
}

TEST_P(LargeCopy, RowsOfOneElementEach) {
  const std::vector<uint8_t> bytes = RandomBytes(4 * 2048);
  const TensorView source{{DType::kFloat32, 2, {2048, 515}, {1, 0}}, bytes.data()};
  EXPECT_TRUE(CopiedBits(source, Context{GetParam()}) == ElementwiseBits(source));
}

}  // namespace
}  // namespace paddlemend
