#include "cc/kernels/index_add.h"

#include <gtest/gtest.h>

#include <complex>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {
namespace {

using Sizes = std::vector<int64_t>;

TestTensor<int64_t> MakeIndex(const std::vector<int64_t>& values) {
  TestTensor<int64_t> index(DType::kInt64, {static_cast<int64_t>(values.size())});
  index.SetValues(values);
  return index;
}

template <typename T>
TestTensor<T> MakeFilled(DType dtype, const Sizes& shape, T value) {
  TestTensor<T> tensor(dtype, shape);
  tensor.Generate([value] { return value; });
  return tensor;
}

/// out by definition, with the additions in the order of the positions.
template <typename T>
std::vector<T> Reference(const TestTensor<T>& x, const std::vector<int64_t>& indices, int axis,
                         const TestTensor<T>& value) {
  TestTensor<T> out(x.view().dtype, x.shape());
  out.SetValues(x.values());
  for (size_t i = 0; i < indices.size(); ++i) {
    Sizes slice = x.shape();
    slice[axis] = 1;
    ForEachIndex(slice, [&](const Sizes& index) {
      Sizes from = index, to = index;
      from[axis] = static_cast<int64_t>(i);
      to[axis] = (indices[i] + x.shape()[axis]) % x.shape()[axis];
      out.at(to) = out.at(to) + value.at(from);
    });
  }
  return out.values();
}

struct Case {
  Sizes shape;
  int axis;
  int64_t count;
};

/// Small and large, long and short rows, one and many panels.
const Case kCases[] = {
    {{5}, 0, 3},          {{3, 2}, 0, 4},       {{2, 7, 3}, 1, 5},     {{3, 4, 5}, 2, 9},
    {{50, 300}, 0, 80},   {{20, 2500}, 0, 7},   {{4000}, 0, 9000},     {{300, 40}, 1, 60},
    {{7, 30, 9}, 1, 400}, {{6, 20, 33}, 1, 25}, {{2, 40000}, 1, 9000}, {{4, 3}, 0, 0},
};

template <typename T>
void ExpectReference(DType dtype, const Case& c, const Sizes& steps) {
  Random random;
  SCOPED_TRACE(random.seed());
  std::vector<int64_t> indices(c.count);
  const int64_t size = c.shape[c.axis];
  for (int64_t& index : indices) index = random.Integer(-size, size - 1);
  Sizes value_shape = c.shape;
  value_shape[c.axis] = c.count;
  TestTensor<T> x(dtype, c.shape, steps), value(dtype, value_shape, steps);
  x.Generate([&] { return static_cast<T>(random.Normal() * 30); });
  value.Generate([&] { return static_cast<T>(random.Normal() * 30); });
  const std::vector<T> expected = Reference(x, indices, c.axis, value);
  const TestTensor<int64_t> index = MakeIndex(indices);
  for (int threads = 1; threads <= 4; ++threads) {
    const TestTensor<T> out(dtype, c.shape, threads == 3 ? Sizes(steps.size(), 2) : Sizes());
    ASSERT_TRUE(
        IndexAdd(x.view(), index.view(), c.axis, value.view(), out.mutable_view(), Context{threads})
            .ok());
    ASSERT_EQ(out.values(), expected);
  }
  ASSERT_TRUE(
      IndexAdd(x.view(), index.view(), c.axis, value.view(), x.mutable_view(), Context()).ok());
  ASSERT_EQ(x.values(), expected) << "in place";
}

TEST(IndexAddTest, AddsInTheOrderOfThePositionsForAnyNumberOfThreadsAndInPlace) {
  for (const Case& c : kCases) {
    ExpectReference<float>(DType::kFloat32, c, {});
    ExpectReference<double>(DType::kFloat64, c, {});
    ExpectReference<std::complex<float>>(DType::kComplex64, c, {});
  }
}

TEST(IndexAddTest, HonoursStridesOfXValueAndOut) {
  for (const Case& c : kCases) {
    Sizes steps(c.shape.size(), 1);
    steps.front() = -2;
    steps.back() = 3;
    ExpectReference<float>(DType::kFloat32, c, steps);
    ExpectReference<int64_t>(DType::kInt64, c, steps);
  }
}

TEST(IndexAddTest, HalfPrecisionIsRoundedOncePerElement) {
  for (const int64_t inner : {1, 40, 3000}) {
    const int64_t count = 500;
    const auto x = MakeFilled(DType::kFloat16, {3, inner}, ToFloat16(4096.0f));
    const auto value = MakeFilled(DType::kFloat16, {count, inner}, ToFloat16(1.0f));
    const auto index = MakeIndex(std::vector<int64_t>(count, 1));
    const TestTensor<Float16> out(DType::kFloat16, {3, inner});
    ASSERT_TRUE(
        IndexAdd(x.view(), index.view(), 0, value.view(), out.mutable_view(), Context()).ok());
    EXPECT_EQ(out.at({1, inner - 1}).bits, ToFloat16(4096.0f + count).bits);
    EXPECT_EQ(out.at({0, 0}).bits, ToFloat16(4096.0f).bits);
  }
}

TEST(IndexAddTest, IntegersWrapAroundAndBoolIsTheLogicalOr) {
  const auto index = MakeIndex({0, 0});
  auto bytes = MakeFilled(DType::kInt8, {2}, int8_t{100});
  ASSERT_TRUE(
      IndexAdd(bytes.view(), index.view(), 0, bytes.view(), bytes.mutable_view(), Context()).ok());
  EXPECT_EQ(bytes.at({0}), static_cast<int8_t>(44));
  const auto no = MakeFilled(DType::kBool, {2}, uint8_t{0});
  const auto yes = MakeFilled(DType::kBool, {2}, uint8_t{1});
  const TestTensor<uint8_t> out(DType::kBool, {2});
  ASSERT_TRUE(IndexAdd(no.view(), index.view(), 0, yes.view(), out.mutable_view(), Context()).ok());
  EXPECT_EQ(out.values(), std::vector<uint8_t>({1, 0}));
}

TEST(IndexAddTest, AScalarTakesOneIndexOnAxisZeroOrMinusOne) {
  const auto x = MakeFilled(DType::kFloat32, {}, 1.0f);
  const auto value = MakeFilled(DType::kFloat32, {}, 2.0f);
  const TestTensor<float> out(DType::kFloat32, {});
  for (const int64_t axis : {0, -1}) {
    ASSERT_TRUE(IndexAdd(x.view(), MakeIndex({-1}).view(), axis, value.view(), out.mutable_view(),
                         Context())
                    .ok());
    EXPECT_EQ(out.at({}), 3.0f);
  }
  EXPECT_EQ(
      IndexAdd(x.view(), MakeIndex({0, 0}).view(), 0, value.view(), out.mutable_view(), Context())
          .code,
      StatusCode::kInvalidArgument);
}

/// The status of index_add of zeros, and that out was left alone if it is an error.
Status AddStatus(const Sizes& shape, const Sizes& value_shape, const std::vector<int64_t>& indices,
                 int64_t axis) {
  const auto x = MakeFilled(DType::kFloat32, shape, 0.0f);
  const auto value = MakeFilled(DType::kFloat32, value_shape, 1.0f);
  const TestTensor<float> out(DType::kFloat32, shape), untouched(DType::kFloat32, shape);
  const Status status = IndexAdd(x.view(), MakeIndex(indices).view(), axis, value.view(),
                                 out.mutable_view(), Context());
  if (!status.ok()) {
    EXPECT_EQ(out.values(), untouched.values());
  }
  return status;
}

void ExpectError(const Status& status, StatusCode code, const std::string& part) {
  EXPECT_EQ(status.code, code);
  EXPECT_NE(status.message.find(part), std::string::npos) << status.message;
}

TEST(IndexAddTest, AnIndexOutOfRangeIsFoundBeforeAnythingIsWritten) {
  ExpectError(AddStatus({3, 2}, {3, 2}, {0, 1, 3}, 0), StatusCode::kInvalidArgument,
              "index[2] is 3, expected -3 <= index < 3");
  ExpectError(AddStatus({3, 2}, {1, 2}, {-4}, 0), StatusCode::kInvalidArgument, "index[0] is -4");
}

TEST(IndexAddTest, ErrorsNameTheAxisAndBothShapes) {
  ExpectError(AddStatus({3, 2}, {1, 2}, {0}, 2), StatusCode::kOutOfRange, "axis is 2");
  ExpectError(AddStatus({3, 2}, {1, 2}, {0}, -3), StatusCode::kOutOfRange, "axis is -3");
  ExpectError(AddStatus({3, 2}, {2, 2}, {0}, 0), StatusCode::kInvalidArgument,
              "value is [2, 2], expected [1, 2]");
  ExpectError(AddStatus({3, 2}, {1, 3}, {0}, 0), StatusCode::kInvalidArgument,
              "value is [1, 3], expected [1, 2]");
}

TEST(IndexAddTest, AnEmptyXIsCheckedAsInTorch) {
  EXPECT_TRUE(AddStatus({0, 3}, {1, 3}, {0}, 0).ok());
  EXPECT_TRUE(AddStatus({4, 0}, {1, 0}, {9}, 0).ok());
  EXPECT_FALSE(AddStatus({0}, {1}, {0}, 0).ok());
  EXPECT_TRUE(AddStatus({0}, {0}, {}, 0).ok());
}

TEST(IndexAddTest, RefusesAnIndexOfAnotherDType) {
  const auto x = MakeFilled(DType::kFloat32, {3}, 0.0f);
  const TestTensor<float> out(DType::kFloat32, {3});
  ExpectError(IndexAdd(x.view(), x.view(), 0, x.view(), out.mutable_view(), Context()),
              StatusCode::kUnsupportedDType, "index is float32");
}

TEST(IndexAddGradTest, GathersAlongTheAxisForEveryLengthOfSlices) {
  for (const int64_t inner : {1, 2, 3, 4, 16, 700}) {
    TestTensor<float> out_grad(DType::kFloat32, {2, 5, inner}, {1, 2, 1});
    out_grad.Generate([random = Random()]() mutable { return float(random.Normal()); });
    const TestTensor<float> x_grad(DType::kFloat32, {2, 5, inner});
    const TestTensor<float> value_grad(DType::kFloat32, {2, 3, inner}, {2, 1, 1});
    const MutableTensorView x_view = x_grad.mutable_view();
    const MutableTensorView value_view = value_grad.mutable_view();
    const std::vector<int64_t> indices = {4, -5, 4};
    ASSERT_TRUE(IndexAddGrad(out_grad.view(), MakeIndex(indices).view(), -2, &x_view, &value_view,
                             Context())
                    .ok());
    EXPECT_EQ(x_grad.values(), out_grad.values());
    ForEachIndex(value_grad.shape(), [&](const Sizes& i) {
      ASSERT_EQ(value_grad.at(i), out_grad.at({i[0], (indices[i[1]] + 5) % 5, i[2]}));
    });
  }
}

TEST(IndexAddGradTest, ChecksTheIndexOnAnEmptyAxisIfTheValueGradientIsWanted) {
  const TestTensor<float> out_grad(DType::kFloat32, {0, 3});
  const TestTensor<float> value_grad(DType::kFloat32, {1, 3});
  const MutableTensorView x_view = out_grad.mutable_view();
  const MutableTensorView value_view = value_grad.mutable_view();
  const auto index = MakeIndex({0});
  EXPECT_FALSE(
      IndexAddGrad(out_grad.view(), index.view(), 0, nullptr, &value_view, Context()).ok());
  EXPECT_TRUE(IndexAddGrad(out_grad.view(), index.view(), 0, &x_view, nullptr, Context()).ok());
}

}  // namespace
}  // namespace paddlemend
