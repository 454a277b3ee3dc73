#include "cc/kernels/eigvalsh.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "cc/kernels/checks.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/eigenvalues.h"
#include "cc/kernels/lapack.h"
#include "cc/kernels/matrices.h"
#include "cc/kernels/small_hermitian.h"

namespace paddlemend {
namespace {

using lapack::Op;
using lapack::Real;
using lapack::Triangle;

/// LAPACK's solver with its workspace, for one thread and matrices of one size.
template <typename T>
class HermitianSolver {
 public:
  HermitianSolver(bool vectors, int64_t n)
      : vectors_(vectors),
        n_(n),
        sizes_(lapack::SyevdWorkspace<T>(vectors, n)),
        scalars_(sizes_.scalars * sizeof(T)),
        reals_(sizes_.reals * sizeof(Real<T>)),
        integers_(sizes_.integers * sizeof(int32_t)) {}

  /// False if the values do not converge. a is overwritten, `triangle` is that of its columns.
  bool Solve(Triangle triangle, T* a, Real<T>* w) const {
    return lapack::Syevd<T>(vectors_, triangle, n_, a, w, sizes_, static_cast<T*>(scalars_.data()),
                            static_cast<Real<T>*>(reals_.data()),
                            static_cast<int32_t*>(integers_.data())) == 0;
  }

 private:
  const bool vectors_;
  const int64_t n_;
  const lapack::Workspace sizes_;
  const Buffer scalars_, reals_, integers_;
};

/// Eigenvalues of a small row-major matrix. Returns false, having done nothing, where the matrix is
/// not small or LAPACK has to scale it.
template <typename T>
bool SolveSmall(const T* x, int64_t n, Triangle triangle, Real<T>* w, bool* converges) {
  if (n > kSmallHermitianSize) return false;
  T a[kSmallHermitianSize * kSmallHermitianSize];
  Real<T> beside[kSmallHermitianSize];
  if (!ReadSmallHermitian(x, n, triangle, a)) return false;
  TridiagonalizeSmall(n, a, w, beside);
  *converges = lapack::Sterf<Real<T>>(n, w, beside) == 0;
  return true;
}

/// a = aᴴ.
template <typename T>
void AdjointInPlace(int64_t n, T* a) {
  constexpr int64_t kTile = 16;  // rows that are read across stay in the cache
  for (int64_t tile = 0; tile < n; tile += kTile) {
    for (int64_t i = tile; i < n; ++i) {
      for (int64_t j = tile; j < std::min(tile + kTile, i); ++j) {
        const T lower = Conjugate(a[i * n + j]);
        a[i * n + j] = Conjugate(a[j * n + i]);
        a[j * n + i] = lower;
      }
    }
  }
  for (int64_t i = 0; i < n; ++i) a[i * (n + 1)] = Conjugate(a[i * (n + 1)]);
}

/// Eigenvalues and, unless v is null, eigenvectors of `batch` row-major matrices. In column-major
/// memory they are their transposes, that is conjugates, and so are the eigenvectors.
template <typename T>
int64_t SolveBatch(const T* x, int64_t batch, int64_t n, Triangle triangle, Real<T>* w, T* v,
                   const Context& context) {
  FirstFailure failure;
  ParallelFor(context, batch, MatricesPerThread(n), [&](int64_t begin, int64_t end) {
    const HermitianSolver<T> solver(v != nullptr, n);
    const Buffer scratch(v == nullptr ? n * n * static_cast<int64_t>(sizeof(T)) : 0);
    for (int64_t i = begin; i < end; ++i) {
      bool converges = true;
      if (v == nullptr && SolveSmall(x + i * n * n, n, triangle, w + i * n, &converges)) {
        if (!converges) failure.Report(i);
        continue;
      }
      T* const a = v == nullptr ? static_cast<T*>(scratch.data()) : v + i * n * n;
      std::memcpy(a, x + i * n * n, n * n * sizeof(T));
      if (!solver.Solve(Other(triangle), a, w + i * n)) failure.Report(i);
      if (v != nullptr) AdjointInPlace(n, a);
    }
  });
  return failure.matrix();
}

Status ReadTriangle(const char* uplo, Triangle* triangle) {
  const bool lower = std::strcmp(uplo, "L") == 0;
  *triangle = lower ? Triangle::kLower : Triangle::kUpper;
  if (lower || std::strcmp(uplo, "U") == 0) return OkStatus();
  return InvalidArgument("uplo is \"", uplo, "\", expected \"L\" or \"U\"");
}

Status Solve(const TensorView& x, const char* uplo, const MutableTensorView& w,
             const MutableTensorView* v, const Context& context) {
  PM_RETURN_IF_ERROR(CheckLinalgDType("x", x));
  Triangle triangle;
  PM_RETURN_IF_ERROR(ReadTriangle(uplo, &triangle));
  PM_RETURN_IF_ERROR(CheckEigenvalues(x, w, RealDType(x.dtype)));
  if (v != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("x", x, "v", *v));
    PM_RETURN_IF_ERROR(CheckSameShape("x", x, "v", *v));
  }
  if (Numel(x) == 0) return OkStatus();
  const ContiguousInput input(x, context);
  PM_RETURN_IF_ERROR(CheckFinite("x", x, input.data(), &triangle, context));
  const ContiguousOutput values(w);
  const ContiguousOutput vectors(v != nullptr ? *v : w);
  const int64_t failed = DispatchLinalgDType(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return SolveBatch(static_cast<const T*>(input.data()), BatchSize(x), Rows(x), triangle,
                      static_cast<Real<T>*>(values.data()),
                      v != nullptr ? static_cast<T*>(vectors.data()) : nullptr, context);
  });
  if (failed >= 0) return DoNotConverge(failed);
  values.Finish(context);
  if (v != nullptr) vectors.Finish(context);
  return OkStatus();
}

/// x_grad = v diag(w_grad) vᴴ of one small matrix.
template <typename T>
void MultiplySmall(const T* v, const Real<T>* w_grad, int64_t n, T* x_grad) {
  for (int64_t i = 0; i < n; ++i) {
    T scaled[kSmallMatrixSize];
    for (int64_t k = 0; k < n; ++k) scaled[k] = v[i * n + k] * w_grad[k];
    for (int64_t j = 0; j <= i; ++j) {
      T sum(0);
      for (int64_t k = 0; k < n; ++k) sum += Times(scaled[k], Conjugate(v[j * n + k]));
      x_grad[j * n + i] = Conjugate(sum);
      x_grad[i * n + j] = sum;
    }
  }
}

/// x_grad = v diag(w_grad) vᴴ, row by row: their transposes are columns of conj(v) (v
/// diag(w_grad))ᵀ. It is Hermitian: of the blocks above the diagonal none is multiplied.
template <typename T>
void MultiplyBatch(const T* v, const Real<T>* w_grad, int64_t batch, int64_t n, T* x_grad,
                   const Context& context) {
  ForEachBlock(context, batch, n, 2.0 * n * n, [&](int64_t matrix, int64_t begin, int64_t end) {
    const T* const vectors = v + matrix * n * n;
    const Real<T>* const factors = w_grad + matrix * n;
    if (n <= kSmallMatrixSize) {
      return MultiplySmall(vectors, factors, n, x_grad + matrix * n * n);
    }
    const Buffer scaled((end - begin) * n * static_cast<int64_t>(sizeof(T)));
    T* const rows = static_cast<T*>(scaled.data());
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j < n; ++j) rows[(i - begin) * n + j] = vectors[i * n + j] * factors[j];
    }
    T* const product = x_grad + matrix * n * n;
    lapack::Gemm(Op::kAdjoint, Op::kNone, end, end - begin, n, T(1), vectors, n, rows, n,
                 product + begin * n, n);
    for (int64_t j = 0; j < begin; ++j) {
      for (int64_t i = begin; i < end; ++i) product[j * n + i] = Conjugate(product[i * n + j]);
    }
  });
}

}  // namespace

Status EigvalshShape(const TensorView& x, Shape* w) { return EigenvaluesShape(x, w); }

Status EighShape(const TensorView& x, Shape* w) { return EigenvaluesShape(x, w); }

Status Eigvalsh(const TensorView& x, const char* uplo, const RealOutput& w,
                const Context& context) {
  return Solve(x, uplo, w, nullptr, context);
}

Status Eigh(const TensorView& x, const char* uplo, const RealOutput& w, const MutableTensorView& v,
            const Context& context) {
  return Solve(x, uplo, w, &v, context);
}

Status EigvalshGrad(const TensorView& v, const TensorView& w_grad, const MutableTensorView& x_grad,
                    const Context& context) {
  PM_RETURN_IF_ERROR(CheckLinalgDType("v", v));
  PM_RETURN_IF_ERROR(CheckSquareMatrices("v", v));
  PM_RETURN_IF_ERROR(CheckOfEigenvalues("w_grad", w_grad, v, RealDType(v.dtype)));
  PM_RETURN_IF_ERROR(CheckSameDType("v", v, "x_grad", x_grad));
  PM_RETURN_IF_ERROR(CheckSameShape("v", v, "x_grad", x_grad));
  if (Numel(v) == 0) return OkStatus();
  const ContiguousInput vectors(v, context);
  const ContiguousInput factors(w_grad, context);
  const ContiguousOutput target(x_grad);
  DispatchLinalgDType(v.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    MultiplyBatch(static_cast<const T*>(vectors.data()),
                  static_cast<const Real<T>*>(factors.data()), BatchSize(v), Rows(v),
                  static_cast<T*>(target.data()), context);
  });
  target.Finish(context);
  return OkStatus();
}

}  // namespace paddlemend
