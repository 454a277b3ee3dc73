#include "cc/kernels/cholesky_solve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>

#include "cc/kernels/test_matrix.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

/// The diagonal dominates, so that the systems are well conditioned.
TestTensor Factors(DType dtype, const Sizes& shape, std::mt19937* random) {
  return RandomMatrices(dtype, shape, 12.0 * shape.back(), random);
}

TestTensor Solved(const TestTensor& x, const TestTensor& y, bool upper, const Sizes& shape,
                  const Context& context = {}) {
  TestTensor out(x.dtype(), shape);
  const Status status = CholeskySolve(x.view(), y.view(), upper, out.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return out;
}

struct Gradients {
  TestTensor x, y;
};

Gradients Gradient(const TestTensor& out_grad, const TestTensor& x, const TestTensor& y,
                   const TestTensor& out, bool upper, const Context& context = {}) {
  Gradients gradients{TestTensor(x.dtype(), x.shape()), TestTensor(y.dtype(), y.shape())};
  const MutableTensorView x_grad = gradients.x.mutable_view();
  const MutableTensorView y_grad = gradients.y.mutable_view();
  const Status status =
      CholeskySolveGrad(out_grad.view(), y.view(), out.view(), upper, &x_grad, &y_grad, context);
  EXPECT_TRUE(status.ok()) << status.message;
  return gradients;
}

/// y yᴴ or yᴴ y of the triangle.
Matrix Product(const Matrix& y, bool upper) {
  const Matrix triangle = y.Triangle(upper);
  return upper ? triangle.Adjoint() * triangle : triangle * triangle.Adjoint();
}

class EveryDType : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(CholeskySolve, EveryDType, testing::ValuesIn(kLinalgDTypes));

// Sizes below and above those that are solved without LAPACK, and more columns than one block has.
const std::pair<int64_t, int64_t> kSizes[] = {{1, 1}, {2, 3}, {5, 1}, {16, 40}, {17, 2}, {70, 130}};

TEST_P(EveryDType, Solves) {
  std::mt19937 random(1);
  for (const auto& [n, k] : kSizes) {
    for (const bool upper : {false, true}) {
      const TestTensor x = TestTensor::Random(GetParam(), {2, n, k}, &random);
      const TestTensor y = Factors(GetParam(), {2, n, n}, &random);
      const TestTensor out = Solved(x, y, upper, {2, n, k});
      for (int64_t b = 0; b < 2; ++b) {
        const Matrix a = Product(Matrix(y, b), upper);
        const double residual = Norm(a * Matrix(out, b) - Matrix(x, b));
        EXPECT_LE(residual, 10 * n * Epsilon(GetParam()) * Norm(a) * Norm(Matrix(out, b)));
      }
    }
  }
}

TEST_P(EveryDType, GradientsFollowTheirFormulas) {
  std::mt19937 random(2);
  for (const auto& [n, k] : kSizes) {
    for (const bool upper : {false, true}) {
      const TestTensor x = TestTensor::Random(GetParam(), {2, n, k}, &random);
      const TestTensor y = Factors(GetParam(), {2, n, n}, &random);
      const TestTensor out_grad = TestTensor::Random(GetParam(), {2, n, k}, &random);
      const TestTensor out = Solved(x, y, upper, {2, n, k});
      const Gradients found = Gradient(out_grad, x, y, out, upper);
      EXPECT_EQ(found.x.Bits(), Solved(out_grad, y, upper, {2, n, k}).Bits());
      for (int64_t b = 0; b < 2; ++b) {
        const Matrix s = Matrix(found.x, b) * Matrix(out, b).Adjoint();
        const Matrix triangle = Matrix(y, b).Triangle(upper);
        const Matrix both = s + s.Adjoint();
        const Matrix right = (upper ? triangle * both : both * triangle).Triangle(upper);
        const Matrix sum = Matrix(found.y, b) + right;  // the gradient is the negative one
        EXPECT_LE(Norm(sum), 20 * n * Epsilon(GetParam()) * Norm(right)) << n << " " << k;
        EXPECT_EQ(Norm(Matrix(found.y, b) - Matrix(found.y, b).Triangle(upper)), 0);
      }
    }
  }
}

TEST_P(EveryDType, TheOtherTriangleIsNotRead) {
  std::mt19937 random(3);
  for (const int64_t n : {3, 40}) {
    for (const bool upper : {false, true}) {
      const TestTensor x = TestTensor::Random(GetParam(), {n, 2}, &random);
      const TestTensor clean = Factors(GetParam(), {n, n}, &random);
      TestTensor cluttered = clean;
      for (int64_t i = 0; i < n * n; ++i) {
        if (upper ? i % n < i / n : i % n > i / n) cluttered.Set(i, std::nan(""));
      }
      const TestTensor out = Solved(x, clean, upper, {n, 2});
      EXPECT_EQ(out.Bits(), Solved(x, cluttered, upper, {n, 2}).Bits());
      EXPECT_EQ(Gradient(x, x, clean, out, upper).y.Bits(),
                Gradient(x, x, cluttered, out, upper).y.Bits());
    }
  }
}

TEST_P(EveryDType, StridesDoNotMatter) {
  std::mt19937 random(4);
  const TestTensor x = TestTensor::Random(GetParam(), {2, 20, 3}, &random);
  const TestTensor y = Factors(GetParam(), {2, 20, 20}, &random);
  const std::string right = Solved(x, y, false, {2, 20, 3}).Bits();
  for (const Strides strides : kAllStrides) {
    TestTensor out(GetParam(), {2, 20, 3}, strides);
    ASSERT_TRUE(
        CholeskySolve(x.With(strides).view(), y.With(strides).view(), false, out.mutable_view(), {})
            .ok());
    EXPECT_EQ(out.Bits(), right);
    EXPECT_TRUE(out.GapsArePoison());
  }
}

TEST_P(EveryDType, BitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(5);
  for (const auto& [batch, n, k] : {std::tuple(1, 200, 300), std::tuple(500, 6, 2)}) {
    const TestTensor x = TestTensor::Random(GetParam(), {batch, n, k}, &random);
    const TestTensor y = Factors(GetParam(), {batch, n, n}, &random);
    const TestTensor out = Solved(x, y, true, {batch, n, k}, Context{1});
    const Gradients gradients = Gradient(x, x, y, out, true, Context{1});
    for (const int threads : {2, 3, 8}) {
      EXPECT_EQ(Solved(x, y, true, {batch, n, k}, Context{threads}).Bits(), out.Bits());
      const Gradients again = Gradient(x, x, y, out, true, Context{threads});
      EXPECT_EQ(again.x.Bits(), gradients.x.Bits());
      EXPECT_EQ(again.y.Bits(), gradients.y.Bits());
    }
  }
}

TEST(CholeskySolveTest, BatchesBroadcastAndGradientsAreSummed) {
  std::mt19937 random(6);
  const TestTensor x = TestTensor::Random(DType::kFloat64, {2, 1, 3, 2}, &random);
  const TestTensor y = Factors(DType::kFloat64, {4, 3, 3}, &random);
  const TestTensor out = Solved(x, y, false, {2, 4, 3, 2});
  const Gradients found = Gradient(out, x, y, out, false);
  EXPECT_EQ(found.x.shape(), x.shape());
  EXPECT_EQ(found.y.shape(), y.shape());
  for (int64_t b = 0; b < 8; ++b) {
    const Matrix a = Product(Matrix(y, b % 4), false);
    EXPECT_LE(Norm(a * Matrix(out, b) - Matrix(x, b / 4)), 1e-12);
  }
  Matrix sum(3, 2);
  for (int64_t b = 0; b < 4; ++b) {
    sum = sum + Matrix(Solved(out, y, false, {2, 4, 3, 2}), b);
  }
  EXPECT_LE(Norm(sum - Matrix(found.x, 0)), 1e-15);
}

TEST(CholeskySolveTest, NothingToSolveGivesZeroGradients) {
  const TestTensor y = TestTensor::Of(DType::kFloat32, {2, 2}, {1, 0, 1, 1});
  const TestTensor x(DType::kFloat32, {2, 0});
  const Gradients found = Gradient(x, x, y, x, false);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(found.y.Get(i), 0.0);

  const TestTensor none(DType::kFloat32, {0, 2, 1}), factors(DType::kFloat32, {0, 2, 2});
  const Gradients summed =
      Gradient(none, TestTensor(DType::kFloat32, {2, 1}), factors, none, false);
  for (int64_t i = 0; i < 2; ++i) EXPECT_EQ(summed.x.Get(i), 0.0);
}

TEST(CholeskySolveTest, EitherGradientMayBeLeftOut) {
  const TestTensor y = TestTensor::Of(DType::kFloat32, {2, 2}, {1, 0, 1, 1});
  const TestTensor x = TestTensor::Of(DType::kFloat32, {2, 1}, {1, 2});
  const Gradients both = Gradient(x, x, y, x, false);
  TestTensor alone(DType::kFloat32, {2, 2});
  const MutableTensorView y_grad = alone.mutable_view();
  ASSERT_TRUE(CholeskySolveGrad(x.view(), y.view(), x.view(), false, nullptr, &y_grad, {}).ok());
  EXPECT_EQ(alone.Bits(), both.y.Bits());
  EXPECT_TRUE(CholeskySolveGrad(x.view(), y.view(), x.view(), false, nullptr, nullptr, {}).ok());
}

TEST(CholeskySolveTest, AZeroOnTheDiagonalGivesNoNumber) {
  const TestTensor y = TestTensor::Of(DType::kFloat32, {1, 1}, {0});
  const TestTensor out = Solved(TestTensor::Of(DType::kFloat32, {1, 1}, {1}), y, false, {1, 1});
  EXPECT_FALSE(std::isfinite(out.Get(0).real()));
}

struct Mistake {
  DType x_dtype;
  Sizes x, y, out;
  const char* message;
};

TEST(CholeskySolveTest, ErrorsNameTheArgument) {
  const DType f = DType::kFloat32;
  const Mistake mistakes[] = {
      {f, {3}, {3, 3}, {3}, "the shape of x is [3], expected at least 2 dimensions"},
      {f, {3, 1}, {3, 2}, {3, 1}, "the shape of y is [3, 2], expected square matrices"},
      {f, {2, 1}, {3, 3}, {2, 1}, "the shape of x is [2, 1], expected 3 rows"},
      {f, {2, 3, 1}, {4, 3, 3}, {2, 3, 1}, "do not broadcast in their leading dimensions"},
      {f, {3, 1}, {3, 3}, {3, 2}, "the shape of out is [3, 2], expected [3, 1]"},
      {DType::kFloat64, {3, 1}, {3, 3}, {3, 1}, "the dtypes of x and y must be equal"},
      {DType::kFloat16, {3, 1}, {3, 3}, {3, 1}, "the dtype of x is float16, expected float32"},
  };
  for (const Mistake& mistake : mistakes) {
    const TestTensor x(mistake.x_dtype, mistake.x);
    const TestTensor y(f, mistake.y);
    TestTensor out(mistake.x_dtype, mistake.out);
    const Status status = CholeskySolve(x.view(), y.view(), false, out.mutable_view(), {});
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message.find(mistake.message), std::string::npos) << status.message;
  }
}

}  // namespace
}  // namespace paddlemend
