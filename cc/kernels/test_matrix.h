// Products of matrices for tests, in complex128 and without BLAS.
#pragma once

#include <complex>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

#include "cc/kernels/test_tensor.h"

namespace paddlemend {

constexpr DType kLinalgDTypes[] = {DType::kFloat32, DType::kFloat64, DType::kComplex64,
                                   DType::kComplex128};

inline double Epsilon(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kComplex64 ? 1.2e-7 : 2.3e-16;
}

/// [rows, columns] in row-major order.
struct Matrix {
  using Value = std::complex<double>;

  Matrix(int64_t rows, int64_t columns) : rows(rows), columns(columns), values(rows * columns) {}

  /// Matrix number `number` of a tensor of them.
  Matrix(const TestTensor& tensor, int64_t number)
      : Matrix(tensor.shape()[tensor.shape().size() - 2], tensor.shape().back()) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = tensor.Get(number * values.size() + i);
  }

  Value& at(int64_t i, int64_t j) { return values[i * columns + j]; }
  const Value& at(int64_t i, int64_t j) const { return values[i * columns + j]; }

  Matrix Adjoint() const {
    Matrix result(columns, rows);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) result.at(j, i) = std::conj(at(i, j));
    }
    return result;
  }

  /// Zeros above, or with `upper` below the diagonal.
  Matrix Triangle(bool upper) const {
    Matrix result = *this;
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        if (upper ? j < i : j > i) result.at(i, j) = 0;
      }
    }
    return result;
  }

  int64_t rows, columns;
  std::vector<Value> values;
};

/// Row `number` of w [*, n] on the diagonal of [n, n].
inline Matrix Diagonal(const TestTensor& w, int64_t number, int64_t n) {
  Matrix result(n, n);
  for (int64_t i = 0; i < n; ++i) result.at(i, i) = w.Get(number * n + i);
  return result;
}

inline Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix product(a.rows, b.columns);
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t k = 0; k < a.columns; ++k) {
      for (int64_t j = 0; j < b.columns; ++j) product.at(i, j) += a.at(i, k) * b.at(k, j);
    }
  }
  return product;
}

inline Matrix operator+(Matrix a, const Matrix& b) {
  for (size_t i = 0; i < a.values.size(); ++i) a.values[i] += b.values[i];
  return a;
}

inline Matrix operator-(Matrix a, const Matrix& b) {
  for (size_t i = 0; i < a.values.size(); ++i) a.values[i] -= b.values[i];
  return a;
}

/// The Frobenius norm.
inline double Norm(const Matrix& a) {
  double squares = 0;
  for (const Matrix::Value& value : a.values) squares += std::norm(value);
  return std::sqrt(squares);
}

/// Numbers within 8 of 0, to whose diagonal `shift` is added.
inline TestTensor RandomMatrices(DType dtype, const TestTensor::Sizes& shape, double shift,
                                 std::mt19937* random) {
  TestTensor tensor = TestTensor::Random(dtype, shape, random);
  const int64_t n = shape.back();
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    if (i % (n * n) % (n + 1) == 0) tensor.Set(i, tensor.Get(i) + shift);
  }
  return tensor;
}

}  // namespace paddlemend
