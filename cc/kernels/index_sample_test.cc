#include "cc/kernels/index_sample.h"

#include <gtest/gtest.h>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

TestTensor Index(const Sizes& shape, const std::vector<double>& values,
                 DType dtype = DType::kInt64) {
  return TestTensor::Of(dtype, shape, values);
}

/// Entries in [0, size).
TestTensor RandomColumns(const Sizes& shape, int64_t size, std::mt19937* random,
                         DType dtype = DType::kInt64) {
  TestTensor index(dtype, shape);
  std::uniform_int_distribution<int64_t> entries(0, size - 1);
  for (int64_t i = 0; i < index.numel(); ++i) index.Set(i, static_cast<double>(entries(*random)));
  return index;
}

/// The number of the element of x [_, columns] that entry i of the index means.
int64_t Source(const TestTensor& index, int64_t i, int64_t columns) {
  return i / index.shape()[1] * columns + static_cast<int64_t>(index.Get(i).real());
}

TestTensor Sampled(const TestTensor& x, const TestTensor& index, const Context& context = {}) {
  TestTensor out(x.dtype(), index.shape());
  const Status status = IndexSample(x.view(), index.view(), out.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return out;
}

TestTensor Gradient(const TestTensor& out_grad, const TestTensor& index, const Sizes& x_shape,
                    const Context& context = {}) {
  TestTensor x_grad(out_grad.dtype(), x_shape);
  const Status status =
      IndexSampleGrad(out_grad.view(), index.view(), x_grad.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return x_grad;
}

/// Sums in float64: exact, as the elements are small multiples of 1/8.
TestTensor ReferenceGradient(const TestTensor& out_grad, const TestTensor& index,
                             const Sizes& x_shape) {
  TestTensor x_grad(out_grad.dtype(), x_shape);
  std::vector<TestTensor::Value> sums(x_grad.numel());
  for (int64_t i = 0; i < out_grad.numel(); ++i) {
    sums[Source(index, i, x_shape[1])] += out_grad.Get(i);
  }
  for (int64_t i = 0; i < x_grad.numel(); ++i) x_grad.Set(i, sums[i]);
  return x_grad;
}

class EveryDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(IndexSampleTest, EveryDType, testing::ValuesIn(kAllDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryDType, SamplesEachRowAtColumnsOfItsOwn) {
  std::mt19937 random(1);
  for (const Sizes& shape : {Sizes{1, 1}, {3, 5}, {40, 7}, {2, 3000}, {700, 3}}) {
    for (const int64_t count : {1, 4, 50, 1500}) {
      const TestTensor x = TestTensor::Random(GetParam(), shape, &random);
      const TestTensor index = RandomColumns({shape[0], count}, shape[1], &random);
      const TestTensor out = Sampled(x, index);
      TestTensor expected(GetParam(), index.shape());
      for (int64_t i = 0; i < expected.numel(); ++i) {
        expected.Set(i, x.Get(Source(index, i, shape[1])));
      }
      EXPECT_TRUE(out.Bits() == expected.Bits()) << ShapeString(x.view()) << " count " << count;
    }
  }
}

TEST_P(EveryDType, TheGradientAddsUpWhereSamplesMeet) {
  std::mt19937 random(2);
  for (const Sizes& shape : {Sizes{1, 1}, {3, 5}, {40, 7}, {2, 3000}, {700, 3}}) {
    for (const int64_t count : {1, 4, 50, 1500}) {
      const TestTensor index = RandomColumns({shape[0], count}, shape[1], &random);
      const TestTensor out_grad = TestTensor::Random(GetParam(), index.shape(), &random);
      EXPECT_TRUE(Gradient(out_grad, index, shape).Bits() ==
                  ReferenceGradient(out_grad, index, shape).Bits())
          << shape[0] << ", " << shape[1] << " count " << count;
    }
  }
}

TEST_P(EveryDType, AnyStrides) {
  std::mt19937 random(3);
  const TestTensor x = TestTensor::Random(GetParam(), {3, 5}, &random);
  const TestTensor index = RandomColumns({3, 4}, 5, &random, DType::kInt32);
  const TestTensor out_grad = TestTensor::Random(GetParam(), {3, 4}, &random);
  const std::string expected = Sampled(x, index).Bits();
  const std::string expected_grad = ReferenceGradient(out_grad, index, {3, 5}).Bits();
  for (const Strides from : kAllStrides) {
    for (const Strides to : kAllStrides) {
      TestTensor out(GetParam(), {3, 4}, to);
      ASSERT_TRUE(
          IndexSample(x.With(from).view(), index.With(from).view(), out.mutable_view(), {}).ok());
      EXPECT_TRUE(out.Bits() == expected);
      EXPECT_TRUE(out.GapsArePoison());
      TestTensor x_grad(GetParam(), {3, 5}, to);
      ASSERT_TRUE(IndexSampleGrad(out_grad.With(from).view(), index.With(from).view(),
                                  x_grad.mutable_view(), {})
                      .ok());
      EXPECT_TRUE(x_grad.Bits() == expected_grad);
      EXPECT_TRUE(x_grad.GapsArePoison());
    }
  }
}

TEST(IndexSampleTest, NoIndexRowGivesNoRowForAnyX) {
  std::mt19937 random(4);
  const TestTensor index(DType::kInt64, {0, 3});
  for (const Sizes& shape : {Sizes{4, 5}, {0, 5}, {4, 0}, {0, 0}}) {
    const TestTensor x = TestTensor::Random(DType::kFloat32, shape, &random);
    EXPECT_EQ(Sampled(x, index).shape(), (Sizes{0, 3}));
    const TestTensor x_grad = Gradient(TestTensor(DType::kFloat32, {0, 3}), index, shape);
    for (int64_t i = 0; i < x_grad.numel(); ++i) EXPECT_EQ(x_grad.Get(i), 0.0);
  }
}

TEST(IndexSampleTest, NoIndexColumnGivesAGradientOfZeros) {
  const TestTensor index(DType::kInt64, {2, 0});
  const TestTensor x_grad = Gradient(TestTensor(DType::kInt32, {2, 0}), index, {2, 3});
  EXPECT_EQ(x_grad.Bits(), TestTensor::Of(DType::kInt32, {2, 3}, {0, 0, 0, 0, 0, 0}).Bits());
}

TEST(IndexSampleTest, TheShapeIsThatOfTheIndex) {
  Shape shape;
  const TestTensor x(DType::kFloat32, {4, 5});
  ASSERT_TRUE(IndexSampleShape(x.view(), TestTensor(DType::kInt64, {4, 2}).view(), &shape).ok());
  EXPECT_EQ(ShapeString(shape.dims.data(), shape.ndim), "[4, 2]");
  ASSERT_TRUE(IndexSampleShape(x.view(), TestTensor(DType::kInt64, {0, 2}).view(), &shape).ok());
  EXPECT_EQ(ShapeString(shape.dims.data(), shape.ndim), "[0, 2]");
  EXPECT_FALSE(IndexSampleShape(x.view(), TestTensor(DType::kInt64, {3, 2}).view(), &shape).ok());
}

// In float16 arithmetic 2048 + 1 is 2048.
TEST(IndexSampleGradTest, HalfPrecisionIsRoundedOnce) {
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    TestTensor out_grad = TestTensor::Of(dtype, {1, 1025}, std::vector<double>(1025, 1.0));
    out_grad.Set(0, 2048.0);
    const TestTensor index = Index({1, 1025}, std::vector<double>(1025, 0.0));
    EXPECT_EQ(Gradient(out_grad, index, {1, 1}).Get(0), 3072.0) << DTypeName(dtype);
  }
}

TEST(IndexSampleGradTest, TheBitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  for (const Sizes& shape : {Sizes{300, 200}, {2, 9000}, {20000, 3}}) {
    const TestTensor index = RandomColumns({shape[0], 60000 / shape[0]}, shape[1], &random);
    TestTensor out_grad(DType::kFloat32, index.shape());
    for (int64_t i = 0; i < out_grad.numel(); ++i) out_grad.Set(i, normal(random));
    const std::string one = Gradient(out_grad, index, shape, Context{1}).Bits();
    for (const int threads : {2, 3, 4}) {
      EXPECT_TRUE(Gradient(out_grad, index, shape, Context{threads}).Bits() == one);
    }
  }
}

/// The status for an int32 x; out must stay poison.
Status Rejected(const Sizes& x_shape, const TestTensor& index) {
  std::mt19937 random(6);
  const TestTensor x = TestTensor::Random(DType::kInt32, x_shape, &random);
  TestTensor out(DType::kInt32, index.shape());
  const std::string poison = out.Bits();
  const Status status = IndexSample(x.view(), index.view(), out.mutable_view(), {});
  EXPECT_TRUE(out.Bits() == poison);
  return status;
}

TEST(IndexSampleErrorTest, AnIndexOutOfRangeIsNamedAndNothingIsWritten) {
  for (const double bad : {3.0, -1.0, -3.0, 9e15}) {
    for (const DType dtype : {DType::kInt64, DType::kInt32}) {
      if (bad > 1e9 && dtype == DType::kInt32) continue;
      const Status status = Rejected({2, 3}, Index({2, 2}, {0, 1, 2, bad}, dtype));
      EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
      EXPECT_EQ(status.message, "index[1, 1] is " + std::to_string(static_cast<int64_t>(bad)) +
                                    ", expected 0 <= index < 3");
    }
  }
}

TEST(IndexSampleErrorTest, NoColumnHasNoLegalIndex) {
  const Status status = Rejected({2, 0}, Index({2, 1}, {0, 0}));
  EXPECT_EQ(status.message, "index[0, 0] is 0, expected 0 <= index < 0");
}

TEST(IndexSampleErrorTest, TheRowsMustMatch) {
  for (const Sizes& shape : {Sizes{3, 1}, {1, 1}, {2}, {2, 1, 1}}) {
    const Status status = Rejected({2, 3}, TestTensor(DType::kInt64, shape));
    EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message, "the shape of index is " + ShapeString(shape.data(), shape.size()) +
                                  ", expected [2, M], with as many rows as x [2, 3], or [0, M]");
  }
}

TEST(IndexSampleErrorTest, XMustBeAMatrix) {
  const Status status = Rejected({3}, Index({2, 1}, {0, 0}));
  EXPECT_EQ(status.message, "x has shape [3], expected two dimensions");
}

TEST(IndexSampleErrorTest, TheIndexMustBeOfIntegers) {
  const Status status = Rejected({2, 3}, Index({2, 1}, {0, 0}, DType::kFloat32));
  EXPECT_EQ(status.code, StatusCode::kUnsupportedDType);
  EXPECT_EQ(status.message, "the dtype of index is float32, expected int32 or int64");
}

TEST(IndexSampleGradTest, AnIndexOutOfRangeIsNamedAndNothingIsWritten) {
  TestTensor x_grad(DType::kFloat32, {2, 3});
  const std::string poison = x_grad.Bits();
  const TestTensor out_grad = TestTensor::Of(DType::kFloat32, {2, 1}, {1, 1});
  const Status status =
      IndexSampleGrad(out_grad.view(), Index({2, 1}, {0, 3}).view(), x_grad.mutable_view(), {});
  EXPECT_EQ(status.message, "index[1, 0] is 3, expected 0 <= index < 3");
  EXPECT_EQ(x_grad.Bits(), poison);
}

}  // namespace
}  // namespace paddlemend
