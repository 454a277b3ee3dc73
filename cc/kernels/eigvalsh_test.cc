#include "cc/kernels/eigvalsh.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cc/kernels/eigenvalues.h"
#include "cc/kernels/test_matrix.h"

namespace paddlemend {
namespace {

using Sizes = TestTensor::Sizes;

Sizes ValuesShape(const TestTensor& x) {
  const Sizes shape = x.shape();
  return Sizes(shape.begin(), shape.end() - 1);
}

TestTensor Values(const TestTensor& x, const char* uplo, const Context& context = {}) {
  TestTensor w(RealDType(x.dtype()), ValuesShape(x));
  const Status status = Eigvalsh(x.view(), uplo, w.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return w;
}

struct Decomposition {
  TestTensor w, v;
};

Decomposition Decompose(const TestTensor& x, const char* uplo, const Context& context = {}) {
  Decomposition found{TestTensor(RealDType(x.dtype()), ValuesShape(x)),
                      TestTensor(x.dtype(), x.shape())};
  const Status status =
      Eigh(x.view(), uplo, found.w.mutable_view(), found.v.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return found;
}

TestTensor Gradient(const TestTensor& v, const TestTensor& w_grad, const Context& context = {}) {
  TestTensor x_grad(v.dtype(), v.shape());
  const Status status = EigvalshGrad(v.view(), w_grad.view(), x_grad.mutable_view(), context);
  EXPECT_TRUE(status.ok()) << status.message;
  return x_grad;
}

/// The Hermitian matrix that one triangle of x stands for.
Matrix Mirrored(const Matrix& x, bool upper) {
  const Matrix triangle = x.Triangle(upper);
  Matrix result = triangle + triangle.Adjoint();
  for (int64_t i = 0; i < x.rows; ++i) result.at(i, i) = x.at(i, i).real();
  return result;
}

class EveryDType : public testing::TestWithParam<DType> {};
INSTANTIATE_TEST_SUITE_P(Eigvalsh, EveryDType, testing::ValuesIn(kLinalgDTypes));

TEST_P(EveryDType, DecomposesWhatTheTriangleStandsFor) {
  std::mt19937 random(1);
  for (const int64_t n : {1, 2, 3, 5, 8, 24, 25, 70}) {
    const TestTensor x = TestTensor::Random(GetParam(), {2, n, n}, &random);
    for (const bool upper : {false, true}) {
      const char* const uplo = upper ? "U" : "L";
      const Decomposition found = Decompose(x, uplo);
      const TestTensor w = Values(x, uplo);
      for (int64_t b = 0; b < 2; ++b) {
        const Matrix matrix = Mirrored(Matrix(x, b), upper);
        const Matrix v(found.v, b), values = Diagonal(found.w, b, n);
        const double bound = 10 * n * Epsilon(GetParam()) * Norm(matrix);
        EXPECT_LE(Norm(v * values * v.Adjoint() - matrix), bound);
        EXPECT_LE(Norm(Diagonal(w, b, n) - values), bound);
        for (int64_t i = 1; i < n; ++i) {
          EXPECT_LE(w.Get(b * n + i - 1).real(), w.Get(b * n + i).real());
        }
      }
    }
  }
}

TEST_P(EveryDType, NumbersWhoseSquaresOverflowOrVanishScaleTheValues) {
  std::mt19937 random(7);
  const bool is_narrow = ElementSize(RealDType(GetParam())) == 4;
  for (const double scale : {is_narrow ? 1e30 : 1e200, is_narrow ? 1e-30 : 1e-200, 0.0}) {
    const TestTensor x = TestTensor::Random(GetParam(), {1, 8, 8}, &random);
    TestTensor scaled(GetParam(), {1, 8, 8});
    for (int64_t i = 0; i < 64; ++i) scaled.Set(i, x.Get(i) * scale);
    const TestTensor w = Values(x, "L"), of_scaled = Values(scaled, "L");
    for (int64_t i = 0; i < 8; ++i) {
      const double bound = 100 * Epsilon(GetParam()) * Norm(Matrix(x, 0)) * scale;
      EXPECT_NEAR(of_scaled.Get(i).real(), w.Get(i).real() * scale, bound);
    }
  }
}

/// Squares of such a column are lost beside those of the others.
TEST_P(EveryDType, AColumnMayBeMuchSmallerThanTheMatrix) {
  std::mt19937 random(8);
  const bool is_narrow = ElementSize(RealDType(GetParam())) == 4;
  for (int exponent = is_narrow ? 15 : 145; exponent < (is_narrow ? 40 : 170); ++exponent) {
    TestTensor x = TestTensor::Random(GetParam(), {1, 6, 6}, &random);
    for (int64_t i = 1; i < 6; ++i) x.Set(6 * i, x.Get(6 * i) * std::pow(10.0, -exponent));
    const Decomposition found = Decompose(x, "L");
    const TestTensor w = Values(x, "L");
    const double bound = 60 * Epsilon(GetParam()) * Norm(Mirrored(Matrix(x, 0), false));
    EXPECT_LE(Norm(Diagonal(w, 0, 6) - Diagonal(found.w, 0, 6)), bound) << exponent;
  }
}

TEST_P(EveryDType, TheGradientIsThatOfEachMatrix) {
  std::mt19937 random(2);
  for (const int64_t n : {1, 3, 70}) {
    const TestTensor x = TestTensor::Random(GetParam(), {3, n, n}, &random);
    const TestTensor v = Decompose(x, "L").v;
    const TestTensor w_grad = TestTensor::Random(RealDType(GetParam()), {3, n}, &random);
    const TestTensor found = Gradient(v, w_grad);
    for (int64_t b = 0; b < 3; ++b) {
      const Matrix right = Matrix(v, b) * Diagonal(w_grad, b, n) * Matrix(v, b).Adjoint();
      EXPECT_LE(Norm(Matrix(found, b) - right), 10 * n * Epsilon(GetParam()) * Norm(right));
    }
  }
}

TEST_P(EveryDType, TheOtherTriangleIsNotRead) {
  std::mt19937 random(3);
  const TestTensor x = TestTensor::Random(GetParam(), {5, 5}, &random);
  for (const bool upper : {false, true}) {
    TestTensor cluttered = x;
    for (int64_t i = 0; i < 25; ++i) {
      if (upper ? i % 5 < i / 5 : i % 5 > i / 5) cluttered.Set(i, std::nan(""));
    }
    const char* const uplo = upper ? "U" : "L";
    EXPECT_EQ(Values(cluttered, uplo).Bits(), Values(x, uplo).Bits());
    EXPECT_EQ(Decompose(cluttered, uplo).v.Bits(), Decompose(x, uplo).v.Bits());
  }
}

TEST_P(EveryDType, WhatIsNotFiniteIsNamedAndNothingIsWritten) {
  for (const float number : {NAN, INFINITY, -INFINITY}) {
    std::mt19937 random(4);
    TestTensor x = TestTensor::Random(GetParam(), {2, 3, 3}, &random);
    x.Set(9 + 5, number);
    TestTensor w(RealDType(GetParam()), {2, 3});
    const std::string before = w.Bits();
    const Status status = Eigvalsh(x.view(), "U", w.mutable_view(), {});
    EXPECT_EQ(status.message.rfind("x[1, 1, 2] is ", 0), 0u) << status.message;
    EXPECT_EQ(w.Bits(), before);
    EXPECT_TRUE(Eigvalsh(x.view(), "L", w.mutable_view(), {}).ok());
  }
}

TEST_P(EveryDType, StridesDoNotMatter) {
  std::mt19937 random(5);
  const TestTensor x = TestTensor::Random(GetParam(), {2, 4, 4}, &random);
  const Decomposition right = Decompose(x, "L");
  for (const Strides strides : kAllStrides) {
    Decomposition found{TestTensor(RealDType(GetParam()), {2, 4}, strides),
                        TestTensor(GetParam(), {2, 4, 4}, strides)};
    ASSERT_TRUE(
        Eigh(x.With(strides).view(), "L", found.w.mutable_view(), found.v.mutable_view(), {}).ok());
    EXPECT_EQ(found.w.Bits(), right.w.Bits());
    EXPECT_EQ(found.v.Bits(), right.v.Bits());
  }
}

TEST_P(EveryDType, BitsDoNotDependOnTheNumberOfThreads) {
  std::mt19937 random(6);
  for (const auto& [batch, n] : {std::pair(1, 150), std::pair(300, 5)}) {
    const TestTensor x = TestTensor::Random(GetParam(), {batch, n, n}, &random);
    const Decomposition right = Decompose(x, "L", Context{1});
    const TestTensor gradient = Gradient(right.v, right.w, Context{1});
    for (const int threads : {2, 3, 8}) {
      const Decomposition found = Decompose(x, "L", Context{threads});
      EXPECT_EQ(found.w.Bits(), right.w.Bits());
      EXPECT_EQ(found.v.Bits(), right.v.Bits());
      EXPECT_EQ(Gradient(right.v, right.w, Context{threads}).Bits(), gradient.Bits());
    }
  }
}

TEST(EigvalshTest, NoMatricesAndNoRows) {
  for (const Sizes& shape : {Sizes{0, 3, 3}, Sizes{2, 0, 0}}) {
    const TestTensor x(DType::kComplex64, shape);
    EXPECT_EQ(Values(x, "L").dtype(), DType::kFloat32);
    EXPECT_EQ(Gradient(x, Values(x, "L")).shape(), shape);
  }
}

TEST(EigvalshTest, ErrorsNameTheArgument) {
  const TestTensor x = TestTensor::Of(DType::kFloat32, {2, 2}, {1, 2, 3, 4});
  TestTensor w(DType::kFloat32, {2});
  for (const char* uplo : {"", "l", "LU", "X"}) {
    const Status status = Eigvalsh(x.view(), uplo, w.mutable_view(), {});
    EXPECT_EQ(status.message, std::string("uplo is \"") + uplo + "\", expected \"L\" or \"U\"");
  }
  TestTensor long_w(DType::kFloat32, {3});
  EXPECT_EQ(Eigvalsh(x.view(), "L", long_w.mutable_view(), {}).message,
            "the shape of w is [3], expected [2]");
  TestTensor complex_w(DType::kComplex64, {2});
  EXPECT_EQ(Eigvalsh(x.view(), "L", complex_w.mutable_view(), {}).message,
            "the dtype of w is complex64, expected float32");
  const TestTensor half(DType::kFloat16, {2, 2});
  EXPECT_EQ(Eigvalsh(half.view(), "L", w.mutable_view(), {}).code, StatusCode::kUnsupportedDType);
  const TestTensor oblong(DType::kFloat32, {2, 3});
  EXPECT_EQ(Eigvalsh(oblong.view(), "L", w.mutable_view(), {}).message,
            "the shape of x is [2, 3], expected square matrices [*, M, M]");
}

}  // namespace
}  // namespace paddlemend
