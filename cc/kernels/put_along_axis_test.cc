#include "cc/kernels/put_along_axis.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;
using Value = TestTensor::Value;

constexpr const char* kReductions[] = {"assign", "add", "mul", "mean", "amax", "amin"};

TestTensor Doubles(const std::vector<double>& values) {
  return TestTensor::Of(DType::kFloat64, {static_cast<int64_t>(values.size())}, values);
}

/// Of tensors of shapes `index`, `value` and `x`: for each entry of the index the number of its
/// value and of its element.
struct Meeting {
  int64_t value;
  int64_t element;
};

std::vector<Meeting> Meetings(const TestTensor& index, const Sizes& value, const Sizes& x,
                              int axis) {
  std::vector<Meeting> meetings;
  const Sizes shape = index.shape();
  for (int64_t i = 0; i < index.numel(); ++i) {
    Sizes at(shape.size());
    int64_t rest = i;
    for (size_t d = shape.size(); d-- > 0; rest /= shape[d]) at[d] = rest % shape[d];
    const auto number = [&](const Sizes& sizes) {
      int64_t result = 0;
      for (size_t d = 0; d < sizes.size(); ++d) result = result * sizes[d] + at[d];
      return result;
    };
    Meeting meeting{number(value), 0};
    const int64_t entry = static_cast<int64_t>(index.Get(i).real());
    if (!at.empty()) at[axis] = entry < 0 ? entry + x[axis] : entry;
    meeting.element = number(x);
    meetings.push_back(meeting);
  }
  return meetings;
}

Value Combined(const std::string& reduce, Value a, Value b) {
  if (reduce == "assign") return b;
  if (reduce == "add" || reduce == "mean") return a + b;
  if (reduce == "mul") return a * b;
  const bool b_wins = reduce == "amax" ? b.real() > a.real() : b.real() < a.real();
  return b_wins ? b : a;
}

/// One after the other, in complex128.
TestTensor Reference(const TestTensor& x, const TestTensor& index, const TestTensor& value,
                     int axis, const std::string& reduce, bool include_self) {
  std::vector<Value> elements;
  for (int64_t i = 0; i < x.numel(); ++i) elements.push_back(x.Get(i));
  std::vector<int64_t> counts(x.numel(), include_self ? 1 : 0);
  for (const Meeting& meeting : Meetings(index, value.shape(), x.shape(), axis)) {
    Value& element = elements[meeting.element];
    const Value other = value.Get(meeting.value);
    element = counts[meeting.element]++ == 0 ? other : Combined(reduce, element, other);
  }
  TestTensor out(x.dtype(), x.shape());
  for (int64_t i = 0; i < x.numel(); ++i) {
    if (reduce == "mean" && counts[i] > 0) elements[i] /= static_cast<double>(counts[i]);
    if (reduce == "mean" && x.dtype() < DType::kFloat16) {
      elements[i] = std::floor(elements[i].real());
    }
    out.Set(i, elements[i]);
  }
  return out;
}

TestTensor Put(const TestTensor& x, const TestTensor& index, const TestTensor& value, int64_t axis,
               const char* reduce, bool include_self = true, const Context& context = {}) {
  TestTensor out(x.dtype(), x.shape());
  const Status status = PutAlongAxis(x.view(), index.view(), value.view(), axis, reduce,
                                     include_self, out.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return out;
}

struct Gradients {
  TestTensor x;
  TestTensor value;
};

Gradients Grads(const TestTensor& x, const TestTensor& index, const TestTensor& value,
                const TestTensor& out_grad, int64_t axis, const char* reduce,
                bool include_self = true, const Context& context = {}) {
  const TestTensor out = Put(x, index, value, axis, reduce, include_self, context);
  Gradients grads{TestTensor(x.dtype(), x.shape()), TestTensor(x.dtype(), value.shape())};
  const TensorView x_view = x.view();
  const TensorView value_view = value.view();
  const TensorView out_view = out.view();
  const MutableTensorView x_grad = grads.x.mutable_view();
  const MutableTensorView value_grad = grads.value.mutable_view();
  const Status status =
      PutAlongAxisGrad(&x_view, index.view(), &value_view, &out_view, out_grad.view(), axis, reduce,
                       include_self, &x_grad, &value_grad, context);
  EXPECT_TRUE(status.ok()) << status.message;
  return grads;
}

/// Whether the dtype has the reduction and small products in it are exact.
bool IsExact(const std::string& reduce, DType dtype) {
  const bool is_complex = RealsPerElement(dtype) == 2;
  if (reduce == "amax" || reduce == "amin") return !is_complex;
  if (reduce == "mean") return dtype != DType::kBool;
  return reduce != "mul" || dtype == DType::kFloat64 || dtype == DType::kComplex128 ||
         dtype == DType::kBool;
}

class EveryDType : public testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(PutAlongAxisTest, EveryDType, testing::ValuesIn(kAllDTypes),
                         [](const auto& info) { return DTypeName(info.param); });

/// The same numbers, or the nearest ones of the dtype to within `ulps` units of about 1.
void ExpectEqual(const TestTensor& actual, const TestTensor& expected, const std::string& what) {
  if (actual.Bits() == expected.Bits()) return;
  const double epsilon =
      actual.dtype() == DType::kFloat32 || actual.dtype() == DType::kComplex64 ? 1e-6 : 1e-15;
  for (int64_t i = 0; i < actual.numel(); ++i) {
    const double allowed =
        actual.dtype() < DType::kFloat32 ? 0 : epsilon * std::max(1.0, std::abs(expected.Get(i)));
    ASSERT_LE(std::abs(actual.Get(i) - expected.Get(i)), allowed) << what << " element " << i;
  }
}

TEST_P(EveryDType, CombinesAlongAnyAxis) {
  std::mt19937 random(1);
  for (const Sizes& shape :
       {Sizes{7}, {5, 3}, {3, 5, 7}, {13, 70}, {2, 60, 9}, {300, 2, 3}, {40, 1500}}) {
    for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
      for (const int64_t count : {1, 3, 40}) {
        Sizes index_shape = shape;
        index_shape[axis] = count;
        const TestTensor x = TestTensor::Random(GetParam(), shape, &random);
        const TestTensor value = TestTensor::Random(GetParam(), index_shape, &random);
        const TestTensor index = RandomIndex(index_shape, shape[axis], &random);
        for (const char* reduce : kReductions) {
          if (!IsExact(reduce, GetParam())) continue;
          // Their sums wrap around, and the mean is that of the wrapped sum.
          if (reduce == std::string("mean") && GetParam() < DType::kInt16) continue;
          if (reduce == std::string("mul") && count > 3 && GetParam() != DType::kBool) continue;
          for (const bool include_self : {true, false}) {
            ExpectEqual(Put(x, index, value, axis, reduce, include_self),
                        Reference(x, index, value, axis, reduce, include_self),
                        ShapeString(x.view()) + " axis " + std::to_string(axis) + " count " +
                            std::to_string(count) + " " + reduce);
          }
        }
      }
    }
  }
}

TEST_P(EveryDType, TheIndexMayBeSmallerThanXAndTheValueLarger) {
  std::mt19937 random(2);
  const Sizes shape{6, 5, 4, 3};
  for (int axis = 0; axis < 4; ++axis) {
    for (const Sizes& index_shape : {Sizes{2, 5, 4, 3}, {6, 3, 4, 3}, {6, 5, 4, 1}, {3, 2, 2, 2}}) {
      Sizes value_shape = index_shape;
      for (int64_t& size : value_shape) size += 2;
      const TestTensor x = TestTensor::Random(GetParam(), shape, &random);
      const TestTensor value = TestTensor::Random(GetParam(), value_shape, &random);
      const TestTensor index = RandomIndex(index_shape, shape[axis], &random);
      ExpectEqual(Put(x, index, value, axis, "add"), Reference(x, index, value, axis, "add", true),
                  ShapeString(index.view()));
    }
  }
}

TEST_P(EveryDType, AnyStrides) {
  std::mt19937 random(3);
  const TestTensor x = TestTensor::Random(GetParam(), {3, 5, 7}, &random);
  const TestTensor value = TestTensor::Random(GetParam(), {3, 4, 7}, &random);
  const TestTensor index = RandomIndex({3, 4, 7}, 5, &random);
  const std::string expected = Reference(x, index, value, 1, "add", true).Bits();
  for (const Strides from : kAllStrides) {
    for (const Strides to : kAllStrides) {
      TestTensor out(GetParam(), {3, 5, 7}, to);
      ASSERT_TRUE(PutAlongAxis(x.With(from).view(), index.With(from).view(), value.With(to).view(),
                               1, "add", true, out.mutable_view(), {})
                      .ok());
      EXPECT_TRUE(out.Bits() == expected);
      EXPECT_TRUE(out.GapsArePoison());
    }
  }
}

TEST_P(EveryDType, OutMayBeX) {
  std::mt19937 random(4);
  for (const Strides strides : kAllStrides) {
    for (const Sizes& shape : {Sizes{3, 5, 7}, {3, 500, 11}, {60, 40, 3}, {2, 3, 1500}}) {
      TestTensor x = TestTensor::Random(GetParam(), shape, &random, strides);
      const Sizes index_shape{shape[0], 9, shape[2]};
      const TestTensor value = TestTensor::Random(GetParam(), index_shape, &random);
      const TestTensor index = RandomIndex(index_shape, shape[1], &random);
      const TestTensor expected = Reference(x, index, value, 1, "add", true);
      ASSERT_TRUE(
          PutAlongAxis(x.view(), index.view(), value.view(), 1, "add", true, x.mutable_view(), {})
              .ok());
      EXPECT_TRUE(x.Bits() == expected.Bits());
    }
  }
}

/// The gradient of the sum of `weights` * out by definition, for distinct factors: what changes if
/// one input does.
TEST(PutAlongAxisGradTest, AgreesWithDifferenceQuotients) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> numbers(0.5, 2.0);
  const auto fill = [&](TestTensor tensor) {
    for (int64_t i = 0; i < tensor.numel(); ++i) tensor.Set(i, numbers(random));
    return tensor;
  };
  const TestTensor x = fill(TestTensor(DType::kFloat64, {4, 3, 5}));
  for (int axis = 0; axis < 3; ++axis) {
    Sizes index_shape{3, 2, 4};
    index_shape[axis] = 7;
    Sizes value_shape = index_shape;
    ++value_shape[0];
    const TestTensor value = fill(TestTensor(DType::kFloat64, value_shape));
    const TestTensor weights = fill(TestTensor(DType::kFloat64, x.shape()));
    const TestTensor index = RandomIndex(index_shape, x.shape()[axis], &random);
    for (const char* reduce : {"add", "mul", "mean", "amax", "amin"}) {
      for (const bool include_self : {true, false}) {
        const auto loss = [&](const TestTensor& changed_x, const TestTensor& changed_value) {
          const TestTensor out = Put(changed_x, index, changed_value, axis, reduce, include_self);
          double sum = 0;
          for (int64_t i = 0; i < out.numel(); ++i) {
            sum += out.Get(i).real() * weights.Get(i).real();
          }
          return sum;
        };
        const Gradients grads = Grads(x, index, value, weights, axis, reduce, include_self);
        constexpr double kStep = 1e-5;
        for (int64_t i = 0; i < x.numel(); ++i) {
          TestTensor more = x, less = x;
          more.Set(i, x.Get(i) + kStep);
          less.Set(i, x.Get(i) - kStep);
          const double expected = (loss(more, value) - loss(less, value)) / (2 * kStep);
          ASSERT_NEAR(grads.x.Get(i).real(), expected, 1e-6) << reduce << " x " << i;
        }
        for (int64_t i = 0; i < value.numel(); ++i) {
          TestTensor more = value, less = value;
          more.Set(i, value.Get(i) + kStep);
          less.Set(i, value.Get(i) - kStep);
          const double expected = (loss(x, more) - loss(x, less)) / (2 * kStep);
          ASSERT_NEAR(grads.value.Get(i).real(), expected, 1e-6) << reduce << " value " << i;
        }
      }
    }
  }
}

TEST_P(EveryDType, TheGradientsOfAssignAreMovements) {
  std::mt19937 random(6);
  for (const Sizes& shape : {Sizes{3, 5, 7}, {2, 900, 20}}) {
    const Sizes index_shape{shape[0], 60, shape[2]};
    const TestTensor x = TestTensor::Random(GetParam(), shape, &random);
    const TestTensor value = TestTensor::Random(GetParam(), index_shape, &random);
    const TestTensor index = RandomIndex(index_shape, shape[1], &random);
    const TestTensor out_grad = TestTensor::Random(GetParam(), shape, &random);
    std::vector<std::optional<int64_t>> winner(x.numel());
    for (const Meeting& meeting : Meetings(index, index_shape, shape, 1)) {
      winner[meeting.element] = meeting.value;
    }
    TestTensor x_grad = out_grad;
    TestTensor value_grad(GetParam(), index_shape);
    for (int64_t i = 0; i < value.numel(); ++i) value_grad.Set(i, 0);
    for (int64_t i = 0; i < x.numel(); ++i) {
      if (!winner[i]) continue;
      value_grad.Set(*winner[i], out_grad.Get(i));
      x_grad.Set(i, 0);
    }
    const Gradients grads = Grads(x, index, value, out_grad, 1, "assign");
    EXPECT_TRUE(grads.x.Bits() == x_grad.Bits());
    EXPECT_TRUE(grads.value.Bits() == value_grad.Bits());
  }
}

TEST_P(EveryDType, TheGradientsOfAddAreACopyAndAGather) {
  std::mt19937 random(7);
  const TestTensor x = TestTensor::Random(GetParam(), {3, 5, 70}, &random);
  const TestTensor value = TestTensor::Random(GetParam(), {3, 40, 70}, &random);
  const TestTensor index = RandomIndex({3, 40, 70}, 5, &random);
  const TestTensor out_grad = TestTensor::Random(GetParam(), {3, 5, 70}, &random);
  const Gradients grads = Grads(x, index, value, out_grad, 1, "add");
  EXPECT_TRUE(grads.x.Bits() == out_grad.Bits());
  for (const Meeting& meeting : Meetings(index, {3, 40, 70}, {3, 5, 70}, 1)) {
    ASSERT_EQ(grads.value.Get(meeting.value), out_grad.Get(meeting.element));
  }
}

TEST(PutAlongAxisTest, TheLastAssignedValueWins) {
  EXPECT_EQ(Put(Doubles({1, 2}), Index({0, 0, 1, 0}), Doubles({3, 4, 5, 6}), 0, "assign").Bits(),
            Doubles({6, 5}).Bits());
}

TEST(PutAlongAxisTest, NegativeIndicesAndAxesCountFromTheEnd) {
  EXPECT_EQ(Put(Doubles({1, 2, 3}), Index({-1, -3}), Doubles({10, 20}), -1, "add").Bits(),
            Doubles({21, 2, 13}).Bits());
}

TEST(PutAlongAxisTest, WithoutSelfOnlyElementsThatGetNoValueStay) {
  const TestTensor x = Doubles({5, 6, 7});
  const TestTensor index = Index({0, 0, 2});
  const TestTensor value = Doubles({3, 4, -2});
  EXPECT_EQ(Put(x, index, value, 0, "add", false).Bits(), Doubles({7, 6, -2}).Bits());
  EXPECT_EQ(Put(x, index, value, 0, "mul", false).Bits(), Doubles({12, 6, -2}).Bits());
  EXPECT_EQ(Put(x, index, value, 0, "mean", false).Bits(), Doubles({3.5, 6, -2}).Bits());
  EXPECT_EQ(Put(x, index, value, 0, "amax", false).Bits(), Doubles({4, 6, -2}).Bits());
  EXPECT_EQ(Put(x, index, value, 0, "amin", false).Bits(), Doubles({3, 6, -2}).Bits());
  EXPECT_EQ(Put(x, index, value, 0, "assign", false).Bits(), Doubles({4, 6, -2}).Bits());
}

TEST(PutAlongAxisTest, MultiplyIsAnotherNameOfMul) {
  EXPECT_EQ(Put(Doubles({2}), Index({0}), Doubles({3}), 0, "multiply").Get(0), 6.0);
}

TEST(PutAlongAxisTest, TheMeanOfIntegersIsTheFloor) {
  const auto mean = [](DType dtype, double x, double value) {
    return Put(TestTensor::Of(dtype, {1}, {x}), Index({0}), TestTensor::Of(dtype, {1}, {value}), 0,
               "mean")
        .Get(0)
        .real();
  };
  EXPECT_EQ(mean(DType::kInt64, -3, 0), -2);
  EXPECT_EQ(mean(DType::kInt8, 3, 0), 1);
  EXPECT_EQ(mean(DType::kInt16, -4, 0), -2);
}

TEST(PutAlongAxisTest, IntegersWrapAround) {
  const TestTensor x = TestTensor::Of(DType::kInt8, {1}, {100});
  const TestTensor value = TestTensor::Of(DType::kInt8, {1}, {100});
  EXPECT_EQ(Put(x, Index({0}), value, 0, "add").Get(0), -56.0);
  EXPECT_EQ(Put(x, Index({0}), value, 0, "mul").Get(0), 16.0);
}

TEST(PutAlongAxisTest, BoolsAreOredAndAnded) {
  const TestTensor x = TestTensor::Of(DType::kBool, {4}, {0, 0, 1, 1});
  const TestTensor value = TestTensor::Of(DType::kBool, {4}, {0, 1, 0, 1});
  const TestTensor index = Index({0, 1, 2, 3});
  const std::string any = TestTensor::Of(DType::kBool, {4}, {0, 1, 1, 1}).Bits();
  const std::string all = TestTensor::Of(DType::kBool, {4}, {0, 0, 0, 1}).Bits();
  EXPECT_EQ(Put(x, index, value, 0, "add").Bits(), any);
  EXPECT_EQ(Put(x, index, value, 0, "amax").Bits(), any);
  EXPECT_EQ(Put(x, index, value, 0, "mul").Bits(), all);
  EXPECT_EQ(Put(x, index, value, 0, "amin").Bits(), all);
}

TEST(PutAlongAxisTest, ExtremesPropagateNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* reduce : {"amax", "amin"}) {
    const TestTensor out = Put(Doubles({nan, 1, 2, 3}), Index({0, 1, 1, 2, 2}),
                               Doubles({7, nan, 5, 5, nan}), 0, reduce);
    for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(out.Get(i).real())) << reduce << i;
    EXPECT_EQ(out.Get(3), 3.0);
    const TestTensor without_self =
        Put(Doubles({nan}), Index({0, 0}), Doubles({7, 7}), 0, reduce, false);
    EXPECT_EQ(without_self.Get(0), 7.0);
  }
}

// In float16 arithmetic 2048 + 1 is 2048.
TEST(PutAlongAxisTest, HalfPrecisionIsRoundedOnce) {
  for (const DType dtype : {DType::kFloat16, DType::kBFloat16}) {
    for (const int64_t columns : {1, 70}) {
      const TestTensor x = TestTensor::Of(dtype, {1, columns}, std::vector<double>(columns, 2048));
      const std::vector<double> ones(1024 * columns, 1.0);
      const TestTensor value = TestTensor::Of(dtype, {1024, columns}, ones);
      const TestTensor index =
          TestTensor::Of(DType::kInt64, {1024, columns}, std::vector<double>(1024 * columns, 0.0));
      EXPECT_EQ(Put(x, index, value, 0, "add").Get(columns - 1), 3072.0) << DTypeName(dtype);
      EXPECT_EQ(Put(x, index, value, 0, "mean").Get(columns - 1),
                TestTensor::Of(dtype, {1}, {3072.0 / 1025}).Get(0));
    }
  }
}

TEST(PutAlongAxisTest, ScalarsCountAsOneDimension) {
  const TestTensor x = TestTensor::Of(DType::kInt32, {}, {10});
  const TestTensor value = TestTensor::Of(DType::kInt32, {}, {5});
  const TestTensor index = TestTensor::Of(DType::kInt32, {}, {-1});
  EXPECT_EQ(Put(x, index, value, 0, "add").Get(0), 15.0);
  EXPECT_EQ(Put(x, index, value, -1, "assign").Get(0), 5.0);
}

TEST(PutAlongAxisTest, NoPositionGivesX) {
  std::mt19937 random(8);
  for (const char* reduce : kReductions) {
    for (const Sizes& index_shape : {Sizes{0, 3}, {4, 0}, {0, 0}, {2, 0}}) {
      for (int axis = 0; axis < 2; ++axis) {
        const TestTensor x = TestTensor::Random(DType::kFloat16, {4, 3}, &random);
        const TestTensor index(DType::kInt64, index_shape);
        const TestTensor value(DType::kFloat16, index_shape);
        EXPECT_EQ(Put(x, index, value, axis, reduce).Bits(), x.Bits());
        EXPECT_EQ(Put(x, index, value, axis, reduce, false).Bits(), x.Bits());
        EXPECT_EQ(Grads(x, index, value, x, axis, reduce).x.Bits(), x.Bits());
      }
    }
  }
}

TEST(PutAlongAxisTest, AnEmptyXGivesAnEmptyOut) {
  for (const char* reduce : kReductions) {
    const TestTensor x(DType::kFloat32, {3, 0});
    EXPECT_EQ(
        Put(x, TestTensor(DType::kInt64, {7, 0}), TestTensor(DType::kFloat32, {7, 0}), 0, reduce)
            .numel(),
        0);
  }
}

TEST(PutAlongAxisTest, TheBitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(9);
  std::normal_distribution<double> normal;
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    for (const Sizes& shape : {Sizes{400, 150}, {60, 5, 90}, {9000, 5}, {30000}}) {
      for (int axis = 0; axis < static_cast<int>(shape.size()); ++axis) {
        TestTensor x(dtype, shape);
        TestTensor value(dtype, shape);
        for (int64_t i = 0; i < x.numel(); ++i) x.Set(i, normal(random));
        for (int64_t i = 0; i < x.numel(); ++i) value.Set(i, normal(random));
        const TestTensor index = RandomIndex(shape, (shape[axis] + 3) / 4, &random);
        for (const char* reduce : {"add", "mul", "mean", "amax"}) {
          const auto bits = [&](int threads) {
            const Gradients grads = Grads(x, index, value, x, axis, reduce, true, Context{threads});
            return Put(x, index, value, axis, reduce, true, Context{threads}).Bits() +
                   grads.x.Bits() + grads.value.Bits();
          };
          const std::string one = bits(1);
          for (const int threads : {2, 3, 4}) EXPECT_TRUE(bits(threads) == one) << reduce;
        }
      }
    }
  }
}

TEST(PutAlongAxisGradTest, OfAProductIsNotAQuotient) {
  const Gradients grads =
      Grads(Doubles({0, 2}), Index({0, 0}), Doubles({3, 4}), Doubles({1, 1}), 0, "mul");
  EXPECT_EQ(grads.x.Bits(), Doubles({12, 1}).Bits());
  EXPECT_EQ(grads.value.Bits(), Doubles({0, 0}).Bits());
  const Gradients zero_value =
      Grads(Doubles({2}), Index({0, 0}), Doubles({3, 0}), Doubles({1}), 0, "mul");
  EXPECT_EQ(zero_value.x.Bits(), Doubles({0}).Bits());
  EXPECT_EQ(zero_value.value.Bits(), Doubles({0, 6}).Bits());
}

TEST(PutAlongAxisGradTest, OfAComplexProductHasConjugateFactors) {
  TestTensor x(DType::kComplex128, {1});
  TestTensor value(DType::kComplex128, {2});
  TestTensor out_grad(DType::kComplex128, {1});
  x.Set(0, Value(1, 2));
  value.Set(0, Value(3, -1));
  value.Set(1, Value(0, 1));
  out_grad.Set(0, Value(2, 1));
  const Gradients grads = Grads(x, Index({0, 0}), value, out_grad, 0, "mul");
  EXPECT_EQ(grads.x.Get(0), Value(2, 1) * std::conj(Value(3, -1) * Value(0, 1)));
  EXPECT_EQ(grads.value.Get(0), Value(2, 1) * std::conj(Value(1, 2) * Value(0, 1)));
  EXPECT_EQ(grads.value.Get(1), Value(2, 1) * std::conj(Value(1, 2) * Value(3, -1)));
}

TEST(PutAlongAxisGradTest, TiesOfExtremesShareEvenly) {
  for (const char* reduce : {"amax", "amin"}) {
    const TestTensor x = Doubles({3, 1});
    const TestTensor index = Index({0, 0});
    const TestTensor value = Doubles({3, 3});
    const Gradients with_self = Grads(x, index, value, Doubles({6, 5}), 0, reduce);
    EXPECT_EQ(with_self.x.Bits(), Doubles({2, 5}).Bits());
    EXPECT_EQ(with_self.value.Bits(), Doubles({2, 2}).Bits());
    const Gradients without = Grads(x, index, value, Doubles({6, 5}), 0, reduce, false);
    EXPECT_EQ(without.x.Bits(), Doubles({0, 5}).Bits());
    EXPECT_EQ(without.value.Bits(), Doubles({3, 3}).Bits());
  }
}

TEST(PutAlongAxisGradTest, WhereTheExtremeIsNaNSoAreTheGradients) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Gradients grads =
      Grads(Doubles({1, 1}), Index({0, 0, 1}), Doubles({nan, 2, 3}), Doubles({1, 1}), 0, "amax");
  EXPECT_TRUE(std::isnan(grads.x.Get(0).real()));
  EXPECT_TRUE(std::isnan(grads.value.Get(0).real()));
  EXPECT_TRUE(std::isnan(grads.value.Get(1).real()));
  EXPECT_EQ(grads.x.Get(1), 0.0);
  EXPECT_EQ(grads.value.Get(2), 1.0);
}

TEST(PutAlongAxisGradTest, ANaNThatGetsNoValueIsOnlyCopied) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* reduce : {"amax", "amin"}) {
    const auto grads =
        Grads(Doubles({nan, 1}), Index({1}), Doubles({1}), Doubles({5, 6}), 0, reduce);
    EXPECT_EQ(grads.x.Get(0), 5.0) << reduce;
  }
}

TEST(PutAlongAxisGradTest, IsZeroBeyondTheIndex) {
  const TestTensor x = TestTensor::Of(DType::kFloat64, {2, 2}, {1, 2, 3, 4});
  const TestTensor index = TestTensor::Of(DType::kInt64, {1, 1}, {1});
  const TestTensor value = TestTensor::Of(DType::kFloat64, {2, 2}, {5, 6, 7, 8});
  for (const char* reduce : kReductions) {
    const Gradients grads = Grads(x, index, value, x, 0, reduce);
    for (int64_t i = 1; i < 4; ++i) EXPECT_EQ(grads.value.Get(i), 0.0) << reduce;
    for (const int64_t i : {0, 1, 3}) EXPECT_EQ(grads.x.Get(i), x.Get(i)) << reduce;
  }
}

TEST(PutAlongAxisGradTest, EveryDTypeThatHasTheReductionHasItsGradients) {
  for (const DType dtype : kAllDTypes) {
    const TestTensor x = TestTensor::Of(dtype, {2}, {1, 1});
    const TestTensor value = TestTensor::Of(dtype, {1}, {1});
    const double half = dtype < DType::kFloat16 ? 0.0 : 0.5;
    for (const char* reduce : kReductions) {
      TestTensor out(dtype, {2});
      const bool exists = PutAlongAxis(x.view(), Index({0}).view(), value.view(), 0, reduce, true,
                                       out.mutable_view(), {})
                              .ok();
      if (!exists) continue;
      const Gradients grads = Grads(x, Index({0}), value, x, 0, reduce);
      const std::string name = reduce;
      const bool is_shared = name == "mean" || name == "amax" || name == "amin";
      const double share = is_shared && dtype != DType::kBool ? half : 1.0;
      EXPECT_EQ(grads.value.Get(0), share) << DTypeName(dtype) << " " << reduce;
      EXPECT_EQ(grads.x.Get(0), name == "assign" ? 0.0 : share) << DTypeName(dtype) << reduce;
      EXPECT_EQ(grads.x.Get(1), 1.0) << DTypeName(dtype) << " " << reduce;
    }
  }
}

TEST(PutAlongAxisGradTest, EitherGradientMayBeLeftOut) {
  std::mt19937 random(10);
  const TestTensor x = TestTensor::Random(DType::kBFloat16, {4, 30}, &random);
  const TestTensor value = TestTensor::Random(DType::kBFloat16, {9, 30}, &random);
  const TestTensor index = RandomIndex({9, 30}, 4, &random);
  const TensorView x_view = x.view();
  const TensorView value_view = value.view();
  for (const char* reduce : kReductions) {
    const TestTensor out = Put(x, index, value, 0, reduce);
    const TensorView out_view = out.view();
    const Gradients both = Grads(x, index, value, x, 0, reduce);
    Gradients one{TestTensor(DType::kBFloat16, {4, 30}), TestTensor(DType::kBFloat16, {9, 30})};
    const MutableTensorView x_grad = one.x.mutable_view();
    const MutableTensorView value_grad = one.value.mutable_view();
    const auto run = [&](const MutableTensorView* first, const MutableTensorView* second) {
      return PutAlongAxisGrad(&x_view, index.view(), &value_view, &out_view, x_view, 0, reduce,
                              true, first, second, {})
          .ok();
    };
    EXPECT_TRUE(run(nullptr, nullptr));
    EXPECT_TRUE(run(&x_grad, nullptr));
    EXPECT_TRUE(run(nullptr, &value_grad));
    EXPECT_TRUE(one.x.Bits() == both.x.Bits()) << reduce;
    EXPECT_TRUE(one.value.Bits() == both.value.Bits()) << reduce;
  }
}

TEST(PutAlongAxisGradTest, NeedsTheInputsOnlyWhereTheyMatter) {
  const TestTensor x = Doubles({1, 2});
  const TensorView view = x.view();
  TestTensor x_grad(DType::kFloat64, {2});
  const MutableTensorView x_grad_view = x_grad.mutable_view();
  const auto message = [&](const char* reduce, const TensorView* input, const TensorView* out) {
    return PutAlongAxisGrad(input, Index({0, 0}).view(), input, out, view, 0, reduce, true,
                            &x_grad_view, nullptr, {})
        .message;
  };
  EXPECT_EQ(message("assign", nullptr, nullptr), "");
  EXPECT_EQ(message("add", nullptr, nullptr), "");
  EXPECT_EQ(message("mean", nullptr, nullptr), "");
  EXPECT_EQ(message("mul", &view, nullptr), "");
  EXPECT_EQ(message("mul", nullptr, nullptr),
            "x is missing, expected a tensor, because reduce is mul");
  EXPECT_EQ(message("amax", &view, nullptr),
            "out is missing, expected a tensor, because reduce is amax");
}

TEST_P(EveryDType, GradientsOfAnyStrides) {
  std::mt19937 random(11);
  const TestTensor x = TestTensor::Random(GetParam(), {3, 5, 7}, &random);
  const TestTensor value = TestTensor::Random(GetParam(), {3, 4, 7}, &random);
  const TestTensor index = RandomIndex({3, 4, 7}, 5, &random);
  const Gradients expected = Grads(x, index, value, x, 1, "assign");
  for (const Strides from : kAllStrides) {
    for (const Strides to : kAllStrides) {
      TestTensor x_grad(GetParam(), {3, 5, 7}, to);
      TestTensor value_grad(GetParam(), {3, 4, 7}, to);
      const MutableTensorView x_grad_view = x_grad.mutable_view();
      const MutableTensorView value_grad_view = value_grad.mutable_view();
      ASSERT_TRUE(PutAlongAxisGrad(nullptr, index.With(from).view(), nullptr, nullptr,
                                   x.With(from).view(), 1, "assign", true, &x_grad_view,
                                   &value_grad_view, {})
                      .ok());
      EXPECT_TRUE(x_grad.Bits() == expected.x.Bits());
      EXPECT_TRUE(value_grad.Bits() == expected.value.Bits());
      EXPECT_TRUE(x_grad.GapsArePoison());
      EXPECT_TRUE(value_grad.GapsArePoison());
    }
  }
}

/// The status for an int32 x; out must stay poison.
Status Rejected(const Sizes& x_shape, const TestTensor& index, int64_t axis,
                const TestTensor& value, const char* reduce = "add") {
  std::mt19937 random(12);
  const TestTensor x = TestTensor::Random(DType::kInt32, x_shape, &random);
  TestTensor out(DType::kInt32, x_shape);
  const std::string poison = out.Bits();
  const Status status = PutAlongAxis(x.view(), index.view(), value.view(), axis, reduce, true,
                                     out.mutable_view(), {});
  EXPECT_TRUE(out.Bits() == poison);
  return status;
}

TEST(PutAlongAxisErrorTest, AnIndexOutOfRangeIsNamedAndNothingIsWritten) {
  const TestTensor value = TestTensor::Of(DType::kInt32, {2, 2}, {1, 1, 1, 1});
  for (const double bad : {4.0, -5.0, 9e15}) {
    const TestTensor index = TestTensor::Of(DType::kInt64, {2, 2}, {0, 1, bad, 1});
    const Status status = Rejected({4, 2}, index, 0, value);
    EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message, "index[1, 0] is " + std::to_string(static_cast<int64_t>(bad)) +
                                  ", expected -4 <= index < 4");
  }
}

TEST(PutAlongAxisErrorTest, TheSmallestIntegerIsOutOfRangeToo) {
  TestTensor index(DType::kInt64, {1});
  index.Set(0, static_cast<double>(std::numeric_limits<int64_t>::min()));
  const Status status = Rejected({4}, index, 0, TestTensor::Of(DType::kInt32, {1}, {1}));
  EXPECT_EQ(status.message, "index[0] is -9223372036854775808, expected -4 <= index < 4");
}

TEST(PutAlongAxisErrorTest, AnEmptyAxisHasNoLegalIndex) {
  const Status status = Rejected({0}, Index({0}), 0, TestTensor::Of(DType::kInt32, {1}, {1}));
  EXPECT_EQ(status.message, "index[0] is 0, expected 0 <= index < 0");
}

TEST(PutAlongAxisErrorTest, TheAxisIsChecked) {
  const TestTensor ones = TestTensor::Of(DType::kInt32, {1, 2}, {1, 1});
  for (const int64_t axis : {2, -3}) {
    const Status status =
        Rejected({4, 2}, TestTensor::Of(DType::kInt64, {1, 2}, {0, 0}), axis, ones);
    EXPECT_EQ(status.code, StatusCode::kOutOfRange);
    EXPECT_EQ(status.message, "axis is " + std::to_string(axis) + ", expected -2 <= axis < 2");
  }
}

TEST(PutAlongAxisErrorTest, TheShapesAreChecked) {
  const TestTensor value(DType::kInt32, {1, 3});
  EXPECT_EQ(Rejected({4, 2}, TestTensor(DType::kInt64, {1, 3}), 0, value).message,
            "the shape of index is [1, 3], expected 2 dimensions, each except 0 at most that of x "
            "[4, 2]");
  EXPECT_EQ(Rejected({4, 2}, TestTensor(DType::kInt64, {2, 2}), 0, value).message,
            "the shape of value is [1, 3], expected 2 dimensions, each at least that of index "
            "[2, 2]");
  EXPECT_EQ(Rejected({4}, TestTensor(DType::kInt64, {1, 1}), 0, value).message,
            "the shape of index is [1, 1], expected 1 dimensions, each except 0 at most that of x "
            "[4]");
}

TEST(PutAlongAxisErrorTest, DTypesAreChecked) {
  const TestTensor one = TestTensor::Of(DType::kInt32, {1}, {1});
  const Status status = Rejected({4}, TestTensor::Of(DType::kFloat32, {1}, {0}), 0, one);
  EXPECT_EQ(status.code, StatusCode::kUnsupportedDType);
  EXPECT_EQ(status.message, "the dtype of index is float32, expected int32 or int64");
  EXPECT_EQ(Rejected({4}, Index({0}), 0, TestTensor(DType::kInt64, {1})).message,
            "the dtypes of x and value must be equal, but they are int32 and int64");
}

TEST(PutAlongAxisErrorTest, TheReductionIsChecked) {
  const TestTensor one = TestTensor::Of(DType::kInt32, {1}, {1});
  const Status status = Rejected({4}, Index({0}), 0, one, "sum");
  EXPECT_EQ(status.code, StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message, "reduce is 'sum', expected assign, add, mul, mean, amax or amin");
}

TEST(PutAlongAxisErrorTest, SomeDTypesLackAReduction) {
  const auto status = [](DType dtype, const char* reduce) {
    const TestTensor one = TestTensor::Of(dtype, {1}, {1});
    TestTensor out(dtype, {1});
    return PutAlongAxis(one.view(), Index({0}).view(), one.view(), 0, reduce, true,
                        out.mutable_view(), {});
  };
  EXPECT_EQ(status(DType::kBool, "mean").code, StatusCode::kUnsupportedDType);
  EXPECT_EQ(status(DType::kComplex64, "amax").code, StatusCode::kUnsupportedDType);
  EXPECT_EQ(status(DType::kComplex128, "amin").message,
            "reduce is amin, which is not defined for x of dtype complex128");
}

}  // namespace
}  // namespace paddlemend
