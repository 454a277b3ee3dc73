#include "cc/kernels/as_strided.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <tuple>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

constexpr int64_t kMemory = 240;  // elements

/// A view of a memory, in elements.
struct Place {
  Sizes shape;
  Sizes stride;
  int64_t offset;

  /// The address of each element in order.
  std::vector<int64_t> Addresses() const {
    std::vector<int64_t> addresses{offset};
    for (size_t d = 0; d < shape.size(); ++d) {
      std::vector<int64_t> next;
      for (const int64_t address : addresses) {
        for (int64_t i = 0; i < shape[d]; ++i) next.push_back(address + i * stride[d]);
      }
      addresses = next;
    }
    return addresses;
  }
};

IntSpan Span(const Sizes& values) { return {values.data(), static_cast<int64_t>(values.size())}; }

const std::vector<Place>& AllViews() {
  static const auto* const views = new std::vector<Place>{
      {{240}, {1}, 0},
      {{3, 4}, {20, 2}, 5},
      {{12, 20}, {1, 12}, 0},
      {{29, 16}, {8, 1}, 0},
      {{2, 100}, {90, 1}, 7},
      {{10, 10, 3}, {5, 7, 1}, 2},
      {{10, 6, 3, 3}, {20, 2, 20, 2}, 1},
      {{5, 8}, {0, 3}, 4},
      {{8, 5}, {3, 0}, 4},
      {{7, 3}, {0, 0}, 239},
      {{6, 4, 9}, {2, 0, 1}, 11},
      {{1, 5, 1}, {1000000, 2, 99}, 0},
      {{}, {}, 17},
      {{3, 0}, {1, 1}, 0},
  };
  return *views;
}

const std::vector<Place>& AllSources() {
  static const auto* const sources = new std::vector<Place>{
      {{240}, {1}, 0},       {{12, 20}, {20, 1}, 0}, {{5, 20}, {20, 1}, 40}, {{12, 4}, {20, 1}, 6},
      {{60}, {4}, 1},        {{20, 12}, {1, 20}, 0}, {{240}, {-1}, 239},     {{2}, {200}, 3},
      {{6, 50}, {0, 1}, 30}, {{2}, {0}, 17},         {{20, 30}, {10, 1}, 0}, {{}, {}, 17},
      {{0, 3}, {3, 1}, 0},
  };
  return *sources;
}

TestTensor Copied(const TestTensor& memory, const Place& view, Strides strides) {
  TestTensor out(memory.dtype(), view.shape, strides);
  const int64_t offset = view.offset * ElementSize(memory.dtype());
  const Status status = AsStridedCopy(memory.view(), Span(view.shape), Span(view.stride), offset,
                                      out.mutable_view(), {});
  EXPECT_TRUE(status.ok()) << status.message;
  EXPECT_TRUE(out.GapsArePoison());
  return out;
}

Status Grad(const TestTensor& out_grad, const Place& view, const Place& x, TestTensor* x_grad,
            const Context& context = {}) {
  const int64_t element = ElementSize(out_grad.dtype());
  return AsStridedGrad(out_grad.view(), Span(view.stride), view.offset * element, Span(x.stride),
                       x.offset * element, x_grad->mutable_view(), context);
}

/// In double precision; exact, as the elements are small multiples of 1/8, but for the division.
TestTensor GradReference(const TestTensor& out_grad, const Place& view, const Place& x) {
  std::vector<TestTensor::Value> sums(kMemory);
  std::vector<int64_t> counts(kMemory);
  int64_t number = 0;
  for (const int64_t address : view.Addresses()) sums[address] += out_grad.Get(number++);
  for (const int64_t address : x.Addresses()) ++counts[address];
  TestTensor rounded(out_grad.dtype(), {kMemory});
  for (int64_t i = 0; i < kMemory; ++i) rounded.Set(i, sums[i]);
  TestTensor result(out_grad.dtype(), x.shape);
  number = 0;
  for (const int64_t address : x.Addresses()) {
    const double count = out_grad.dtype() == DType::kBool ? 1.0 : counts[address];
    result.Set(number++, rounded.Get(address) / count);
  }
  return result;
}

class EveryDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(AsStridedTest, EveryDType, testing::ValuesIn(kAllDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryDType, TheCopyHasTheElementsOfTheView) {
  std::mt19937 random(1);
  const TestTensor memory = TestTensor::Random(GetParam(), {kMemory}, &random);
  for (const Place& view : AllViews()) {
    TestTensor expected(GetParam(), view.shape);
    int64_t number = 0;
    for (const int64_t address : view.Addresses()) expected.Set(number++, memory.Get(address));
    for (const Strides strides : kAllStrides) {
      EXPECT_TRUE(Copied(memory, view, strides).Bits() == expected.Bits());
    }
  }
}

TEST_P(EveryDType, TheGradientIsAddedUpByAddress) {
  std::mt19937 random(2);
  for (const Place& view : AllViews()) {
    const TestTensor out_grad = TestTensor::Random(GetParam(), view.shape, &random);
    for (const Place& x : AllSources()) {
      TestTensor x_grad(GetParam(), x.shape);
      ASSERT_TRUE(Grad(out_grad, view, x, &x_grad).ok());
      const TestTensor expected = GradReference(out_grad, view, x);
      for (int64_t i = 0; i < expected.numel(); ++i) {
        ASSERT_LE(std::abs(x_grad.Get(i) - expected.Get(i)), 1e-6 * std::abs(expected.Get(i)))
            << ShapeString(out_grad.view()) << ShapeString(x_grad.view()) << " element " << i;
      }
    }
  }
}

TEST_P(EveryDType, GradientsOfAnyStrides) {
  std::mt19937 random(3);
  const Place view{{29, 16}, {8, 1}, 0};
  const Place x{{12, 20}, {20, 1}, 0};
  const TestTensor out_grad = TestTensor::Random(GetParam(), view.shape, &random);
  const std::string expected = GradReference(out_grad, view, x).Bits();
  for (const Strides from : kAllStrides) {
    for (const Strides to : kAllStrides) {
      TestTensor x_grad(GetParam(), x.shape, to);
      ASSERT_TRUE(Grad(out_grad.With(from), view, x, &x_grad).ok());
      EXPECT_TRUE(x_grad.Bits() == expected);
      EXPECT_TRUE(x_grad.GapsArePoison());
    }
  }
}

TEST(AsStridedTest, DescribesTheView) {
  const TestTensor memory(DType::kFloat32, {4, 3});
  const Sizes shape{2, 5}, stride{3, 1};
  TensorView out;
  ASSERT_TRUE(AsStrided(memory.view(), Span(shape), Span(stride), 16, &out).ok());
  EXPECT_EQ(out.data, static_cast<const char*>(memory.view().data) + 16);
  EXPECT_EQ(out.dtype, DType::kFloat32);
  EXPECT_EQ(ShapeString(out), "[2, 5]");
  EXPECT_EQ(ShapeString(out.strides.data(), out.ndim), "[3, 1]");
}

TEST(AsStridedTest, AnEmptyViewReachesNowhere) {
  const TestTensor memory(DType::kFloat32, {0});
  const Sizes shape{0, 5}, stride{int64_t{1} << 62, int64_t{1} << 62};
  TensorView out;
  EXPECT_TRUE(AsStrided(memory.view(), Span(shape), Span(stride), 4000, &out).ok());
  EXPECT_EQ(out.data, nullptr);
}

TEST(AsStridedTest, TheLastElementMayBeTheLastOfTheMemory) {
  const TestTensor memory = TestTensor::Of(DType::kInt32, {4}, {1, 2, 3, 4});
  EXPECT_EQ(Copied(memory, {{2, 2}, {2, 1}, 0}, Strides::kRowMajor).Get(3), 4.0);
}

/// The message for a view of 10 elements of float32.
std::string Rejected(const Sizes& shape, const Sizes& stride, int64_t offset) {
  const TestTensor memory(DType::kFloat32, {10});
  TensorView out;
  const Status status = AsStrided(memory.view(), Span(shape), Span(stride), offset, &out);
  EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
  return status.message;
}

TEST(AsStridedErrorTest, ShapeAndStrideHaveOneLength) {
  EXPECT_EQ(Rejected({2}, {1, 1}, 0),
            "stride has 2 entries, expected 1, one for each of shape [2]");
}

TEST(AsStridedErrorTest, NothingIsNegative) {
  EXPECT_EQ(Rejected({1, -2}, {1, 1}, 0), "shape[1] is -2, expected shape >= 0");
  EXPECT_EQ(Rejected({1, 2}, {1, -1}, 0), "stride[1] is -1, expected stride >= 0");
  EXPECT_EQ(Rejected({1}, {1}, -4),
            "offset is -4 bytes, expected a multiple >= 0 of 4, the size of an element of float32");
}

TEST(AsStridedErrorTest, TheOffsetIsThatOfAnElement) {
  EXPECT_EQ(Rejected({1}, {1}, 6),
            "offset is 6 bytes, expected a multiple >= 0 of 4, the size of an element of float32");
}

TEST(AsStridedErrorTest, TheViewStaysInTheMemory) {
  EXPECT_EQ(Rejected({4, 3}, {3, 1}, 0),
            "the view of shape [4, 3], stride [3, 1] and offset 0 ends at byte 48, but its memory "
            "has 40 bytes");
  EXPECT_EQ(Rejected({}, {}, 40),
            "the view of shape [], stride [] and offset 40 ends at byte 44, but its memory has 40 "
            "bytes");
}

TEST(AsStridedErrorTest, NothingOverflows) {
  const int64_t max = std::numeric_limits<int64_t>::max();
  for (const auto& [shape, stride, offset] : std::vector<std::tuple<Sizes, Sizes, int64_t>>{
           {{2}, {int64_t{1} << 62}, 0},
           {{5}, {int64_t{1} << 62}, 0},
           {{int64_t{1} << 40}, {int64_t{1} << 40}, 0},
           {{2, 2, 2}, {int64_t{1} << 60, int64_t{1} << 60, int64_t{1} << 60}, 0},
           {{2}, {max}, 0},
           {{1}, {1}, max - 3},
           {{2}, {1}, max - 7}}) {
    EXPECT_NE(Rejected(shape, stride, offset).find("spans more than 2^63 - 1 bytes"),
              std::string::npos);
  }
  EXPECT_EQ(Rejected({max}, {0}, 0), "shape is [9223372036854775807], more than 2^63 - 1 bytes");
}

TEST(AsStridedErrorTest, TheMemoryIsRowMajor) {
  const TestTensor memory(DType::kFloat32, {10}, Strides::kGaps);
  TensorView out;
  const Sizes one{1};
  EXPECT_EQ(AsStrided(memory.view(), Span(one), Span(one), 0, &out).message,
            "memory has strides [3] for its shape [10], expected a row-major tensor without gaps");
}

TEST(AsStridedErrorTest, TheShapeOfOutIsThatOfTheView) {
  const TestTensor memory(DType::kFloat32, {10});
  TestTensor out(DType::kFloat32, {3});
  const Sizes shape{2}, stride{1};
  EXPECT_EQ(
      AsStridedCopy(memory.view(), Span(shape), Span(stride), 0, out.mutable_view(), {}).message,
      "the shape of out is [3], expected [2]");
}

TEST(AsStridedGradTest, HalfPrecisionIsRoundedOnce) {
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    TestTensor out_grad(dtype, {2, 6, 6});
    for (int64_t i = 0; i < out_grad.numel(); ++i) out_grad.Set(i, i % 36 < 6 ? 2048.0 : 1.0);
    TestTensor x_grad(dtype, {11});
    ASSERT_TRUE(Grad(out_grad, {{2, 6, 6}, {0, 1, 1}, 0}, {{11}, {1}, 0}, &x_grad).ok());
    const TestTensor expected =
        TestTensor::Of(dtype, {11}, {4096, 4098, 4100, 4102, 4104, 4106, 10, 8, 6, 4, 2});
    EXPECT_EQ(x_grad.Bits(), expected.Bits());
  }
}

TEST(AsStridedGradTest, ElementsAtOneAddressShareTheSum) {
  const TestTensor out_grad = TestTensor::Of(DType::kFloat32, {2}, {1, 5});
  TestTensor x_grad(DType::kFloat32, {4});
  ASSERT_TRUE(Grad(out_grad, {{2}, {0}, 0}, {{4}, {0}, 0}, &x_grad).ok());
  EXPECT_EQ(x_grad.Bits(), TestTensor::Of(DType::kFloat32, {4}, {1.5, 1.5, 1.5, 1.5}).Bits());
}

TEST(AsStridedGradTest, FarAwayElementsCostNothing) {
  const int64_t far = int64_t{1} << 60;
  const TestTensor out_grad = TestTensor::Of(DType::kFloat32, {2, 2}, {1, 2, 3, 4});
  TestTensor x_grad(DType::kFloat32, {2});
  ASSERT_TRUE(Grad(out_grad, {{2, 2}, {far, 0}, 0}, {{2}, {far}, 0}, &x_grad).ok());
  EXPECT_EQ(x_grad.Bits(), TestTensor::Of(DType::kFloat32, {2}, {3, 7}).Bits());
  ASSERT_TRUE(Grad(out_grad, {{2, 2}, {far, 0}, 0}, {{2}, {1}, far}, &x_grad).ok());
  EXPECT_EQ(x_grad.Bits(), TestTensor::Of(DType::kFloat32, {2}, {7, 0}).Bits());
}

TEST(AsStridedGradTest, AddressesAtTheEndOfTheRange) {
  const int64_t max = std::numeric_limits<int64_t>::max();
  const TestTensor out_grad = TestTensor::Of(DType::kInt8, {2, 2}, {1, 2, 3, 4});
  TestTensor x_grad(DType::kInt8, {3});
  const Place view{{2, 2}, {max - 2, 1}, 0};
  ASSERT_TRUE(Grad(out_grad, view, {{3}, {1}, max - 3}, &x_grad).ok());
  EXPECT_EQ(x_grad.Bits(), TestTensor::Of(DType::kInt8, {3}, {0, 3, 4}).Bits());
  ASSERT_TRUE(Grad(out_grad, view, {{3}, {1}, 0}, &x_grad).ok());
  EXPECT_EQ(x_grad.Bits(), TestTensor::Of(DType::kInt8, {3}, {1, 2, 0}).Bits());
}

TEST(AsStridedGradTest, LargeViewsGiveEqualBitsForAnyNumberOfThreads) {
  std::mt19937 random(4);
  std::normal_distribution<double> normal;
  for (const Place& view : {Place{{900, 250}, {100, 1}, 3}, Place{{30000, 5}, {3, 1}, 0},
                            Place{{250, 300}, {2, 300}, 0}, Place{{45000, 2}, {1, 44990}, 5},
                            Place{{800, 200}, {130, 1}, 0}}) {
    for (const DType dtype : {DType::kFloat32, DType::kFloat16, DType::kComplex64}) {
      TestTensor out_grad(dtype, view.shape);
      std::vector<TestTensor::Value> sums(200000);
      std::vector<double> sizes(200000);
      const auto addresses = view.Addresses();
      for (int64_t i = 0; i < out_grad.numel(); ++i) {
        out_grad.Set(i, normal(random));
        sums[addresses[i]] += out_grad.Get(i);
        sizes[addresses[i]] += std::abs(out_grad.Get(i));
      }
      const Place x{{90250}, {1}, 0};
      std::optional<std::string> one;
      for (const int threads : {1, 2, 3, 4}) {
        TestTensor x_grad(dtype, x.shape);
        ASSERT_TRUE(Grad(out_grad, view, x, &x_grad, Context{threads}).ok());
        if (!one) one = x_grad.Bits();
        EXPECT_TRUE(x_grad.Bits() == *one);
        const double rounding = dtype == DType::kFloat16 ? 1e-3 : 1e-6;
        for (int64_t i = 0; i < x_grad.numel(); ++i) {
          ASSERT_LE(std::abs(x_grad.Get(i) - sums[i]), rounding * sizes[i]);
        }
      }
    }
  }
}

TEST(AsStridedGradTest, ArgumentsAreChecked) {
  const TestTensor out_grad(DType::kFloat32, {3, 2});
  TestTensor x_grad(DType::kFloat32, {5});
  const auto message = [&](const Place& view, const Place& x) {
    return Grad(out_grad, view, x, &x_grad).message;
  };
  EXPECT_EQ(message({{}, {1}, 0}, {{}, {1}, 0}),
            "stride has 1 entries, expected 2, one for each of the shape of out_grad [3, 2]");
  EXPECT_EQ(message({{}, {1, 1}, 0}, {{}, {}, 0}),
            "x_stride has 0 entries, expected 1, one for each of the shape of x_grad [5]");
  EXPECT_EQ(message({{}, {-1, 1}, 0}, {{}, {1}, 0}), "stride[0] is -1, expected stride >= 0");
  EXPECT_EQ(message({{}, {1, 1}, 0}, {{}, {-1}, 3}),
            "x of shape [5], x_stride [-1] and x_offset 12 starts at byte -4, before the "
            "allocation");
  EXPECT_EQ(message({{}, {int64_t{1} << 62, 1}, 0}, {{}, {1}, 0}),
            "the view of shape [3, 2], strides [4611686018427387904, 1] and offset 0 spans more "
            "than 2^63 - 1 bytes");
}

}  // namespace
}  // namespace paddlemend
