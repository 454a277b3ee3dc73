#include "cc/kernels/cholesky_systems.h"

#include <algorithm>
#include <complex>

#include "cc/kernels/contiguous.h"
#include "cc/kernels/lapack.h"
#include "cc/kernels/small_cholesky.h"

namespace paddlemend {
namespace {

using lapack::Op;
using lapack::Side;
using lapack::Triangle;

/// Column-major memory shows the transpose of a row-major matrix: of y yᴴ with a lower y, the upper
/// triangular u = yᵀ. So A out = x, that is outᵀ Aᵀ = xᵀ with Aᵀ = uᴴ u, is solved from the right.
Triangle StoredTriangle(bool upper) { return upper ? Triangle::kLower : Triangle::kUpper; }

/// products[number] = (x_grad outᴴ)ᵀ in column-major memory, for each system.
template <typename T>
void MultiplySolutions(const Systems<T>& systems, const T* x_grad, const T* out, T* products,
                       const Context& context) {
  const int64_t n = systems.size;
  const int64_t k = systems.columns;
  if (k == 0) {
    std::fill_n(products, systems.batch * n * n, T(0));
    return;
  }
  const auto multiply = [&](int64_t matrix, int64_t begin, int64_t end) {
    const int64_t start = matrix * n * k;
    lapack::Gemm(Op::kAdjoint, Op::kNone, n, end - begin, k, T(1), out + start, k,
                 x_grad + start + begin * k, k, products + (matrix * n + begin) * n, n);
  };
  ForEachBlock(context, systems.batch, n, 2.0 * n * k, multiply);
}

/// A rectangle of a column-major matrix.
struct Part {
  int64_t row_begin, row_end, column_begin, column_end;
};

/// sum = product + productᴴ in `part` of [n, n].
template <typename T>
void AddAdjoint(const T* product, int64_t n, const Part& part, T* sum) {
  constexpr int64_t kTile = 16;  // rows of `product` read across stay in the cache
  for (int64_t tile = part.row_begin; tile < part.row_end; tile += kTile) {
    const int64_t tile_end = std::min(tile + kTile, part.row_end);
    for (int64_t j = part.column_begin; j < part.column_end; ++j) {
      for (int64_t i = tile; i < tile_end; ++i) {
        sum[i + j * n] = product[i + j * n] + Conjugate(product[j + i * n]);
      }
    }
  }
}

/// Zeros what lies outside of the triangle of y in `part` of its gradient.
template <typename T>
void MaskTriangle(bool upper, int64_t n, const Part& part, T* gradient) {
  for (int64_t j = part.column_begin; j < part.column_end; ++j) {
    const int64_t begin = upper ? part.row_begin : std::max(part.row_begin, j + 1);
    const int64_t end = upper ? std::min(part.row_end, j) : part.row_end;
    if (begin < end) std::fill(gradient + begin + j * n, gradient + end + j * n, T(0));
  }
}

/// gradients[number] = the gradient of the factor of each system, in row-major order.
template <typename T>
void MultiplyFactors(const Systems<T>& systems, const T* products, T* gradients,
                     const Context& context) {
  const int64_t n = systems.size;
  const bool upper = systems.upper;
  const Triangle triangle = StoredTriangle(upper);
  // Transposed, y is u: -u (S + Sᴴ)ᵀ column by column, or with `upper` -(S + Sᴴ)ᵀ u row by row.
  const auto multiply = [&](int64_t matrix, int64_t begin, int64_t end) {
    const int64_t start = matrix * n * n;
    T* const gradient = gradients + start;
    const Part part = upper ? Part{begin, end, 0, n} : Part{0, n, begin, end};
    AddAdjoint(products + start, n, part, gradient);
    const Side side = upper ? Side::kRight : Side::kLeft;
    lapack::Trmm(side, triangle, Op::kNone, part.row_end - part.row_begin,
                 part.column_end - part.column_begin, T(-1), systems.factor(matrix), n,
                 gradient + part.row_begin + part.column_begin * n, n);
    MaskTriangle(upper, n, part, gradient);
  };
  ForEachBlock(context, systems.batch, n, 1.0 * n * n, multiply);
}

/// Of more columns a matrix product is worth its call.
constexpr int64_t kMaxSmallColumns = 32;

/// MultiplySolutions and MultiplyFactors for small systems.
template <typename T>
void SmallFactorGradients(const Systems<T>& systems, const T* x_grad, const T* out, T* gradients,
                          const Context& context) {
  const int64_t n = systems.size;
  const int64_t k = systems.columns;
  const auto multiply = [&](int64_t matrix, int64_t, int64_t) {
    SmallFactorGradient(systems.factor(matrix), n, systems.upper, x_grad + matrix * n * k,
                        out + matrix * n * k, k, gradients + matrix * n * n);
  };
  ForEachBlock(context, systems.batch, n, 2.0 * n * (n + k), multiply);
}

}  // namespace

template <typename T>
void SolveInPlace(const Systems<T>& systems, T* b, const Context& context) {
  const int64_t n = systems.size;
  const int64_t k = systems.columns;
  const Triangle triangle = StoredTriangle(systems.upper);
  const Op first = systems.upper ? Op::kAdjoint : Op::kNone;
  const Op second = systems.upper ? Op::kNone : Op::kAdjoint;
  const auto solve = [&](int64_t matrix, int64_t begin, int64_t end) {
    const T* const factor = systems.factor(matrix);
    T* const block = b + matrix * n * k + begin;
    if (n <= kSmallCholeskySize) {
      return SolveSmall(factor, n, systems.upper, block, k, end - begin);
    }
    lapack::Trsm(Side::kRight, triangle, first, end - begin, n, factor, n, block, k);
    lapack::Trsm(Side::kRight, triangle, second, end - begin, n, factor, n, block, k);
  };
  ForEachBlock(context, systems.batch, k, 2.0 * n * n, solve);
}

template <typename T>
void FactorGradients(const Systems<T>& systems, const T* x_grad, const T* out, T* gradients,
                     const Context& context) {
  if (systems.size <= kSmallCholeskySize && systems.columns <= kMaxSmallColumns) {
    return SmallFactorGradients(systems, x_grad, out, gradients, context);
  }
  const Buffer products(systems.batch * systems.size * systems.size *
                        static_cast<int64_t>(sizeof(T)));
  T* const product = static_cast<T*>(products.data());
  MultiplySolutions(systems, x_grad, out, product, context);
  MultiplyFactors(systems, product, gradients, context);
}

#define PM_INSTANTIATE(T)                                               \
  template void SolveInPlace<T>(const Systems<T>&, T*, const Context&); \
  template void FactorGradients<T>(const Systems<T>&, const T*, const T*, T*, const Context&)
PM_INSTANTIATE(float);
PM_INSTANTIATE(double);
PM_INSTANTIATE(std::complex<float>);
PM_INSTANTIATE(std::complex<double>);
#undef PM_INSTANTIATE

}  // namespace paddlemend
