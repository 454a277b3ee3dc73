// Linear systems given by Cholesky factors, in row-major memory.
#pragma once

#include "cc/kernels/context.h"
#include "cc/kernels/matrices.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// The systems of a batch: `factors` holds the matrices of y in row-major order.
template <typename T>
struct Systems {
  const T* factors;
  TensorView y;  // contiguous strides, 0 where matrices repeat
  int64_t batch;
  int64_t size;     // M
  int64_t columns;  // K
  bool upper;

  const T* factor(int64_t number) const { return factors + MatrixOffset(y, number); }
};

/// Replaces the right-hand sides at `b`, [batch, M, K] in row-major order, by the solutions.
/// T is float, double or a complex of one of them.
template <typename T>
void SolveInPlace(const Systems<T>& systems, T* b, const Context& context);

/// gradients[number] = the gradient of the factor of each system, given that of its right-hand
/// sides, and its solutions: all in row-major order.
template <typename T>
void FactorGradients(const Systems<T>& systems, const T* x_grad, const T* out, T* gradients,
                     const Context& context);

}  // namespace paddlemend
