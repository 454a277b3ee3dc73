#include "cc/kernels/strided_copy.h"

#include <gtest/gtest.h>

#include "cc/kernels/bulk_copy.h"
#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

/// An element of any size, with comparable contents.
template <int kBytes>
struct Element {
  unsigned char bytes[kBytes];
  bool operator==(const Element& other) const {
    return std::memcmp(bytes, other.bytes, kBytes) == 0;
  }
};

template <int kBytes>
constexpr DType DTypeOfSize() {
  return kBytes == 1   ? DType::kUInt8
         : kBytes == 2 ? DType::kInt16
         : kBytes == 4 ? DType::kFloat32
         : kBytes == 8 ? DType::kInt64
                       : DType::kComplex128;
}

template <typename Size>
class StridedCopyTest : public testing::Test {
 protected:
  static constexpr int kBytes = Size::value;
  using T = Element<kBytes>;

  TestTensor<T> MakeSource(std::vector<int64_t> shape, std::vector<int64_t> steps) {
    TestTensor<T> tensor(DTypeOfSize<kBytes>(), shape, steps);
    tensor.Generate([this] {
      T element;
      for (unsigned char& byte : element.bytes) byte = static_cast<unsigned char>(Next());
      return element;
    });
    return tensor;
  }

  int64_t Next() { return random_.Integer(0, 255); }

  /// Copies and compares with element by element indexing.
  void Check(const TensorView& src, const TestTensor<T>& dst) {
    StridedCopy(src, dst.mutable_view(), Context{static_cast<int>(random_.Integer(1, 4))});
    const T* const data = static_cast<const T*>(src.data);
    ForEachIndex(dst.shape(), [&](const std::vector<int64_t>& index) {
      int64_t offset = 0;
      for (size_t d = 0; d < index.size(); ++d) offset += index[d] * src.strides[d];
      ASSERT_TRUE(dst.at(index) == data[offset]) << "seed " << random_.seed();
    });
  }

  Random random_;
};

using ElementSizes = testing::Types<std::integral_constant<int, 1>, std::integral_constant<int, 2>,
                                    std::integral_constant<int, 4>, std::integral_constant<int, 8>,
                                    std::integral_constant<int, 16>>;
TYPED_TEST_SUITE(StridedCopyTest, ElementSizes);

/// `view` with its dimensions in another order.
TensorView Permute(const TensorView& view, const std::vector<int>& order) {
  TensorView permuted = view;
  for (size_t d = 0; d < order.size(); ++d) {
    permuted.shape[d] = view.shape[order[d]];
    permuted.strides[d] = view.strides[order[d]];
  }
  return permuted;
}

using Sizes = std::vector<int64_t>;

TYPED_TEST(StridedCopyTest, ScalarAndEmptyTensors) {
  const auto scalar = this->MakeSource({}, {});
  this->Check(scalar.view(), TestTensor<typename TestFixture::T>(scalar.view().dtype, {}));
  const auto empty = this->MakeSource({3, 0, 2}, {});
  StridedCopy(empty.view(), empty.mutable_view(), Context());
}

TYPED_TEST(StridedCopyTest, StepsAndReversedDimensionsOnEitherSide) {
  using Tensor = TestTensor<typename TestFixture::T>;
  for (const Sizes& steps : {Sizes{1, 1, 1}, Sizes{2, 1, 1}, Sizes{1, 1, 3}, Sizes{-1, 1, -2}}) {
    const auto src = this->MakeSource({5, 7, 33}, steps);
    this->Check(src.view(), Tensor(src.view().dtype, {5, 7, 33}));
    this->Check(src.view(), Tensor(src.view().dtype, {5, 7, 33}, {-1, 2, 1}));
    this->Check(src.view(), Tensor(src.view().dtype, {5, 7, 33}, {1, 1, -2}));
  }
}

TYPED_TEST(StridedCopyTest, TransposesOfFullAndPartialTiles) {
  using Tensor = TestTensor<typename TestFixture::T>;
  for (const int64_t rows : {4, 16, 61, 128}) {
    for (const int64_t columns : {5, 64, 67}) {
      const auto src = this->MakeSource({2, rows, columns}, {});
      const TensorView transposed = Permute(src.view(), {0, 2, 1});
      this->Check(transposed, Tensor(src.view().dtype, {2, columns, rows}));
      const TensorView reversed = Permute(src.view(), {2, 1, 0});
      this->Check(reversed, Tensor(src.view().dtype, {columns, rows, 2}));
    }
  }
}

TYPED_TEST(StridedCopyTest, BroadcastsAlongEverySetOfDimensions) {
  using Tensor = TestTensor<typename TestFixture::T>;
  const Sizes shape = {3, 17, 5, 70};
  for (int mask = 0; mask < 16; ++mask) {
    const auto src = this->MakeSource(shape, {});
    TensorView broadcast = src.view();
    for (int d = 0; d < 4; ++d) {
      if ((mask >> d & 1) != 0) broadcast.strides[d] = 0;
    }
    this->Check(broadcast, Tensor(src.view().dtype, shape));
  }
}

TYPED_TEST(StridedCopyTest, LargeCopiesAreSplitAmongThreadsAndStreamed) {
  using Tensor = TestTensor<typename TestFixture::T>;
  const int64_t numel = kStreamingBytes / TestFixture::kBytes + 12345;
  for (const int64_t run : {int64_t{1}, int64_t{3}, numel / 2}) {
    const Sizes shape = {numel / run, run};
    auto src = this->MakeSource({1, run}, {});
    TensorView broadcast = src.view();
    broadcast.shape[0] = shape[0];
    broadcast.strides[0] = 0;
    const Tensor dst(broadcast.dtype, shape);
    StridedCopy(broadcast, dst.mutable_view(), Context{2});
    for (int64_t i = 0; i < shape[0] * run; i += 1 + this->random_.Integer(0, 999)) {
      ASSERT_TRUE(dst.at({i / run, i % run}) == src.at({0, i % run}));
    }
    ASSERT_TRUE(dst.at({shape[0] - 1, run - 1}) == src.at({0, run - 1}));
  }
}

TEST(BulkCopyTest, WritesExactlyTheGivenRangeForAnyAlignment) {
  Random random;
  for (int64_t bytes = 0; bytes < 5000; bytes += 1 + bytes / 7) {
    for (int64_t offset = 0; offset < 64; offset += 5) {
      for (const bool streaming : {false, true}) {
        std::vector<char> src(bytes + 64), dst(bytes + 192, kPoison);
        for (char& byte : src) byte = static_cast<char>(random.Integer(0, 255));
        BulkCopy(dst.data() + 64 + offset, src.data() + 3, bytes, streaming);
        std::vector<char> expected(bytes + 192, kPoison);
        std::copy_n(src.begin() + 3, bytes, expected.begin() + 64 + offset);
        ASSERT_EQ(dst, expected);
      }
    }
  }
}

TEST(BulkFillTest, RepeatsThePatternFromTheStartForAnyAlignment) {
  const char pattern[] = "0123456789abcdef";
  for (int64_t bytes = 0; bytes < 1000; bytes += 1 + bytes / 9) {
    for (int64_t offset = 0; offset < 64; ++offset) {
      for (const bool streaming : {false, true}) {
        std::vector<char> dst(bytes + 192, kPoison), expected(bytes + 192, kPoison);
        BulkFill(dst.data() + 64 + offset, pattern, bytes, streaming);
        for (int64_t i = 0; i < bytes; ++i) expected[64 + offset + i] = pattern[i % 16];
        ASSERT_EQ(dst, expected);
      }
    }
  }
}

}  // namespace
}  // namespace paddlemend
