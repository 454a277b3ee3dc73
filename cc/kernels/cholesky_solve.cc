#include "cc/kernels/cholesky_solve.h"

#include <algorithm>
#include <complex>

#include "cc/kernels/checks.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/lapack.h"
#include "cc/kernels/matrices.h"
#include "cc/kernels/small_cholesky.h"
#include "cc/kernels/sum_to_shape.h"

namespace paddlemend {
namespace {

using lapack::Op;
using lapack::Side;
using lapack::Triangle;

/// Column-major memory shows the transpose of a row-major matrix: of y yᴴ with a lower y, the upper
/// triangular u = yᵀ. So A out = x, that is outᵀ Aᵀ = xᵀ with Aᵀ = uᴴ u, is solved from the right.
Triangle StoredTriangle(bool upper) { return upper ? Triangle::kLower : Triangle::kUpper; }

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

template <typename T>
Systems<T> MakeSystems(const ContiguousInput& factors, const TensorView& y, bool upper,
                       const TensorLayout& out) {
  const TensorView rows = ContiguousView(y, const_cast<void*>(factors.data())).AsConst();
  return {static_cast<const T*>(factors.data()),
          BroadcastBatch(rows, out),
          BatchSize(out),
          Rows(out),
          Columns(out),
          upper};
}

/// Replaces the right-hand sides at `b`, [batch, M, K] in row-major order, by the solutions.
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

Status CheckOperands(const char* x_name, const TensorLayout& x, const TensorLayout& y,
                     Shape* shape) {
  PM_RETURN_IF_ERROR(CheckMatrices(x_name, x));
  PM_RETURN_IF_ERROR(CheckSquareMatrices("y", y));
  if (Rows(x) != Rows(y)) {
    return InvalidArgument("the shape of ", x_name, " is ", ShapeString(x), ", expected ", Rows(y),
                           " rows, as y of shape ", ShapeString(y), " has");
  }
  shape->ndim = std::max(x.ndim, y.ndim);
  for (int d = 1; d <= shape->ndim; ++d) {
    const int64_t of_x = d <= x.ndim ? x.shape[x.ndim - d] : 1;
    const int64_t of_y = d <= y.ndim ? y.shape[y.ndim - d] : 1;
    int64_t& size = shape->dims[shape->ndim - d];
    size = d <= 2 || of_y == 1 ? of_x : of_y;
    if (d > 2 && of_x != of_y && of_x != 1 && of_y != 1) {
      return InvalidArgument("the shapes ", ShapeString(x), " of ", x_name, " and ", ShapeString(y),
                             " of y do not broadcast in their leading dimensions");
    }
  }
  int64_t numel;
  if (CheckedNumel(shape->dims.data(), shape->ndim, ElementSize(x.dtype), &numel))
    return OkStatus();
  return InvalidArgument("the result of shape ", ShapeString(shape->dims.data(), shape->ndim),
                         " has more than 2^63 - 1 bytes of dtype ", DTypeName(x.dtype));
}

bool HasShape(const TensorLayout& tensor, const Shape& shape) {
  return tensor.ndim == shape.ndim &&
         std::equal(shape.dims.begin(), shape.dims.begin() + shape.ndim, tensor.shape.begin());
}

Status CheckHasShape(const char* name, const TensorLayout& tensor, const Shape& shape) {
  if (HasShape(tensor, shape)) return OkStatus();
  return InvalidArgument("the shape of ", name, " is ", ShapeString(tensor), ", expected ",
                         ShapeString(shape.dims.data(), shape.ndim));
}

Status CheckGradient(const TensorLayout& out_grad, const TensorLayout& y, const TensorLayout& out,
                     const MutableTensorView* x_grad, const MutableTensorView* y_grad) {
  PM_RETURN_IF_ERROR(CheckLinalgDType("out_grad", out_grad));
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "y", y));
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "out", out));
  PM_RETURN_IF_ERROR(CheckSameShape("out_grad", out_grad, "out", out));
  Shape shape;
  PM_RETURN_IF_ERROR(CheckOperands("out", out, y, &shape));
  PM_RETURN_IF_ERROR(CheckHasShape("out", out, shape));
  if (x_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "x_grad", *x_grad));
    PM_RETURN_IF_ERROR(CheckOperands("x_grad", *x_grad, y, &shape));
    PM_RETURN_IF_ERROR(CheckHasShape("out_grad", out_grad, shape));
  }
  if (y_grad == nullptr) return OkStatus();
  PM_RETURN_IF_ERROR(CheckSameDType("out_grad", out_grad, "y_grad", *y_grad));
  return CheckSameShape("y", y, "y_grad", *y_grad);
}

/// The gradient of the factors, given that of the right-hand sides before it is summed.
template <typename T>
void FactorGradient(const Systems<T>& systems, const T* x_grad, const TensorView& out,
                    const MutableTensorView& y_grad, const Context& context) {
  const ContiguousInput solutions(out, context);
  MutableTensorView layout{systems.y, nullptr};
  SetContiguousStrides(&layout);
  const Buffer gradients(ByteSize(layout));
  T* const gradient = static_cast<T*>(gradients.data());
  const T* const solution = static_cast<const T*>(solutions.data());
  if (systems.size <= kSmallCholeskySize && systems.columns <= kMaxSmallColumns) {
    SmallFactorGradients(systems, x_grad, solution, gradient, context);
  } else {
    const Buffer products(ByteSize(layout));
    T* const product = static_cast<T*>(products.data());
    MultiplySolutions(systems, x_grad, solution, product, context);
    MultiplyFactors(systems, product, gradient, context);
  }
  SumToShape(ContiguousView(layout, gradient).AsConst(), y_grad, context);
}

}  // namespace

Status CholeskySolveShape(const TensorView& x, const TensorView& y, Shape* out) {
  return CheckOperands("x", x, y, out);
}

Status CholeskySolve(const TensorView& x, const TensorView& y, bool upper,
                     const MutableTensorView& out, const Context& context) {
  PM_RETURN_IF_ERROR(CheckLinalgDType("x", x));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "y", y));
  PM_RETURN_IF_ERROR(CheckSameDType("x", x, "out", out));
  Shape shape;
  PM_RETURN_IF_ERROR(CheckOperands("x", x, y, &shape));
  PM_RETURN_IF_ERROR(CheckHasShape("out", out, shape));
  if (Numel(out) == 0) return OkStatus();
  const ContiguousInput factors(y, context);
  const ContiguousOutput target(out);
  StridedCopy(BroadcastBatch(x, out), ContiguousView(out, target.data()), context);
  DispatchLinalgDType(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    SolveInPlace(MakeSystems<T>(factors, y, upper, out), static_cast<T*>(target.data()), context);
  });
  target.Finish(context);
  return OkStatus();
}

Status CholeskySolveGrad(const TensorView& out_grad, const TensorView& y, const TensorView& out,
                         bool upper, const MutableTensorView* x_grad,
                         const MutableTensorView* y_grad, const Context& context) {
  PM_RETURN_IF_ERROR(CheckGradient(out_grad, y, out, x_grad, y_grad));
  if (Rows(y) == 0) return OkStatus();  // no output has an element
  const ContiguousInput factors(y, context);
  const Buffer solved(ByteSize(out_grad));
  const MutableTensorView solved_view = ContiguousView(out_grad, solved.data());
  StridedCopy(out_grad, solved_view, context);
  DispatchLinalgDType(out_grad.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto systems = MakeSystems<T>(factors, y, upper, out_grad);
    T* const gradient = static_cast<T*>(solved.data());
    SolveInPlace(systems, gradient, context);
    if (y_grad != nullptr) FactorGradient<T>(systems, gradient, out, *y_grad, context);
  });
  if (x_grad != nullptr) SumToShape(solved_view.AsConst(), *x_grad, context);
  return OkStatus();
}

}  // namespace paddlemend
