// Products of row-major matrices, in parallel over blocks of rows that depend on the sizes alone.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cc/kernels/lapack.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

/// A row-major matrix: rows are `step` elements apart.
template <typename W>
struct Matrix {
  W* data;
  int64_t step;

  Matrix<W> From(int64_t row, int64_t column = 0) const {
    return {data + row * step + column, step};
  }
};

enum class Form { kPlain, kTransposed };

/// c [rows, columns] = alpha · a · b + beta · c over `inner` products; a transposed operand lies
/// transposed in memory.
template <typename W>
void Multiply(Form a_form, Form b_form, int64_t rows, int64_t columns, int64_t inner, W alpha,
              Matrix<const W> a, Matrix<const W> b, Matrix<W> c, W beta = W(0)) {
  // BLAS sees the transposes of all: cᵀ = bᵀ aᵀ.
  const auto op = [](Form form) {
    return form == Form::kPlain ? lapack::Op::kNone : lapack::Op::kTranspose;
  };
  lapack::Gemm<W>(op(b_form), op(a_form), columns, rows, inner, alpha, b.data,
                  std::max<int64_t>(b.step, 1), a.data, std::max<int64_t>(a.step, 1), c.data,
                  std::max<int64_t>(c.step, 1), beta);
}

/// As Multiply.
template <typename W>
void MultiplyInParallel(Form a_form, Form b_form, int64_t rows, int64_t columns, int64_t inner,
                        Matrix<const W> a, Matrix<const W> b, Matrix<W> c, W beta,
                        const Context& context) {
  constexpr int64_t kLeastRows = 32;  // BLAS copies b for every block
  constexpr int64_t kBlocks = 8;
  constexpr double kGrainProducts = 1 << 18;
  const int64_t block = std::max((rows + kBlocks - 1) / kBlocks, kLeastRows);
  const double products = static_cast<double>(block) * columns * inner;
  const int64_t grain = static_cast<int64_t>(kGrainProducts / (products + 1)) + 1;
  ParallelFor(context, (rows + block - 1) / block, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i * block;
      const auto part = a_form == Form::kPlain ? a.From(first) : a.From(0, first);
      Multiply<W>(a_form, b_form, std::min(block, rows - first), columns, inner, W(1), part, b,
                  c.From(first), beta);
    }
  });
}

}  // namespace paddlemend
