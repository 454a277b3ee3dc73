// What the operators on batches of matrices share: checks, dispatch, and addressing.
#pragma once

#include <algorithm>

#include "cc/kernels/context.h"
#include "cc/kernels/dtype.h"
#include "cc/kernels/element_math.h"
#include "cc/kernels/lapack.h"
#include "cc/kernels/parallel.h"
#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// Up to this size a product takes less time than its call of BLAS; besides, its calls from several
/// threads wait for one another.
constexpr int64_t kSmallMatrixSize = 16;

/// The last dimension counts the columns, the one before it the rows, the others the matrices.
inline int64_t Rows(const TensorLayout& x) { return x.shape[x.ndim - 2]; }
inline int64_t Columns(const TensorLayout& x) { return x.shape[x.ndim - 1]; }

inline Status CheckLinalgDType(const char* name, const TensorLayout& x) {
  if (x.dtype >= DType::kFloat32) return OkStatus();
  return UnsupportedDType("the dtype of ", name, " is ", DTypeName(x.dtype),
                          ", expected float32, float64, complex64 or complex128");
}

/// Also that the sizes are within LAPACK's.
inline Status CheckMatrices(const char* name, const TensorLayout& x) {
  if (x.ndim < 2) {
    return InvalidArgument("the shape of ", name, " is ", ShapeString(x),
                           ", expected at least 2 dimensions");
  }
  if (std::max(Rows(x), Columns(x)) > lapack::kMaxSize) {
    return InvalidArgument("the shape of ", name, " is ", ShapeString(x),
                           ", expected matrices of at most ", lapack::kMaxSize,
                           " rows and columns");
  }
  return OkStatus();
}

inline Status CheckSquareMatrices(const char* name, const TensorLayout& x) {
  PM_RETURN_IF_ERROR(CheckMatrices(name, x));
  if (Rows(x) == Columns(x)) return OkStatus();
  return InvalidArgument("the shape of ", name, " is ", ShapeString(x),
                         ", expected square matrices [*, M, M]");
}

/// Calls `function(TypeTag<T>())` for a dtype that passes CheckLinalgDType.
template <typename Function>
decltype(auto) DispatchLinalgDType(DType dtype, Function&& function) {
  switch (dtype) {
    case DType::kFloat32:
      return function(TypeTag<float>());
    case DType::kFloat64:
      return function(TypeTag<double>());
    case DType::kComplex64:
      return function(TypeTag<std::complex<float>>());
    default:
      return function(TypeTag<std::complex<double>>());
  }
}

/// `x` with the leading dimensions of `target`, to which they broadcast: stride 0 where they
/// repeat.
inline TensorView BroadcastBatch(const TensorView& x, const TensorLayout& target) {
  TensorView view = x;
  view.ndim = target.ndim;
  const int leading = target.ndim - x.ndim;
  for (int d = 0; d < target.ndim; ++d) {
    const bool is_matrix = d >= target.ndim - 2;
    const int64_t size = d < leading ? 1 : x.shape[d - leading];
    const bool repeats = !is_matrix && size == 1;
    view.shape[d] = is_matrix ? size : target.shape[d];
    view.strides[d] = repeats ? 0 : x.strides[d - leading];
  }
  return view;
}

/// The elements from the first matrix of `x` to matrix number `number`, in row-major order of the
/// leading dimensions.
inline int64_t MatrixOffset(const TensorLayout& x, int64_t number) {
  int64_t offset = 0;
  if (x.ndim == 3) return number * x.strides[0];
  for (int d = x.ndim - 3; d >= 0; --d) {
    offset += number % x.shape[d] * x.strides[d];
    number /= x.shape[d];
  }
  return offset;
}

/// How many matrices `x` holds.
inline int64_t BatchSize(const TensorLayout& x) {
  int64_t count = 1;
  for (int d = 0; d < x.ndim - 2; ++d) count *= x.shape[d];
  return count;
}

/// Fails, naming the element, unless every number of `values` is finite: [matrices of x, n, n] in
/// row-major order, of which with a `triangle` only its numbers are looked at.
Status CheckFinite(const char* name, const TensorLayout& x, const void* values,
                   const lapack::Triangle* triangle, const Context& context);

/// Calls `function(matrix, begin, end)` for blocks of the `size` rows or columns of `batch`
/// matrices, in parallel. The blocks depend on the size alone. `flops` is about what one row or
/// column takes.
template <typename Function>
void ForEachBlock(const Context& context, int64_t batch, int64_t size, double flops,
                  const Function& function) {
  constexpr int64_t kBlock = 64;
  constexpr double kGrainFlops = 1e5;  // some ten microseconds
  const int64_t blocks = (size + kBlock - 1) / kBlock;
  const double flops_of_block = flops * static_cast<double>(std::min(size, kBlock));
  const auto grain = static_cast<int64_t>(kGrainFlops / (flops_of_block + 100)) + 1;
  ParallelFor(context, batch * blocks, grain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t matrix =
          blocks == 1 ? i : i / blocks;  // a division is as long as a small matrix
      const int64_t begin = (i - matrix * blocks) * kBlock;
      function(matrix, begin, std::min(begin + kBlock, size));
    }
  });
}

}  // namespace paddlemend
