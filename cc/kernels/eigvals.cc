#include "cc/kernels/eigvals.h"

#include <algorithm>
#include <memory>

#include "cc/kernels/checks.h"
#include "cc/kernels/contiguous.h"
#include "cc/kernels/eigenvalues.h"
#include "cc/kernels/lapack.h"
#include "cc/kernels/matrices.h"

namespace paddlemend {
namespace {

using lapack::Complex;
using lapack::Op;
using lapack::Real;

template <typename T>
class Memory {
 public:
  explicit Memory(int64_t size) : buffer_(size * static_cast<int64_t>(sizeof(T))) {}
  T* get() const { return static_cast<T*>(buffer_.data()); }

 private:
  const Buffer buffer_;
};

/// to[i, j] = from[j, i], both [n, n].
template <typename From, typename To>
void Transpose(const From* from, int64_t n, To* to) {
  constexpr int64_t kTile = 16;  // rows that are read across stay in the cache
  for (int64_t tile = 0; tile < n; tile += kTile) {
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = tile; j < std::min(tile + kTile, n); ++j) to[i * n + j] = from[j * n + i];
    }
  }
}

/// LAPACK's solver with its workspace, for one thread and matrices of one size.
template <typename T>
class GeneralSolver {
 public:
  GeneralSolver(bool vectors, int64_t n)
      : n_(n),
        sizes_(lapack::GeevWorkspace<T>(vectors, n)),
        matrix_(n * n),
        real_(n),
        imaginary_(n),
        vectors_(vectors ? n * n : 0),
        scalars_(sizes_.scalars),
        reals_(sizes_.reals) {}

  /// The eigenvalues of the row-major x and unless v is null its eigenvectors, row-major too. False
  /// if the values do not converge.
  bool Solve(const T* x, Complex<T>* w, Complex<T>* v) const {
    Transpose(x, n_, matrix_.get());
    T* const columns = v != nullptr ? vectors_.get() : nullptr;
    if (lapack::Geev<T>(n_, matrix_.get(), real_.get(), imaginary_.get(), columns, sizes_,
                        scalars_.get(), reals_.get()) != 0) {
      return false;
    }
    for (int64_t i = 0; i < n_; ++i) w[i] = Value(i);
    if (v != nullptr) WriteVectors(v);
    return true;
  }

 private:
  Complex<T> Value(int64_t i) const {
    if constexpr (lapack::kIsComplex<T>) {
      return real_.get()[i];
    } else {
      return Complex<T>(real_.get()[i], imaginary_.get()[i]);
    }
  }

  /// Of a real matrix a pair of vectors lies there as real and imaginary part.
  void WriteVectors(Complex<T>* v) const {
    if constexpr (lapack::kIsComplex<T>) {
      Transpose(vectors_.get(), n_, v);
    } else {
      for (int64_t j = 0; j < n_; ++j) {
        const T* const column = vectors_.get() + j * n_;
        const bool is_pair = imaginary_.get()[j] != 0;
        for (int64_t i = 0; i < n_; ++i) {
          v[i * n_ + j] = Complex<T>(column[i], is_pair ? column[i + n_] : 0);
          if (is_pair) v[i * n_ + j + 1] = std::conj(v[i * n_ + j]);
        }
        if (is_pair) ++j;
      }
    }
  }

  const int64_t n_;
  const lapack::Workspace sizes_;
  const Memory<T> matrix_, real_, imaginary_, vectors_, scalars_;
  const Memory<Real<T>> reals_;
};

/// Solves complex matrices without imaginary parts as real ones: in less time, and with pairs of
/// values that are conjugates to the bit.
template <typename T>
class RealMatrixSolver {
 public:
  RealMatrixSolver(bool vectors, int64_t n) : with_vectors_(vectors), n_(n) {}

  static bool Suits(const T* x, int64_t size) {
    return std::all_of(x, x + size, [](T element) { return element.imag() == 0; });
  }

  bool Solve(const T* x, T* w, T* v) {
    if (solver_ == nullptr) {
      solver_ = std::make_unique<GeneralSolver<Real<T>>>(with_vectors_, n_);
      matrix_ = std::make_unique<Memory<Real<T>>>(n_ * n_);
    }
    for (int64_t i = 0; i < n_ * n_; ++i) matrix_->get()[i] = x[i].real();
    return solver_->Solve(matrix_->get(), w, v);
  }

 private:
  const bool with_vectors_;
  const int64_t n_;
  std::unique_ptr<GeneralSolver<Real<T>>> solver_;  // most batches have no such matrix
  std::unique_ptr<Memory<Real<T>>> matrix_;
};

/// Two solvers for complex matrices, one for real ones.
template <typename T>
class Solver {
 public:
  Solver(bool vectors, int64_t n) : n_(n), general_(vectors, n), real_(vectors, n) {}

  bool Solve(const T* x, Complex<T>* w, Complex<T>* v) {
    if constexpr (lapack::kIsComplex<T>) {
      if (real_.Suits(x, n_ * n_)) return real_.Solve(x, w, v);
    }
    return general_.Solve(x, w, v);
  }

 private:
  const int64_t n_;
  const GeneralSolver<T> general_;
  RealMatrixSolver<Complex<T>> real_;
};

template <typename T>
int64_t SolveBatch(const T* x, int64_t batch, int64_t n, Complex<T>* w, Complex<T>* v,
                   const Context& context) {
  FirstFailure failure;
  ParallelFor(context, batch, MatricesPerThread(n), [&](int64_t begin, int64_t end) {
    Solver<T> solver(v != nullptr, n);
    for (int64_t i = begin; i < end; ++i) {
      Complex<T>* const vectors = v != nullptr ? v + i * n * n : nullptr;
      if (!solver.Solve(x + i * n * n, w + i * n, vectors)) failure.Report(i);
    }
  });
  return failure.matrix();
}

Status Solve(const TensorView& x, const MutableTensorView& w, const MutableTensorView* v,
             const Context& context) {
  PM_RETURN_IF_ERROR(CheckLinalgDType("x", x));
  PM_RETURN_IF_ERROR(CheckEigenvalues(x, w, ComplexDType(x.dtype)));
  if (v != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("w", w, "v", *v));
    PM_RETURN_IF_ERROR(CheckSameShape("x", x, "v", *v));
  }
  if (Numel(x) == 0) return OkStatus();
  const ContiguousInput input(x, context);
  PM_RETURN_IF_ERROR(CheckFinite("x", x, input.data(), nullptr, context));
  const ContiguousOutput values(w);
  const ContiguousOutput vectors(v != nullptr ? *v : w);
  const int64_t failed = DispatchLinalgDType(x.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return SolveBatch(static_cast<const T*>(input.data()), BatchSize(x), Rows(x),
                      static_cast<Complex<T>*>(values.data()),
                      v != nullptr ? static_cast<Complex<T>*>(vectors.data()) : nullptr, context);
  });
  if (failed >= 0) return DoNotConverge(failed);
  values.Finish(context);
  if (v != nullptr) vectors.Finish(context);
  return OkStatus();
}

/// The gradient of one matrix after the other, with the memory it takes; C is a complex dtype.
template <typename C>
class GradientSolver {
 public:
  explicit GradientSolver(int64_t n)
      : n_(n), adjoint_(n * n), inner_(n * n), product_(n * n), pivots_(n) {}

  /// Row-major matrices; a null w_grad or v_grad counts as zeros. Returns the gradient in
  /// column-major memory, valid until the next call, or null if v has no inverse.
  const C* Solve(const C* w, const C* v, const C* w_grad, const C* v_grad) const {
    // Column-major memory shows vᵀ, and so vᴴ in the conjugate.
    for (int64_t i = 0; i < n_ * n_; ++i) adjoint_.get()[i] = std::conj(v[i]);
    if (v_grad != nullptr) {
      SetInner(w, v, w_grad, v_grad);
      Multiply(Op::kNone, inner_.get(), adjoint_.get(), product_.get());
    } else {
      for (int64_t i = 0; i < n_ * n_; ++i) {
        product_.get()[i] = w_grad != nullptr ? w_grad[i % n_] * adjoint_.get()[i] : C(0);
      }
    }
    const int64_t zero_pivot =
        lapack::SolveByLu(Op::kNone, n_, n_, adjoint_.get(), n_, pivots_.get(), product_.get(), n_);
    return zero_pivot == 0 ? product_.get() : nullptr;
  }

 private:
  /// out = a op(b), in column-major memory.
  void Multiply(Op op, const C* a, const C* b, C* out) const {
    lapack::Gemm(Op::kNone, op, n_, n_, n_, C(1), a, n_, b, n_, out, n_);
  }

  /// What stands between v⁻ᴴ and vᴴ, into inner_.
  void SetInner(const C* w, const C* v, const C* w_grad, const C* v_grad) const {
    Multiply(Op::kTranspose, adjoint_.get(), v_grad, inner_.get());
    Multiply(Op::kTranspose, adjoint_.get(), v, product_.get());
    for (int64_t j = 0; j < n_; ++j) {
      C* const column = inner_.get() + j * n_;
      const auto along = std::real(column[j]);
      for (int64_t i = 0; i < n_; ++i) {
        const C tangent = column[i] - product_.get()[i + j * n_] * along;
        column[i] = tangent / std::conj(w[j] - w[i]);
      }
      column[j] = w_grad != nullptr ? w_grad[j] : C(0);
    }
  }

  const int64_t n_;
  const Memory<C> adjoint_, inner_, product_;
  const Memory<int32_t> pivots_;
};

/// The real part where T is real.
template <typename T, typename C>
T Narrow(C value) {
  if constexpr (lapack::kIsComplex<T>) {
    return value;
  } else {
    return value.real();
  }
}

/// The inputs of the gradient in row-major memory.
template <typename C>
struct GradientInputs {
  const C* w;
  const C* v;
  const C* w_grad;
  const C* v_grad;
};

/// Returns the first matrix whose v has no inverse, or -1.
template <typename T>
int64_t GradientOfBatch(const GradientInputs<Complex<T>>& inputs, int64_t batch, int64_t n,
                        T* x_grad, const Context& context) {
  FirstFailure failure;
  ParallelFor(context, batch, MatricesPerThread(n), [&](int64_t begin, int64_t end) {
    const GradientSolver<Complex<T>> solver(n);
    for (int64_t m = begin; m < end; ++m) {
      const auto row = [&](const Complex<T>* values, int64_t size) {
        return values != nullptr ? values + m * size : nullptr;
      };
      const Complex<T>* const gradient = solver.Solve(
          row(inputs.w, n), row(inputs.v, n * n), row(inputs.w_grad, n), row(inputs.v_grad, n * n));
      if (gradient == nullptr) {
        failure.Report(m);
        continue;
      }
      T* const target = x_grad + m * n * n;
      for (int64_t i = 0; i < n; ++i) {
        for (int64_t j = 0; j < n; ++j) target[i * n + j] = Narrow<T>(gradient[j * n + i]);
      }
    }
  });
  return failure.matrix();
}

Status CheckGradient(const TensorView& w, const TensorView& v, const TensorView* w_grad,
                     const TensorView* v_grad, const MutableTensorView& x_grad) {
  PM_RETURN_IF_ERROR(CheckLinalgDType("v", v));
  const DType dtype = ComplexDType(v.dtype);
  if (v.dtype != dtype) {
    return UnsupportedDType("the dtype of v is ", DTypeName(v.dtype),
                            ", expected complex64 or complex128");
  }
  PM_RETURN_IF_ERROR(CheckSquareMatrices("v", v));
  PM_RETURN_IF_ERROR(CheckOfEigenvalues("w", w, v, dtype));
  if (w_grad != nullptr) PM_RETURN_IF_ERROR(CheckOfEigenvalues("w_grad", *w_grad, v, dtype));
  if (v_grad != nullptr) {
    PM_RETURN_IF_ERROR(CheckSameDType("v", v, "v_grad", *v_grad));
    PM_RETURN_IF_ERROR(CheckSameShape("v", v, "v_grad", *v_grad));
  }
  PM_RETURN_IF_ERROR(CheckSameShape("v", v, "x_grad", x_grad));
  if (x_grad.dtype == dtype || x_grad.dtype == RealDType(dtype)) return OkStatus();
  return InvalidArgument("the dtype of x_grad is ", DTypeName(x_grad.dtype), ", expected ",
                         DTypeName(dtype), " or ", DTypeName(RealDType(dtype)));
}

}  // namespace

Status EigvalsShape(const TensorView& x, Shape* w) { return EigenvaluesShape(x, w); }

Status EigShape(const TensorView& x, Shape* w) { return EigenvaluesShape(x, w); }

Status Eigvals(const TensorView& x, const ComplexOutput& w, const Context& context) {
  return Solve(x, w, nullptr, context);
}

Status Eig(const TensorView& x, const ComplexOutput& w, const ComplexOutput& v,
           const Context& context) {
  return Solve(x, w, &v, context);
}

Status EigGrad(const TensorView& w, const TensorView& v, const TensorView* w_grad,
               const TensorView* v_grad, const MutableTensorView& x_grad, const Context& context) {
  PM_RETURN_IF_ERROR(CheckGradient(w, v, w_grad, v_grad, x_grad));
  if (Numel(v) == 0) return OkStatus();
  const ContiguousInput values(w, context);
  const ContiguousInput vectors(v, context);
  const ContiguousInput of_values(w_grad != nullptr ? *w_grad : w, context);
  const ContiguousInput of_vectors(v_grad != nullptr ? *v_grad : v, context);
  const ContiguousOutput target(x_grad);
  const int64_t failed = DispatchLinalgDType(x_grad.dtype, [&](auto tag) {
    using T = typename decltype(tag)::type;
    using C = Complex<T>;
    const GradientInputs<C> inputs{
        static_cast<const C*>(values.data()), static_cast<const C*>(vectors.data()),
        w_grad != nullptr ? static_cast<const C*>(of_values.data()) : nullptr,
        v_grad != nullptr ? static_cast<const C*>(of_vectors.data()) : nullptr};
    return GradientOfBatch(inputs, BatchSize(v), Rows(v), static_cast<T*>(target.data()), context);
  });
  if (failed >= 0) {
    return InvalidArgument("matrix ", failed,
                           " of v has no inverse: it is no basis of eigenvectors");
  }
  target.Finish(context);
  return OkStatus();
}

}  // namespace paddlemend
