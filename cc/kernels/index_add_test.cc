#include "cc/kernels/index_add.h"

#include <gtest/gtest.h>

#include <limits>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

Sizes WithSize(Sizes shape, int axis, int64_t size) {
  shape[axis] = size;
  return shape;
}

/// For each element of a value of shape `value`: the element of x that it is added to.
std::vector<int64_t> Destinations(const Sizes& value, const Sizes& x, int axis,
                                  const TestTensor& index) {
  std::vector<int64_t> destinations;
  int64_t inner = 1;
  for (size_t d = axis + 1; d < x.size(); ++d) inner *= x[d];
  const int64_t count = value[axis];
  const int64_t elements = TestTensor(DType::kBool, value).numel();
  for (int64_t i = 0; i < elements; ++i) {
    const int64_t entry = static_cast<int64_t>(index.Get(i / inner % count).real());
    const int64_t row = entry < 0 ? entry + x[axis] : entry;
    destinations.push_back((i / inner / count * x[axis] + row) * inner + i % inner);
  }
  return destinations;
}

/// The sums in float64: exact, as the elements are small multiples of 1/8.
TestTensor Reference(const TestTensor& x, const TestTensor& index, int axis,
                     const TestTensor& value) {
  std::vector<TestTensor::Value> sums;
  for (int64_t i = 0; i < x.numel(); ++i) sums.push_back(x.Get(i));
  const auto destinations = Destinations(value.shape(), x.shape(), axis, index);
  for (int64_t i = 0; i < value.numel(); ++i) sums[destinations[i]] += value.Get(i);
  TestTensor out(x.dtype(), x.shape());
  for (int64_t i = 0; i < out.numel(); ++i) out.Set(i, sums[i]);
  return out;
}

TestTensor Added(const TestTensor& x, const TestTensor& index, int axis, const TestTensor& value,
                 const Context& context = {}) {
  TestTensor out(x.dtype(), x.shape());
  const Status status =
      IndexAdd(x.view(), index.view(), axis, value.view(), out.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return out;
}

class EveryDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(IndexAddTest, EveryDType, testing::ValuesIn(kAllDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryDType, AddsSlicesAlongAnyAxis) {
  std::mt19937 random(1);
  for (const Sizes& shape : {Sizes{7}, {5, 3}, {3, 5, 7}, {13, 700}, {2, 600, 9}, {9, 40, 33}}) {
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
      for (const int64_t count : {1, 4, 30}) {
        const Sizes value_shape = WithSize(shape, axis, count);
        const TestTensor x = TestTensor::Random(GetParam(), shape, &random);
        const TestTensor value = TestTensor::Random(GetParam(), value_shape, &random);
        const TestTensor index = RandomIndex({count}, shape[axis], &random);
        EXPECT_TRUE(Added(x, index, axis, value).Bits() == Reference(x, index, axis, value).Bits())
            << ShapeString(x.view()) << " axis " << axis << " count " << count;
      }
    }
  }
}

TEST_P(EveryDType, AnyStrides) {
  std::mt19937 random(2);
  const TestTensor x = TestTensor::Random(GetParam(), {3, 5, 7}, &random);
  const TestTensor value = TestTensor::Random(GetParam(), {3, 4, 7}, &random);
  const TestTensor index = RandomIndex({4}, 5, &random);
  const std::string expected = Reference(x, index, 1, value).Bits();
  for (const Strides from : kAllStrides) {
    for (const Strides to : kAllStrides) {
      TestTensor out(GetParam(), {3, 5, 7}, to);
      ASSERT_TRUE(IndexAdd(x.With(from).view(), index.With(from).view(), 1, value.With(to).view(),
                           out.mutable_view(), {})
                      .ok());
      EXPECT_TRUE(out.Bits() == expected);
      EXPECT_TRUE(out.GapsArePoison());
    }
  }
}

TEST_P(EveryDType, OutMayBeX) {
  std::mt19937 random(3);
  for (const Strides strides : kAllStrides) {
    for (const Sizes& shape : {Sizes{3, 5, 7}, {3, 500, 11}, {60, 40, 3}}) {
      TestTensor x = TestTensor::Random(GetParam(), shape, &random, strides);
      const TestTensor value = TestTensor::Random(GetParam(), WithSize(shape, 1, 9), &random);
      const TestTensor index = RandomIndex({9}, shape[1], &random);
      const std::string expected = Reference(x, index, 1, value).Bits();
      ASSERT_TRUE(IndexAdd(x.view(), index.view(), 1, value.view(), x.mutable_view(), {}).ok());
      EXPECT_TRUE(x.Bits() == expected);
    }
  }
}

TEST_P(EveryDType, TheGradientsAreACopyAndAGather) {
  std::mt19937 random(4);
  const TestTensor index = RandomIndex({6}, 5, &random);
  for (const Strides strides : kAllStrides) {
    const TestTensor out_grad = TestTensor::Random(GetParam(), {3, 5, 7}, &random, strides);
    TestTensor x_grad(GetParam(), {3, 5, 7}, strides);
    TestTensor value_grad(GetParam(), {3, 6, 7}, strides);
    const MutableTensorView x_view = x_grad.mutable_view();
    const MutableTensorView value_view = value_grad.mutable_view();
    ASSERT_TRUE(IndexAddGrad(out_grad.view(), index.view(), 1, &x_view, &value_view, {}).ok());
    EXPECT_TRUE(x_grad.Bits() == out_grad.Bits());
    const auto sources = Destinations({3, 6, 7}, {3, 5, 7}, 1, index);
    for (int64_t i = 0; i < value_grad.numel(); ++i) {
      ASSERT_EQ(value_grad.Get(i), out_grad.Get(sources[i]));
    }
  }
}

TEST(IndexAddTest, NegativeIndicesCountFromTheEnd) {
  const TestTensor x = TestTensor::Of(DType::kInt32, {3}, {10, 20, 30});
  const TestTensor value = TestTensor::Of(DType::kInt32, {2}, {1, 2});
  EXPECT_EQ(Added(x, Index({-1, -3}), 0, value).Bits(),
            TestTensor::Of(DType::kInt32, {3}, {12, 20, 31}).Bits());
}

TEST(IndexAddTest, EveryOccurrenceOfAnIndexIsAdded) {
  const TestTensor x = TestTensor::Of(DType::kInt32, {2}, {0, 0});
  const TestTensor value = TestTensor::Of(DType::kInt32, {4}, {1, 2, 4, 8});
  EXPECT_EQ(Added(x, Index({1, 1, -1, 0}), 0, value).Bits(),
            TestTensor::Of(DType::kInt32, {2}, {8, 7}).Bits());
}

TEST(IndexAddTest, NegativeAxesCountFromTheEnd) {
  std::mt19937 random(5);
  const TestTensor x = TestTensor::Random(DType::kFloat32, {4, 3}, &random);
  const TestTensor value = TestTensor::Random(DType::kFloat32, {4, 2}, &random);
  EXPECT_EQ(Added(x, Index({2, 0}), -1, value).Bits(), Added(x, Index({2, 0}), 1, value).Bits());
}

TEST(IndexAddTest, TheIndexMayBeInt32) {
  std::mt19937 random(6);
  const TestTensor x = TestTensor::Random(DType::kFloat32, {9, 3}, &random);
  const TestTensor value = TestTensor::Random(DType::kFloat32, {100, 3}, &random);
  const TestTensor index = RandomIndex({100}, 9, &random, DType::kInt32);
  EXPECT_EQ(Added(x, index, 0, value).Bits(), Reference(x, index, 0, value).Bits());
}

TEST(IndexAddTest, A0DIndexIsOneIndex) {
  const TestTensor x = TestTensor::Of(DType::kInt32, {3}, {10, 20, 30});
  const TestTensor value = TestTensor::Of(DType::kInt32, {1}, {5});
  const TestTensor index = TestTensor::Of(DType::kInt64, {}, {-2});
  EXPECT_EQ(Added(x, index, 0, value).Get(1), 25.0);
}

TEST(IndexAddTest, A0DXHasOneElementAlongItsAxis) {
  const TestTensor x = TestTensor::Of(DType::kInt32, {}, {10});
  const TestTensor value = TestTensor::Of(DType::kInt32, {}, {5});
  EXPECT_EQ(Added(x, Index({0}), 0, value).Get(0), 15.0);
  EXPECT_EQ(Added(x, Index({-1}), -1, value).Get(0), 15.0);
}

TEST(IndexAddTest, NoIndexGivesX) {
  std::mt19937 random(7);
  const TestTensor x = TestTensor::Random(DType::kFloat16, {4, 3}, &random);
  EXPECT_EQ(Added(x, Index({}), 0, TestTensor(DType::kFloat16, {0, 3})).Bits(), x.Bits());
}

TEST(IndexAddTest, IntegersWrapAround) {
  const TestTensor x = TestTensor::Of(DType::kInt8, {1}, {127});
  EXPECT_EQ(Added(x, Index({0}), 0, TestTensor::Of(DType::kInt8, {1}, {1})).Get(0), -128.0);
}

// In float16 arithmetic 2048 + 1 is 2048.
TEST(IndexAddTest, HalfPrecisionIsRoundedOnce) {
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    for (const int64_t columns : {1, 700}) {
      const Sizes value_shape{1024, columns};
      const TestTensor x = TestTensor::Of(dtype, {1, columns}, std::vector<double>(columns, 2048));
      const TestTensor value =
          TestTensor::Of(dtype, value_shape, std::vector<double>(1024 * columns, 1.0));
      const TestTensor index = Index(std::vector<double>(1024, 0.0));
      EXPECT_EQ(Added(x, index, 0, value).Get(columns - 1), 3072.0) << DTypeName(dtype);
    }
  }
}

// In float32, 1e8 - 1e8 + 1 is 1 and 1 + 1e8 - 1e8 is 0.
TEST(IndexAddTest, AdditionsHappenInTheOrderOfTheIndices) {
  for (const int64_t columns : {1, 5000}) {
    TestTensor x(DType::kFloat32, {1, columns});
    TestTensor value(DType::kFloat32, {2, columns});
    for (int64_t j = 0; j < columns; ++j) {
      x.Set(j, 1e8);
      value.Set(j, -1e8);
      value.Set(columns + j, 1.0);
    }
    EXPECT_EQ(Added(x, Index({0, 0}), 0, value).Get(columns - 1), 1.0);
  }
}

TEST(IndexAddTest, TheBitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(8);
  std::normal_distribution<double> normal;
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    for (const Sizes& shape : {Sizes{500, 300}, {300, 500, 1}, {4000, 9}}) {
      TestTensor x(dtype, shape);
      for (int64_t i = 0; i < x.numel(); ++i) x.Set(i, normal(random));
      for (int axis = 0; axis < 2; ++axis) {
        TestTensor value(dtype, WithSize(shape, axis, 700));
        for (int64_t i = 0; i < value.numel(); ++i) value.Set(i, normal(random));
        const TestTensor index = RandomIndex({700}, shape[axis], &random);
        const std::string one = Added(x, index, axis, value, Context{1}).Bits();
        for (const int threads : {2, 3, 4}) {
          EXPECT_TRUE(Added(x, index, axis, value, Context{threads}).Bits() == one);
        }
      }
    }
  }
}

// As in Torch: where there is nothing to add to, indices are not looked at.
TEST(IndexAddTest, AnEmptyXOfSeveralDimensionsTakesAnyIndex) {
  EXPECT_EQ(
      Added(TestTensor(DType::kFloat32, {0, 3}), Index({7}), 0, TestTensor(DType::kFloat32, {1, 3}))
          .numel(),
      0);
  EXPECT_EQ(
      Added(TestTensor(DType::kFloat32, {3, 0}), Index({7}), 0, TestTensor(DType::kFloat32, {1, 0}))
          .numel(),
      0);
}

/// The status for an int32 x; out must stay poison.
Status Rejected(const Sizes& x_shape, const TestTensor& index, int64_t axis,
                const TestTensor& value) {
  std::mt19937 random(9);
  const TestTensor x = TestTensor::Random(DType::kInt32, x_shape, &random);
  TestTensor out(DType::kInt32, x_shape);
  const std::string poison = out.Bits();
  const Status status =
      IndexAdd(x.view(), index.view(), axis, value.view(), out.mutable_view(), {});
  EXPECT_TRUE(out.Bits() == poison);
  return status;
}

TEST(IndexAddErrorTest, AnIndexOutOfRangeIsNamedAndNothingIsWritten) {
  const TestTensor value = TestTensor::Of(DType::kInt32, {3, 2}, {1, 1, 1, 1, 1, 1});
  for (const double bad : {4.0, -5.0, 9e15}) {
    const Status status = Rejected({4, 2}, Index({0, bad, 1}), 0, value);
    EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message, "index[1] is " + std::to_string(static_cast<int64_t>(bad)) +
                                  ", expected -4 <= index < 4");
  }
}

TEST(IndexAddErrorTest, TheSmallestIntegerIsOutOfRangeToo) {
  TestTensor index(DType::kInt64, {1});
  index.Set(0, static_cast<double>(std::numeric_limits<int64_t>::min()));
  const Status status = Rejected({4}, index, 0, TestTensor::Of(DType::kInt32, {1}, {1}));
  EXPECT_EQ(status.message, "index[0] is -9223372036854775808, expected -4 <= index < 4");
}

TEST(IndexAddErrorTest, AnEmpty1DXHasNoLegalIndex) {
  const Status status = Rejected({0}, Index({0}), 0, TestTensor::Of(DType::kInt32, {1}, {1}));
  EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
}

TEST(IndexAddErrorTest, TheAxisIsChecked) {
  const TestTensor value(DType::kInt32, {1, 2});
  for (const int64_t axis : {2, -3}) {
    const Status status = Rejected({4, 2}, Index({0}), axis, value);
    EXPECT_EQ(status.code, StatusCode::kOutOfRange);
    EXPECT_EQ(status.message, "axis is " + std::to_string(axis) + ", expected -2 <= axis < 2");
  }
}

TEST(IndexAddErrorTest, TheShapeOfValueIsChecked) {
  const Status status = Rejected({4, 2}, Index({0}), 0, TestTensor(DType::kInt32, {2, 2}));
  EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message,
            "the shape of value is [2, 2], expected [1, 2], that of x [4, 2] with the number of "
            "indices, 1, along axis 0");
}

TEST(IndexAddErrorTest, TheIndexMustBeAnIntegerVector) {
  const TestTensor value(DType::kInt32, {1, 2});
  const Status dtype = Rejected({4, 2}, TestTensor::Of(DType::kFloat32, {1}, {0}), 0, value);
  EXPECT_EQ(dtype.code, StatusCode::kUnsupportedDType);
  EXPECT_EQ(dtype.message, "the dtype of index is float32, expected int32 or int64");
  const Status ndim = Rejected({4, 2}, TestTensor::Of(DType::kInt64, {1, 1}, {0}), 0, value);
  EXPECT_EQ(ndim.code, StatusCode::kInvalidArgument);
  EXPECT_EQ(ndim.message, "index has shape [1, 1], expected one dimension or none");
}

TEST(IndexAddErrorTest, DTypesMustBeEqual) {
  const Status status = Rejected({4}, Index({0}), 0, TestTensor(DType::kInt64, {1}));
  EXPECT_EQ(status.message,
            "the dtypes of x and value must be equal, but they are int32 and int64");
}

TEST(IndexAddErrorTest, A0DXTakesOneIndex) {
  const Status status = Rejected({}, Index({0, 0}), 0, TestTensor(DType::kInt32, {}));
  EXPECT_EQ(status.message, "index has 2 entries, expected 1, because x has no dimension");
}

TEST(IndexAddGradTest, EitherGradientMayBeLeftOut) {
  std::mt19937 random(10);
  const TestTensor out_grad = TestTensor::Random(DType::kFloat32, {4, 2}, &random);
  TestTensor x_grad(DType::kFloat32, {4, 2});
  TestTensor value_grad(DType::kFloat32, {1, 2});
  const MutableTensorView x_view = x_grad.mutable_view();
  const MutableTensorView value_view = value_grad.mutable_view();
  const TestTensor index = Index({-1});
  EXPECT_TRUE(IndexAddGrad(out_grad.view(), index.view(), 0, &x_view, nullptr, {}).ok());
  EXPECT_TRUE(IndexAddGrad(out_grad.view(), index.view(), 0, nullptr, &value_view, {}).ok());
  EXPECT_TRUE(IndexAddGrad(out_grad.view(), index.view(), 0, nullptr, nullptr, {}).ok());
  EXPECT_EQ(x_grad.Bits(), out_grad.Bits());
  EXPECT_EQ(value_grad.Bits(), out_grad.Bits().substr(6 * sizeof(float)));
}

TEST(IndexAddGradTest, XGradMayBeOutGrad) {
  std::mt19937 random(11);
  TestTensor out_grad = TestTensor::Random(DType::kFloat32, {4, 2}, &random, Strides::kBackwards);
  const std::string bits = out_grad.Bits();
  const MutableTensorView x_view = out_grad.mutable_view();
  ASSERT_TRUE(IndexAddGrad(out_grad.view(), Index({1}).view(), 0, &x_view, nullptr, {}).ok());
  EXPECT_EQ(out_grad.Bits(), bits);
}

TEST(IndexAddGradTest, ChecksTheIndexEvenIfTheAxisIsEmpty) {
  TestTensor value_grad(DType::kFloat32, {1, 2});
  const std::string poison = value_grad.Bits();
  const MutableTensorView value_view = value_grad.mutable_view();
  const TestTensor out_grad(DType::kFloat32, {0, 2});
  const Status status =
      IndexAddGrad(out_grad.view(), Index({0}).view(), 0, nullptr, &value_view, {});
  EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
  EXPECT_EQ(value_grad.Bits(), poison);
}

TEST(IndexAddGradTest, TheBitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(12);
  const TestTensor out_grad = TestTensor::Random(DType::kFloat32, {50, 400, 9}, &random);
  const TestTensor index = RandomIndex({300}, 400, &random);
  const auto sources = Destinations({50, 300, 9}, {50, 400, 9}, 1, index);
  TestTensor expected(DType::kFloat32, {50, 300, 9});
  for (int64_t i = 0; i < expected.numel(); ++i) expected.Set(i, out_grad.Get(sources[i]));
  for (const int threads : {1, 2, 3, 4}) {
    TestTensor value_grad(DType::kFloat32, {50, 300, 9});
    const MutableTensorView view = value_grad.mutable_view();
    ASSERT_TRUE(
        IndexAddGrad(out_grad.view(), index.view(), 1, nullptr, &view, Context{threads}).ok());
    EXPECT_TRUE(value_grad.Bits() == expected.Bits());
  }
}

}  // namespace
}  // namespace paddlemend
