#include "cc/kernels/eigvals.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cc/kernels/eigenvalues.h"
#include "cc/kernels/test_matrix.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;
using Value = TestTensor::Value;

Sizes ValuesShape(const TestTensor& x) {
  const Sizes shape = x.shape();
  return Sizes(shape.begin(), shape.end() - 1);
}

TestTensor Values(const TestTensor& x, const Context& context = {}) {
  TestTensor w(ComplexDType(x.dtype()), ValuesShape(x));
  const Status status = Eigvals(x.view(), w.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return w;
}

struct Decomposition {
  TestTensor w, v;
};

Decomposition Decompose(const TestTensor& x, const Context& context = {}) {
  const DType dtype = ComplexDType(x.dtype());
  Decomposition found{TestTensor(dtype, ValuesShape(x)), TestTensor(dtype, x.shape())};
  const Status status = Eig(x.view(), found.w.mutable_view(), found.v.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return found;
}

TestTensor Gradient(const Decomposition& eig, const TestTensor* w_grad, const TestTensor* v_grad,
                    DType dtype, const Context& context = {}) {
  TestTensor x_grad(dtype, eig.v.shape());
  const TensorView w_view = w_grad != nullptr ? w_grad->view() : TensorView{};
  const TensorView v_view = v_grad != nullptr ? v_grad->view() : TensorView{};
  const Status status =
      EigGrad(eig.w.view(), eig.v.view(), w_grad != nullptr ? &w_view : nullptr,
              v_grad != nullptr ? &v_view : nullptr, x_grad.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return x_grad;
}

class EveryDType : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(Eigvals, EveryDType, testing::ValuesIn(kLinalgDTypes));

TEST_P(EveryDType, Decomposes) {
  std::mt19937 random(1);
  for (const int64_t n : {1, 2, 5, 33}) {
    const TestTensor x = TestTensor::Random(GetParam(), {2, n, n}, &random);
    const Decomposition found = Decompose(x);
    const TestTensor w = Values(x);
    for (int64_t b = 0; b < 2; ++b) {
      const Matrix matrix(x, b), v(found.v, b), values = Diagonal(found.w, b, n);
      EXPECT_LE(Norm(matrix * v - v * values), 20 * n * Epsilon(GetParam()) * Norm(matrix));
      Value trace = 0, sum = 0;
      for (int64_t i = 0; i < n; ++i) {
        trace += matrix.at(i, i);
        sum += w.Get(b * n + i);
      }
      EXPECT_LE(std::abs(trace - sum), 20 * n * Epsilon(GetParam()) * Norm(matrix));
    }
  }
}

TEST_P(EveryDType, TheOrderOfATriangleIsThatOfItsDiagonal) {
  const TestTensor x = TestTensor::Of(GetParam(), {3, 3}, {3, 5, 6, 0, 1, 7, 0, 0, 2});
  const TestTensor w = Values(x);
  for (const auto& [i, value] : {std::pair(0, 3.0), std::pair(1, 1.0), std::pair(2, 2.0)}) {
    EXPECT_LE(std::abs(w.Get(i) - value), 1e-5);
  }
}

/// The change of `loss` by the entries of x, by central differences in float64 or complex128.
template <typename Loss>
Matrix FiniteDifferences(const TestTensor& x, const Loss& loss) {
  constexpr double kStep = 1e-5;
  const int64_t n = x.shape().back();
  Matrix gradient(n, n);
  const bool is_complex = x.dtype() == DType::kComplex128;
  for (int64_t i = 0; i < n * n; ++i) {
    for (const Value direction : {Value(1, 0), Value(0, 1)}) {
      if (direction.imag() != 0 && !is_complex) continue;
      TestTensor above = x, below = x;
      above.Set(i, x.Get(i) + kStep * direction);
      below.Set(i, x.Get(i) - kStep * direction);
      gradient.values[i] += direction * (loss(above) - loss(below)) / (2 * kStep);
    }
  }
  return gradient;
}

double Weight(int64_t i) { return 1.0 + 0.3 * i; }

/// A function of the eigenvalues and of the moduli of the eigenvectors, whatever their phases.
double Loss(const Decomposition& eig) {
  double loss = 0;
  for (int64_t i = 0; i < eig.w.numel(); ++i) loss += std::norm(eig.w.Get(i) - Value(1, 2));
  for (int64_t i = 0; i < eig.v.numel(); ++i) loss += Weight(i) * std::norm(eig.v.Get(i));
  return loss;
}

TEST(EigGradTest, IsWhatFiniteDifferencesSay) {
  for (const DType dtype : {DType::kFloat64, DType::kComplex128}) {
    std::mt19937 random(2);
    const TestTensor x = TestTensor::Random(dtype, {4, 4}, &random);
    const Decomposition eig = Decompose(x);
    TestTensor w_grad(DType::kComplex128, {4}), v_grad(DType::kComplex128, {4, 4});
    for (int64_t i = 0; i < 4; ++i) w_grad.Set(i, 2.0 * (eig.w.Get(i) - Value(1, 2)));
    for (int64_t i = 0; i < 16; ++i) v_grad.Set(i, 2.0 * Weight(i) * eig.v.Get(i));
    const Matrix found(Gradient(eig, &w_grad, &v_grad, dtype), 0);
    const Matrix right =
        FiniteDifferences(x, [](const TestTensor& near) { return Loss(Decompose(near)); });
    EXPECT_LE(Norm(found - right), 1e-6 * Norm(right));
  }
}

TEST_P(EveryDType, TheGradientIsThatOfEachMatrix) {
  std::mt19937 random(3);
  const TestTensor x = TestTensor::Random(GetParam(), {3, 4, 4}, &random);
  const Decomposition eig = Decompose(x);
  // Of the sum of squares of the eigenvalues, the trace of x x: 2 xᴴ.
  TestTensor w_grad(eig.w.dtype(), {3, 4});
  for (int64_t i = 0; i < 12; ++i) w_grad.Set(i, 2.0 * std::conj(eig.w.Get(i)));
  const TestTensor found = Gradient(eig, &w_grad, nullptr, GetParam());
  for (int64_t b = 0; b < 3; ++b) {
    const Matrix right = Matrix(x, b).Adjoint() + Matrix(x, b).Adjoint();
    EXPECT_LE(Norm(Matrix(found, b) - right), 1e3 * Epsilon(GetParam()) * Norm(right));
  }
}

TEST(EigGradTest, WithoutGradientsItIsZero) {
  const Decomposition eig = Decompose(TestTensor::Of(DType::kFloat32, {2, 2}, {1, 2, 0, 3}));
  const TestTensor found = Gradient(eig, nullptr, nullptr, DType::kFloat32);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(found.Get(i), 0.0);
}

TEST(EigGradTest, EqualEigenvaluesAreNoHindranceToTheirGradient) {
  const Decomposition eig = Decompose(TestTensor::Of(DType::kFloat64, {2, 2}, {2, 0, 0, 2}));
  const TestTensor w_grad = TestTensor::Of(DType::kComplex128, {2}, {3, 4});
  const TestTensor found = Gradient(eig, &w_grad, nullptr, DType::kFloat64);
  EXPECT_EQ(found.Get(0), 3.0);
  EXPECT_EQ(found.Get(3), 4.0);
}

TEST(EigGradTest, VectorsThatAreNoBasisAreRefused) {
  const Decomposition eig{TestTensor::Of(DType::kComplex64, {2}, {1, 1}),
                          TestTensor::Of(DType::kComplex64, {2, 2}, {1, 1, 0, 0})};
  TestTensor x_grad(DType::kFloat32, {2, 2});
  const TensorView w_grad = eig.w.view();
  EXPECT_EQ(
      EigGrad(eig.w.view(), eig.v.view(), &w_grad, nullptr, x_grad.mutable_view(), {}).message,
      "matrix 0 of v has no inverse: it is no basis of eigenvectors");
}

TEST_P(EveryDType, WhatIsNotFiniteIsNamedAndNothingIsWritten) {
  for (const float number : {NAN, INFINITY, -INFINITY}) {
    std::mt19937 random(4);
    TestTensor x = TestTensor::Random(GetParam(), {2, 3, 3}, &random);
    x.Set(9 + 3, number);
    TestTensor w(ComplexDType(GetParam()), {2, 3});
    const std::string before = w.Bits();
    const Status status = Eigvals(x.view(), w.mutable_view(), {});
    EXPECT_EQ(status.message.rfind("x[1, 1, 0] is ", 0), 0u) << status.message;
    EXPECT_EQ(w.Bits(), before);
  }
}

TEST(EigvalsTest, AComplexMatrixWithoutImaginaryPartsIsSolvedAsTheRealOne) {
  std::mt19937 random(5);
  const TestTensor real = TestTensor::Random(DType::kFloat64, {2, 6, 6}, &random);
  TestTensor complex(DType::kComplex128, {2, 6, 6});
  for (int64_t i = 0; i < 72; ++i) complex.Set(i, real.Get(i));
  EXPECT_EQ(Values(complex).Bits(), Values(real).Bits());
  EXPECT_EQ(Decompose(complex).v.Bits(), Decompose(real).v.Bits());
}

TEST_P(EveryDType, StridesDoNotMatter) {
  std::mt19937 random(6);
  const TestTensor x = TestTensor::Random(GetParam(), {2, 4, 4}, &random);
  const Decomposition right = Decompose(x);
  for (const Strides strides : kAllStrides) {
    const DType dtype = ComplexDType(GetParam());
    Decomposition found{TestTensor(dtype, {2, 4}, strides), TestTensor(dtype, {2, 4, 4}, strides)};
    ASSERT_TRUE(
        Eig(x.With(strides).view(), found.w.mutable_view(), found.v.mutable_view(), {}).ok());
    EXPECT_EQ(found.w.Bits(), right.w.Bits());
    EXPECT_EQ(found.v.Bits(), right.v.Bits());
  }
}

TEST_P(EveryDType, BitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(7);
  const TestTensor x = TestTensor::Random(GetParam(), {200, 6, 6}, &random);
  const Decomposition right = Decompose(x, Context{1});
  const TestTensor gradient = Gradient(right, &right.w, nullptr, GetParam(), Context{1});
  for (const int threads : {2, 3, 8}) {
    const Decomposition found = Decompose(x, Context{threads});
    EXPECT_EQ(found.w.Bits(), right.w.Bits());
    EXPECT_EQ(found.v.Bits(), right.v.Bits());
    EXPECT_EQ(Gradient(right, &right.w, nullptr, GetParam(), Context{threads}).Bits(),
              gradient.Bits());
  }
}

TEST(EigvalsTest, NoMatricesAndNoRows) {
  for (const Sizes& shape : {Sizes{0, 3, 3}, Sizes{2, 0, 0}}) {
    const Decomposition found = Decompose(TestTensor(DType::kFloat32, shape));
    EXPECT_EQ(found.w.dtype(), DType::kComplex64);
    EXPECT_EQ(Gradient(found, &found.w, &found.v, DType::kFloat32).shape(), shape);
  }
}

TEST(EigvalsTest, ErrorsNameTheArgument) {
  TestTensor w(DType::kComplex64, {2});
  const TestTensor oblong(DType::kFloat32, {2, 3});
  EXPECT_EQ(Eigvals(oblong.view(), w.mutable_view(), {}).message,
            "the shape of x is [2, 3], expected square matrices [*, M, M]");
  const TestTensor integers(DType::kInt32, {2, 2});
  EXPECT_EQ(Eigvals(integers.view(), w.mutable_view(), {}).code, StatusCode::kUnsupportedDType);
  const TestTensor doubles(DType::kFloat64, {2, 2});
  EXPECT_EQ(Eigvals(doubles.view(), w.mutable_view(), {}).message,
            "the dtype of w is complex64, expected complex128");
}

}  // namespace
}  // namespace paddlemend
