// What eigvalsh, eigvals and eig share.
#pragma once

#include <atomic>
#include <complex>
#include <cstdint>

#include "cc/kernels/lapack.h"
#include "cc/kernels/matrices.h"
#include "cc/kernels/status.h"
#include "cc/kernels/tensor_view.h"

namespace paddlemend {

/// The dtype of the same precision without, and with imaginary parts.
inline DType RealDType(DType dtype) {
  return dtype == DType::kComplex64    ? DType::kFloat32
         : dtype == DType::kComplex128 ? DType::kFloat64
                                       : dtype;
}
inline DType ComplexDType(DType dtype) {
  return RealDType(dtype) == DType::kFloat32 ? DType::kComplex64 : DType::kComplex128;
}

/// The shape of the eigenvalues of the square matrices x.
inline Status EigenvaluesShape(const TensorLayout& x, Shape* w) {
  PM_RETURN_IF_ERROR(CheckSquareMatrices("x", x));
  w->ndim = x.ndim - 1;
  w->dims = x.shape;
  return OkStatus();
}

/// `w` has the dtype, and for each of the matrices x as many numbers as rows.
inline Status CheckOfEigenvalues(const char* name, const TensorLayout& w, const TensorLayout& x,
                                 DType dtype) {
  TensorLayout expected = x;
  --expected.ndim;
  if (w.dtype != dtype) {
    return InvalidArgument("the dtype of ", name, " is ", DTypeName(w.dtype), ", expected ",
                           DTypeName(dtype));
  }
  if (SameShape(w, expected)) return OkStatus();
  return InvalidArgument("the shape of ", name, " is ", ShapeString(w), ", expected ",
                         ShapeString(expected));
}

/// x holds square matrices, w their eigenvalues of that dtype.
inline Status CheckEigenvalues(const TensorLayout& x, const TensorLayout& w, DType dtype) {
  PM_RETURN_IF_ERROR(CheckSquareMatrices("x", x));
  return CheckOfEigenvalues("w", w, x, dtype);
}

/// How many matrices of n rows are worth a thread: LAPACK takes some n³ operations each.
inline int64_t MatricesPerThread(int64_t n) {
  const double nanoseconds = 400 + 2.0 * n * n * n;
  return static_cast<int64_t>(20000 / nanoseconds) + 1;
}

/// The first matrix of a batch whose eigenvalues did not converge; threads report to it.
class FirstFailure {
 public:
  void Report(int64_t matrix) {
    int64_t known = matrix_.load();
    while ((known < 0 || matrix < known) && !matrix_.compare_exchange_weak(known, matrix)) {
    }
  }

  /// -1 if there was none.
  int64_t matrix() const { return matrix_.load(); }

 private:
  std::atomic<int64_t> matrix_{-1};
};

inline Status DoNotConverge(int64_t matrix) {
  return InvalidArgument("the eigenvalues of matrix ", matrix, " of x do not converge");
}

}  // namespace paddlemend
