#include "cc/kernels/index_put.h"

#include <gtest/gtest.h>

#include <limits>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

/// The views of a list of tensors.
class Views {
 public:
  explicit Views(const std::vector<TestTensor>& tensors) {
    for (const TestTensor& tensor : tensors) views_.push_back(tensor.view());
  }
  TensorList list() const { return {views_.data(), static_cast<int64_t>(views_.size())}; }

 private:
  std::vector<TensorView> views_;
};

/// For each place of `shape`, which the shapes of the indices broadcast to: the number of the slice
/// of x that integer indices of its leading dimensions select.
std::vector<int64_t> Slices(const Sizes& x, const std::vector<TestTensor>& indices,
                            const Sizes& shape) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  std::vector<int64_t> slices(count);
  for (int64_t place = 0; place < count; ++place) {
    for (size_t d = 0; d < indices.size(); ++d) {
      const auto value = indices[d].Get(BroadcastSource(place, indices[d].shape(), shape));
      const int64_t entry = static_cast<int64_t>(value.real());
      slices[place] = slices[place] * x[d] + (entry < 0 ? entry + x[d] : entry);
    }
  }
  return slices;
}

/// What is done with x: indices of broadcast shape `shape`, and what remains of x beside them.
struct Selection {
  Sizes x;
  std::vector<TestTensor> indices;
  Sizes shape;

  Sizes places() const {
    Sizes result = shape;
    result.insert(result.end(), x.begin() + indices.size(), x.end());
    return result;
  }
  int64_t slice() const {
    int64_t size = 1;
    for (size_t d = indices.size(); d < x.size(); ++d) size *= x[d];
    return size;
  }
};

std::vector<Selection> Selections(std::mt19937* random) {
  return {
      {{5, 7}, {RandomIndex({40}, 5, random), RandomIndex({40}, 7, random)}, {40}},
      {{90, 80}, {RandomIndex({9000}, 90, random), RandomIndex({9000}, 80, random)}, {9000}},
      {{9, 2}, {RandomIndex({40}, 9, random)}, {40}},
      {{6, 50}, {RandomIndex({20}, 6, random)}, {20}},
      {{70, 100}, {RandomIndex({200}, 70, random)}, {200}},
      {{5000, 3}, {RandomIndex({20}, 5000, random)}, {20}},
      {{4, 5, 6}, {RandomIndex({3, 2}, 4, random)}, {3, 2}},
      {{4, 5, 6}, {RandomIndex({3, 1}, 4, random), RandomIndex({2}, 5, random)}, {3, 2}},
      {{4, 5},
       {RandomIndex({}, 4, random, DType::kInt32), RandomIndex({7}, 5, random, DType::kInt32)},
       {7}},
  };
}

/// In double precision; exact, as the elements are small multiples of 1/8.
TestTensor Reference(const TestTensor& x, const Selection& selection, const TestTensor& value,
                     bool accumulate) {
  std::vector<TestTensor::Value> results;
  for (int64_t i = 0; i < x.numel(); ++i) results.push_back(x.Get(i));
  const int64_t slice = selection.slice();
  const auto slices = Slices(selection.x, selection.indices, selection.shape);
  for (size_t i = 0; i < slices.size(); ++i) {
    for (int64_t j = 0; j < slice; ++j) {
      auto& result = results[slices[i] * slice + j];
      const int64_t place = static_cast<int64_t>(i) * slice + j;
      const auto added = value.Get(BroadcastSource(place, value.shape(), selection.places()));
      result = accumulate ? result + added : added;
    }
  }
  TestTensor out(x.dtype(), x.shape());
  for (int64_t i = 0; i < out.numel(); ++i) out.Set(i, results[i]);
  return out;
}

TestTensor Put(const TestTensor& x, const std::vector<TestTensor>& indices, const TestTensor& value,
               bool accumulate, const Context& context = {}) {
  TestTensor out(x.dtype(), x.shape());
  const Status status = IndexPut(x.view(), Views(indices).list(), value.view(), accumulate,
                                 out.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return out;
}

class EveryDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(IndexPutTest, EveryDType, testing::ValuesIn(kAllDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

TEST_P(EveryDType, ValuesGoWhereTheIndicesSay) {
  std::mt19937 random(1);
  for (const Selection& selection : Selections(&random)) {
    const TestTensor x = TestTensor::Random(GetParam(), selection.x, &random);
    const TestTensor value = TestTensor::Random(GetParam(), selection.places(), &random);
    for (const bool accumulate : {false, true}) {
      EXPECT_TRUE(Put(x, selection.indices, value, accumulate).Bits() ==
                  Reference(x, selection, value, accumulate).Bits())
          << ShapeString(x.view()) << " accumulate " << accumulate;
    }
  }
}

TEST_P(EveryDType, AnyStrides) {
  std::mt19937 random(2);
  const Selection selection{
      {6, 5, 4}, {RandomIndex({3, 2}, 6, &random), RandomIndex({3, 2}, 5, &random)}, {3, 2}};
  const TestTensor x = TestTensor::Random(GetParam(), selection.x, &random);
  const TestTensor value = TestTensor::Random(GetParam(), selection.places(), &random);
  for (const bool accumulate : {false, true}) {
    const std::string expected = Reference(x, selection, value, accumulate).Bits();
    for (const Strides from : kAllStrides) {
      for (const Strides to : kAllStrides) {
        const std::vector<TestTensor> indices{selection.indices[0].With(from),
                                              selection.indices[1].With(to)};
        TestTensor out(GetParam(), selection.x, to);
        ASSERT_TRUE(IndexPut(x.With(from).view(), Views(indices).list(), value.With(to).view(),
                             accumulate, out.mutable_view(), {})
                        .ok());
        EXPECT_TRUE(out.Bits() == expected);
        EXPECT_TRUE(out.GapsArePoison());
      }
    }
  }
}

TEST_P(EveryDType, OutMayBeX) {
  std::mt19937 random(3);
  for (const Selection& selection : Selections(&random)) {
    const TestTensor value = TestTensor::Random(GetParam(), selection.places(), &random);
    for (const Strides strides : kAllStrides) {
      for (const bool accumulate : {false, true}) {
        TestTensor x = TestTensor::Random(GetParam(), selection.x, &random, strides);
        const std::string expected = Reference(x, selection, value, accumulate).Bits();
        ASSERT_TRUE(IndexPut(x.view(), Views(selection.indices).list(), value.view(), accumulate,
                             x.mutable_view(), {})
                        .ok());
        EXPECT_TRUE(x.Bits() == expected);
      }
    }
  }
}

TEST_P(EveryDType, TheGradientsAreZeroedAndGathered) {
  std::mt19937 random(4);
  for (const Selection& selection : Selections(&random)) {
    const TestTensor out_grad = TestTensor::Random(GetParam(), selection.x, &random);
    const auto slices = Slices(selection.x, selection.indices, selection.shape);
    for (const bool accumulate : {false, true}) {
      TestTensor x_grad(GetParam(), selection.x);
      TestTensor value_grad(GetParam(), selection.places());
      const MutableTensorView x_view = x_grad.mutable_view();
      const MutableTensorView value_view = value_grad.mutable_view();
      ASSERT_TRUE(IndexPutGrad(out_grad.view(), Views(selection.indices).list(), accumulate,
                               &x_view, &value_view, {})
                      .ok());
      const TestTensor zero = TestTensor::Of(GetParam(), {}, {0});
      const TestTensor expected =
          accumulate ? out_grad : Reference(out_grad, selection, zero, false);
      EXPECT_TRUE(x_grad.Bits() == expected.Bits());
      const int64_t slice = selection.slice();
      for (int64_t i = 0; i < value_grad.numel(); ++i) {
        ASSERT_EQ(value_grad.Get(i), out_grad.Get(slices[i / slice] * slice + i % slice));
      }
    }
  }
}

TEST_P(EveryDType, ValuesAreBroadcastAndTheirGradientIsASum) {
  std::mt19937 random(5);
  const Selection selection{{6, 5}, {RandomIndex({4, 3}, 6, &random)}, {4, 3}};
  const TestTensor x = TestTensor::Random(GetParam(), selection.x, &random);
  const auto slices = Slices(selection.x, selection.indices, selection.shape);
  for (const Sizes& shape : {Sizes{}, {1}, {5}, {3, 1}, {4, 1, 1}, {4, 1, 5}}) {
    const TestTensor value = TestTensor::Random(GetParam(), shape, &random);
    for (const bool accumulate : {false, true}) {
      EXPECT_TRUE(Put(x, selection.indices, value, accumulate).Bits() ==
                  Reference(x, selection, value, accumulate).Bits());
    }
    std::vector<TestTensor::Value> sums(value.numel());
    for (int64_t i = 0; i < 60; ++i) {
      sums[BroadcastSource(i, shape, {4, 3, 5})] += x.Get(slices[i / 5] * 5 + i % 5);
    }
    TestTensor value_grad(GetParam(), shape);
    const MutableTensorView view = value_grad.mutable_view();
    ASSERT_TRUE(
        IndexPutGrad(x.view(), Views(selection.indices).list(), false, nullptr, &view, {}).ok());
    TestTensor expected(GetParam(), shape);
    for (int64_t i = 0; i < expected.numel(); ++i) expected.Set(i, sums[i]);
    EXPECT_EQ(value_grad.Bits(), expected.Bits());
  }
}

TestTensor Numbers(const Sizes& shape) {
  TestTensor result(DType::kInt32, shape);
  for (int64_t i = 0; i < result.numel(); ++i) result.Set(i, static_cast<double>(i + 1));
  return result;
}

TEST(IndexPutTest, AMaskStandsForItsTruePlaces) {
  const TestTensor mask = TestTensor::Of(DType::kBool, {2, 3}, {0, 1, 1, 0, 0, 1});
  const TestTensor x = TestTensor::Of(DType::kInt32, {2, 3}, {0, 0, 0, 0, 0, 0});
  const std::string expected = TestTensor::Of(DType::kInt32, {2, 3}, {0, 1, 2, 0, 0, 3}).Bits();
  for (const Strides strides : kAllStrides) {
    EXPECT_EQ(Put(x, {mask.With(strides)}, Numbers({3}), false).Bits(), expected);
  }
}

TEST(IndexPutTest, AMaskOfLeadingDimensionsSelectsSlices) {
  const TestTensor mask = TestTensor::Of(DType::kBool, {3}, {1, 0, 1});
  const TestTensor x = TestTensor::Of(DType::kInt32, {3, 2}, {0, 0, 0, 0, 0, 0});
  EXPECT_EQ(Put(x, {mask}, Numbers({2, 2}), false).Bits(),
            TestTensor::Of(DType::kInt32, {3, 2}, {1, 2, 0, 0, 3, 4}).Bits());
}

TEST(IndexPutTest, MasksAndIntegersAreMatchedPlaceByPlace) {
  const TestTensor mask = TestTensor::Of(DType::kBool, {3}, {1, 0, 1});
  const TestTensor x = TestTensor::Of(DType::kInt32, {3, 3}, {0, 0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(Put(x, {mask, Index({2, 0})}, Numbers({2}), false).Bits(),
            TestTensor::Of(DType::kInt32, {3, 3}, {0, 0, 1, 0, 0, 0, 2, 0, 0}).Bits());
  EXPECT_EQ(Put(x, {mask, mask}, Numbers({2}), false).Bits(),
            TestTensor::Of(DType::kInt32, {3, 3}, {1, 0, 0, 0, 0, 0, 0, 0, 2}).Bits());
}

TEST(IndexPutTest, ALargeMaskIsReadInOrderByAnyNumberOfThreads) {
  std::mt19937 random(6);
  const TestTensor mask = TestTensor::Random(DType::kBool, {300, 400}, &random);
  TestTensor x = TestTensor::Random(DType::kInt32, {300, 400}, &random);
  int64_t count = 0;
  TestTensor expected = x;
  for (int64_t i = 0; i < mask.numel(); ++i) {
    if (mask.Get(i) != 0.0) expected.Set(i, static_cast<double>(++count));
  }
  for (const int threads : {1, 3}) {
    EXPECT_TRUE(Put(x, {mask}, Numbers({count}), false, Context{threads}).Bits() ==
                expected.Bits());
  }
}

TEST(IndexPutTest, TheLastOfSeveralValuesStays) {
  for (const int64_t columns : {1, 300}) {
    const int64_t count = 5000;
    TestTensor value(DType::kInt32, {count, columns});
    for (int64_t i = 0; i < value.numel(); ++i) value.Set(i, static_cast<double>(i / columns));
    const TestTensor x = Numbers({2, columns});
    for (const int threads : {1, 2, 4}) {
      const TestTensor out =
          Put(x, {Index(std::vector<double>(count, -2.0))}, value, false, Context{threads});
      EXPECT_EQ(out.Get(columns - 1), count - 1.0);
      EXPECT_EQ(out.Get(columns), columns + 1.0);
    }
  }
}

// In float16 arithmetic 2048 + 1 is 2048.
TEST(IndexPutTest, HalfPrecisionIsRoundedOnce) {
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    for (const int64_t rows : {1, 9000}) {
      for (const int64_t columns : {1, 40}) {
        const std::vector<double> start(rows * columns, 2048.0);
        const TestTensor x = TestTensor::Of(dtype, {rows, columns}, start);
        const TestTensor one = TestTensor::Of(dtype, {}, {1});
        const TestTensor out = Put(x, {Index(std::vector<double>(1024, 0.0))}, one, true);
        EXPECT_EQ(out.Get(columns - 1), 3072.0) << DTypeName(dtype) << rows;
      }
    }
  }
}

// In float32, 1e8 - 1e8 + 1 is 1 and 1 + 1e8 - 1e8 is 0.
TEST(IndexPutTest, AdditionsHappenInTheOrderOfThePlaces) {
  for (const int64_t rows : {1, 9000}) {
    for (const int64_t columns : {1, 5000}) {
      if (rows * columns > 1000000) continue;
      TestTensor x(DType::kFloat32, {rows, columns});
      for (int64_t i = 0; i < x.numel(); ++i) x.Set(i, 1e8);
      const TestTensor value = TestTensor::Of(DType::kFloat32, {2, 1}, {-1e8, 1});
      EXPECT_EQ(Put(x, {Index({0, 0})}, value, true).Get(columns - 1), 1.0);
    }
  }
}

TEST(IndexPutTest, TheBitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  const auto normal_tensor = [&](DType dtype, const Sizes& shape) {
    TestTensor tensor(dtype, shape);
    for (int64_t i = 0; i < tensor.numel(); ++i) tensor.Set(i, normal(random));
    return tensor;
  };
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    const TestTensor x = normal_tensor(dtype, {100, 80});
    for (const Selection& selection :
         {Selection{{100, 80},
                    {RandomIndex({60000}, 100, &random), RandomIndex({60000}, 80, &random)},
                    {60000}},
          Selection{{100, 80}, {RandomIndex({2000}, 100, &random)}, {2000}},
          Selection{{100, 80}, {RandomIndex({11}, 100, &random)}, {11}}}) {
      const TestTensor value = normal_tensor(dtype, selection.places());
      for (const bool accumulate : {false, true}) {
        const std::string one = Put(x, selection.indices, value, accumulate, Context{1}).Bits();
        for (const int threads : {2, 3, 4, 9}) {
          EXPECT_TRUE(Put(x, selection.indices, value, accumulate, Context{threads}).Bits() == one);
        }
      }
    }
  }
}

TEST(IndexPutTest, NoIndexGivesX) {
  std::mt19937 random(8);
  for (const Sizes& shape : {Sizes{4, 3}, {0, 3}, {3, 0}, {0}}) {
    const TestTensor x = TestTensor::Random(DType::kFloat16, shape, &random);
    const TestTensor value = TestTensor::Of(DType::kFloat16, {1}, {1});
    for (const bool accumulate : {false, true}) {
      EXPECT_EQ(Put(x, {Index({})}, value, accumulate).Bits(), x.Bits());
    }
  }
}

// As in Torch.
TEST(IndexPutTest, IndicesThatBroadcastToNothingAreNotLookedAt) {
  const TestTensor x = Numbers({2, 3});
  EXPECT_EQ(Put(x, {Index({7}), Index({})}, Numbers({1}), false).Bits(), x.Bits());
}

/// The status for an int32 x; out must stay poison.
Status Rejected(const Sizes& x_shape, const std::vector<TestTensor>& indices,
                const TestTensor& value) {
  const TestTensor x = Numbers(x_shape);
  TestTensor out(DType::kInt32, x_shape);
  const std::string poison = out.Bits();
  Status result;
  for (const bool accumulate : {false, true}) {
    result =
        IndexPut(x.view(), Views(indices).list(), value.view(), accumulate, out.mutable_view(), {});
    EXPECT_TRUE(out.Bits() == poison);
  }
  return result;
}

TEST(IndexPutErrorTest, AnIndexOutOfRangeIsNamedAndNothingIsWritten) {
  for (const double bad : {5.0, -6.0, 9e15}) {
    const Status status = Rejected({4, 5}, {Index({0, 1, 2}), Index({0, 1, bad})}, Numbers({3}));
    EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message, "indices[1][2] is " + std::to_string(static_cast<int64_t>(bad)) +
                                  ", expected -5 <= indices[1] < 5");
  }
}

TEST(IndexPutErrorTest, TheSmallestIntegerIsOutOfRangeToo) {
  TestTensor index(DType::kInt64, {});
  index.Set(0, static_cast<double>(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(Rejected({4}, {index}, Numbers({1})).message,
            "indices[0] is -9223372036854775808, expected -4 <= indices[0] < 4");
}

TEST(IndexPutErrorTest, AnXWithoutElementsHasNoLegalIndexInAnEmptyDimension) {
  EXPECT_EQ(Rejected({0, 3}, {Index({0})}, Numbers({1})).message,
            "indices[0][0] is 0, expected 0 <= indices[0] < 0");
  EXPECT_EQ(Rejected({3, 0}, {Index({3})}, Numbers({1})).message,
            "indices[0][0] is 3, expected -3 <= indices[0] < 3");
}

TEST(IndexPutErrorTest, TheListIsChecked) {
  EXPECT_EQ(Rejected({4}, {}, Numbers({1})).message,
            "indices is empty, expected at least one index tensor");
  EXPECT_EQ(Rejected({4}, {Index({0}), Index({0})}, Numbers({1})).message,
            "indices indexes 2 dimensions or more, but x of shape [4] has 1");
  const Status dtype = Rejected({4}, {TestTensor(DType::kUInt8, {1})}, Numbers({1}));
  EXPECT_EQ(dtype.code, StatusCode::kUnsupportedDType);
  EXPECT_EQ(dtype.message, "the dtype of indices[0] is uint8, expected bool, int32 or int64");
}

TEST(IndexPutErrorTest, TheShapeOfAMaskIsChecked) {
  const TestTensor mask(DType::kBool, {2, 2});
  EXPECT_EQ(Rejected({4, 2, 3}, {Index({0}), mask}, Numbers({1})).message,
            "the shape of indices[1] is [2, 2], expected [2, 3], dimensions 1 to 2 of x [4, 2, 3], "
            "because it is a mask");
}

TEST(IndexPutErrorTest, ShapesMustBroadcast) {
  EXPECT_EQ(Rejected({4, 4}, {Index({0, 1}), Index({0, 1, 2})}, Numbers({1})).message,
            "the shape [3] of indices[1] does not broadcast with [2], that of the indices before "
            "it");
  EXPECT_EQ(Rejected({4, 4}, {Index({0, 1})}, Numbers({3, 4})).message,
            "the shape [3, 4] of value does not broadcast to [2, 4], the shape of the indices and "
            "the dimensions that are not indexed");
}

TEST(IndexPutErrorTest, AResultOfTooManyDimensionsIsRefused) {
  const TestTensor index = TestTensor::Of(DType::kInt64, Sizes(kMaxNdim, 1), {0});
  EXPECT_EQ(Rejected({4, 4}, {index}, Numbers({1})).message,
            "indices of broadcast shape [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] selects "
            "more from x of shape [4, 4] than a tensor can hold");
}

TEST(IndexPutErrorTest, DTypesMustBeEqual) {
  EXPECT_EQ(Rejected({4}, {Index({0})}, TestTensor(DType::kInt64, {1})).message,
            "the dtypes of x and value must be equal, but they are int32 and int64");
}

TEST(IndexPutGradTest, EitherGradientMayBeLeftOut) {
  const TestTensor out_grad = Numbers({4});
  TestTensor x_grad(DType::kInt32, {4});
  TestTensor value_grad(DType::kInt32, {2});
  const MutableTensorView x_view = x_grad.mutable_view();
  const MutableTensorView value_view = value_grad.mutable_view();
  const std::vector<TestTensor> indices{Index({-1, 0})};
  const Views views(indices);
  EXPECT_TRUE(IndexPutGrad(out_grad.view(), views.list(), false, &x_view, nullptr, {}).ok());
  EXPECT_TRUE(IndexPutGrad(out_grad.view(), views.list(), false, nullptr, &value_view, {}).ok());
  EXPECT_TRUE(IndexPutGrad(out_grad.view(), views.list(), false, nullptr, nullptr, {}).ok());
  EXPECT_EQ(x_grad.Bits(), TestTensor::Of(DType::kInt32, {4}, {0, 2, 3, 0}).Bits());
  EXPECT_EQ(value_grad.Bits(), TestTensor::Of(DType::kInt32, {2}, {4, 1}).Bits());
}

TEST(IndexPutGradTest, XGradMayBeOutGrad) {
  for (const Strides strides : kAllStrides) {
    TestTensor out_grad = Numbers({4}).With(strides);
    TestTensor value_grad(DType::kInt32, {});
    const MutableTensorView x_view = out_grad.mutable_view();
    const MutableTensorView value_view = value_grad.mutable_view();
    const std::vector<TestTensor> indices{Index({1, 3, 1})};
    ASSERT_TRUE(
        IndexPutGrad(out_grad.view(), Views(indices).list(), false, &x_view, &value_view, {}).ok());
    EXPECT_EQ(out_grad.Bits(), TestTensor::Of(DType::kInt32, {4}, {1, 0, 3, 0}).Bits());
    EXPECT_EQ(value_grad.Get(0), 8.0);
  }
}

TEST(IndexPutGradTest, AValueThatWentNowhereHasAGradientOfZero) {
  TestTensor value_grad(DType::kFloat32, {1});
  const MutableTensorView view = value_grad.mutable_view();
  const std::vector<TestTensor> indices{Index({})};
  ASSERT_TRUE(IndexPutGrad(TestTensor(DType::kFloat32, {4}).view(), Views(indices).list(), false,
                           nullptr, &view, {})
                  .ok());
  EXPECT_EQ(value_grad.Get(0), 0.0);
}

}  // namespace
}  // namespace paddlemend
