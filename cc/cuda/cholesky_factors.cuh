// The factors of a batch of systems.
#pragma once

#include "cc/cuda/element.cuh"
#include "cc/cuda/launch.cuh"
#include "cc/kernels/cholesky_systems.h"

namespace paddlemend::cuda {

/// T(1) / a.
template <typename T>
__device__ __forceinline__ T Inverse(T a) {
  if constexpr (kIsComplex<T>) {
    const auto square = a.re * a.re + a.im * a.im;
    return T{a.re / square, -a.im / square};
  } else {
    return T(1) / a;
  }
}

template <typename T>
__device__ __forceinline__ T Minus(T a, T b) {
  return Plus(a, Negative(b));
}

/// The factors of a batch as lower triangular matrices l, A = l lᴴ: of an upper factor u, l = uᴴ.
template <typename T>
struct Factors {
  const T* data;
  int64_t n;
  bool upper;
  int ndim;  // leading dimensions, innermost first
  int64_t sizes[kMaxNdim];
  int64_t strides[kMaxNdim];

  __device__ __forceinline__ const T* Matrix(int64_t number) const {
    int64_t offset = 0;
    for (int d = 0; d < ndim; ++d) {
      const int64_t rest = number / sizes[d];
      offset += (number - rest * sizes[d]) * strides[d];
      number = rest;
    }
    return data + offset;
  }

  /// l(i, j) for j <= i, from a matrix that Matrix() gave.
  __device__ __forceinline__ T At(const T* matrix, int64_t i, int64_t j) const {
    return upper ? Conjugate(matrix[j * n + i]) : matrix[i * n + j];
  }
};

template <typename T, typename Host>
Factors<T> MakeFactors(const Systems<Host>& systems) {
  Factors<T> factors{
      reinterpret_cast<const T*>(systems.factors), systems.size, systems.upper, 0, {}, {}};
  for (int d = systems.y.ndim - 3; d >= 0; --d) {
    factors.sizes[factors.ndim] = systems.y.shape[d];
    factors.strides[factors.ndim++] = systems.y.strides[d];
  }
  return factors;
}

}  // namespace paddlemend::cuda
