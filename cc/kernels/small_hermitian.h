// The eigenvalues of small Hermitian matrices: LAPACK reduces a matrix to a tridiagonal one by
// calls of BLAS, each of which takes longer than its few products.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "cc/kernels/matrices.h"

namespace paddlemend {

/// Up to this size the reduction below takes less time than LAPACK's.
constexpr int64_t kSmallHermitianSize = 24;

/// The larger of the real and the imaginary part.
template <typename T>
lapack::Real<T> LargerPart(T x) {
  return std::max(std::abs(std::real(x)), std::abs(std::imag(x)));
}

/// Copies a row-major matrix [n, n] of which a triangle is to be read to `full`. Returns whether
/// the reduction may work with its numbers as they are: that they are so large or, all of them, so
/// small is left to LAPACK.
template <typename T>
bool ReadSmallHermitian(const T* x, int64_t n, lapack::Triangle triangle, T* full) {
  using R = lapack::Real<T>;
  constexpr R kMost = sizeof(R) == 4 ? R(1e12) : R(1e140);
  R most = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const bool lower = triangle == lapack::Triangle::kLower;
      const T element = lower ? x[i * n + j] : Conjugate(x[j * n + i]);
      full[i * n + j] = element;
      full[j * n + i] = Conjugate(element);
      most = std::max(most, LargerPart(element));
    }
    full[i * (n + 1)] = std::real(full[i * (n + 1)]);
  }
  return most == 0 || (most >= 1 / kMost && most <= kMost);
}

/// Makes element 0 of x [size] real, and the others zero, by the reflection 1 - tau v vᴴ, whose v
/// replaces x. Returns that element. A column may be small beside the matrix: it is scaled, so that
/// no square is lost. (LAPACK Users' Guide, "Elementary Reflectors".)
template <typename T>
lapack::Real<T> Reflect(int64_t size, T* x, T* tau) {
  using R = lapack::Real<T>;
  R most = 0;
  for (int64_t i = 0; i < size; ++i) most = std::max(most, LargerPart(x[i]));
  R rest = 0;
  if (most > 0) {
    for (int64_t i = 0; i < size; ++i) x[i] /= most;
    for (int64_t i = 1; i < size; ++i) rest += std::norm(x[i]);
  }
  const T alpha = x[0];
  x[0] = T(1);
  if (rest == 0 && std::imag(alpha) == 0) {
    *tau = T(0);
    return std::real(alpha) * most;
  }
  const R beta = -std::copysign(std::sqrt(std::norm(alpha) + rest), std::real(alpha));
  *tau = (T(beta) - alpha) / beta;
  const T factor = T(1) / (alpha - beta);
  for (int64_t i = 1; i < size; ++i) x[i] = Times(x[i], factor);
  return beta * most;
}

/// The diagonal d [n] and the one beside it e [n - 1] of a real tridiagonal matrix with the
/// eigenvalues of the Hermitian a, row-major [n, n], which is overwritten; n is at most
/// kSmallHermitianSize. (Golub and Van Loan, "Matrix Computations", 8.3.1.)
template <typename T>
void TridiagonalizeSmall(int64_t n, T* a, lapack::Real<T>* d, lapack::Real<T>* e) {
  T v[kSmallHermitianSize], w[kSmallHermitianSize];
  for (int64_t first = 1; first < n; ++first) {
    d[first - 1] = std::real(a[(first - 1) * (n + 1)]);
    const int64_t size = n - first;
    for (int64_t i = 0; i < size; ++i) v[i] = a[(first + i) * n + first - 1];
    T tau;
    e[first - 1] = Reflect(size, v, &tau);
    if (tau == T(0)) continue;
    // w = tau a v - tau / 2 (tau a v)ᴴ v v
    T product(0);
    for (int64_t i = 0; i < size; ++i) {
      const T* const row = a + (first + i) * n + first;
      T sum(0);
      for (int64_t j = 0; j < size; ++j) sum += Times(row[j], v[j]);
      w[i] = Times(tau, sum);
      product += Times(Conjugate(w[i]), v[i]);
    }
    const T half = Times(tau, product) / lapack::Real<T>(-2);
    for (int64_t i = 0; i < size; ++i) w[i] += Times(half, v[i]);
    for (int64_t i = 0; i < size; ++i) {
      T* const row = a + (first + i) * n + first;
      for (int64_t j = 0; j < size; ++j) {
        row[j] -= Times(v[i], Conjugate(w[j])) + Times(w[i], Conjugate(v[j]));
      }
    }
  }
  d[n - 1] = std::real(a[n * n - 1]);
}

}  // namespace paddlemend
