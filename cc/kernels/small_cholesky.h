// cholesky_solve and its gradient for small matrices, without LAPACK.
#pragma once

#include <algorithm>
#include <complex>
#include <cstdint>

#include "cc/kernels/matrices.h"

namespace paddlemend {

constexpr int64_t kSmallCholeskySize = kSmallMatrixSize;

/// b += factor * a, for vectors of `size` numbers: a single one is the usual right-hand side.
template <typename T>
void AddMultiple(T factor, const T* a, int64_t size, T* b) {
  if (size == 1) {
    *b += Times(factor, *a);
    return;
  }
#pragma GCC ivdep
  for (int64_t c = 0; c < size; ++c) b[c] += Times(factor, a[c]);
}

template <typename T>
void Multiply(T factor, int64_t size, T* b) {
  for (int64_t c = 0; c < size; ++c) b[c] = Times(factor, b[c]);
}

/// Replaces b, rows of `columns` numbers, by the solutions of y yᴴ out = b, y being lower
/// triangular [n, n]; with `upper` of yᴴ y out = b, y being upper triangular. All are row-major,
/// rows of b are `stride` apart.
template <typename T>
void SolveSmall(const T* y, int64_t n, bool upper, T* b, int64_t stride, int64_t columns) {
  // u is the upper triangular factor: first uᴴ, then u.
  const auto u = [&](int64_t i, int64_t j) {
    return upper ? y[i * n + j] : Conjugate(y[j * n + i]);
  };
  for (int64_t i = 0; i < n; ++i) {
    Multiply(T(1) / Conjugate(u(i, i)), columns, b + i * stride);
    for (int64_t j = i + 1; j < n; ++j) {
      AddMultiple(-Conjugate(u(i, j)), b + i * stride, columns, b + j * stride);
    }
  }
  for (int64_t i = n - 1; i >= 0; --i) {
    for (int64_t j = i + 1; j < n; ++j) {
      AddMultiple(-u(i, j), b + j * stride, columns, b + i * stride);
    }
    Multiply(T(1) / u(i, i), columns, b + i * stride);
  }
}

/// The gradient of y, given that of the right-hand sides and the solutions, both [n, k]: -(S + Sᴴ)
/// y or with `upper` -y (S + Sᴴ) in its triangle, 0 elsewhere, where S = x_grad outᴴ.
template <typename T>
void SmallFactorGradient(const T* y, int64_t n, bool upper, const T* x_grad, const T* out,
                         int64_t k, T* gradient) {
  T sum[kSmallCholeskySize * kSmallCholeskySize] = {};
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      T product(0);
      for (int64_t c = 0; c < k; ++c) {
        product += Times(x_grad[i * k + c], Conjugate(out[j * k + c]));
      }
      sum[i * n + j] += product;
      sum[j * n + i] += Conjugate(product);
    }
  }
  std::fill_n(gradient, n * n, T(0));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t m = 0; m < n; ++m) {
      if (upper && m >= i) {
        AddMultiple(-y[i * n + m], sum + m * n + i, n - i, gradient + i * n + i);
      } else if (!upper) {
        AddMultiple(-sum[i * n + m], y + m * n, std::min(i, m) + 1, gradient + i * n);
      }
    }
  }
}

}  // namespace paddlemend
