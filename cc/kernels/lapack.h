// LAPACK and BLAS for the four dtypes of linear algebra, on matrices in column-major memory.
//
// A row-major matrix is the transpose of what these functions see in the same memory. They run in
// the calling thread alone: kernels divide their work by ParallelFor into parts that do not depend
// on the number of threads, so that neither do the results.
#pragma once

#include <complex>
#include <cstdint>
#include <type_traits>

namespace paddlemend::lapack {

/// The largest size and leading dimension: LAPACK's integers have 32 bits.
constexpr int64_t kMaxSize = INT32_MAX;

template <typename T>
struct RealOf {
  using type = T;
};
template <typename T>
struct RealOf<std::complex<T>> {
  using type = T;
};
template <typename T>
using Real = typename RealOf<T>::type;

template <typename T>
using Complex = std::complex<Real<T>>;

template <typename T>
constexpr bool kIsComplex = !std::is_same_v<T, Real<T>>;

enum class Side : char { kLeft = 'L', kRight = 'R' };
enum class Triangle : char { kLower = 'L', kUpper = 'U' };
enum class Op : char { kNone = 'N', kTranspose = 'T', kAdjoint = 'C' };

inline Triangle Other(Triangle triangle) {
  return triangle == Triangle::kLower ? Triangle::kUpper : Triangle::kLower;
}

/// c = alpha op(a) op(b) + beta c, c being [m, n] and k the inner size. With a beta of 0 c is only
/// written.
template <typename T>
void Gemm(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t lda,
          const T* b, int64_t ldb, T* c, int64_t ldc, T beta = T(0));

/// b [m, n] = alpha op(a) b or alpha b op(a), of the triangular matrix a alone its triangle is
/// read.
template <typename T>
void Trmm(Side side, Triangle triangle, Op op, int64_t m, int64_t n, T alpha, const T* a,
          int64_t lda, T* b, int64_t ldb);

/// Solves op(a) out = b or out op(a) = b, b being [m, n], into b.
template <typename T>
void Trsm(Side side, Triangle triangle, Op op, int64_t m, int64_t n, const T* a, int64_t lda, T* b,
          int64_t ldb);

/// Solves op(a) out = b, b being [n, nrhs], into b; a [n, n] is overwritten with its LU factors and
/// pivots with n row numbers. Returns 0, or the number, counted from 1, of a pivot that is 0.
template <typename T>
int64_t SolveByLu(Op op, int64_t n, int64_t nrhs, T* a, int64_t lda, int32_t* pivots, T* b,
                  int64_t ldb);

/// Sizes of the memory that an eigenvalue function works in.
struct Workspace {
  int64_t scalars = 0;   // of the dtype of the matrix
  int64_t reals = 0;     // of the real dtype
  int64_t integers = 0;  // int32
};

/// Eigenvalues w of the Hermitian a [n, n] in ascending order. With `vectors` a is overwritten with
/// orthonormal eigenvectors, without with anything. Returns 0, or how many values did not converge.
template <typename T>
int64_t Syevd(bool vectors, Triangle triangle, int64_t n, T* a, Real<T>* w, const Workspace& sizes,
              T* scalars, Real<T>* reals, int32_t* integers);
template <typename T>
Workspace SyevdWorkspace(bool vectors, int64_t n);

/// Eigenvalues, in ascending order, of the real symmetric tridiagonal matrix of the diagonal d [n],
/// which they replace, and the one beside it e [n - 1], which is overwritten. T is float or double.
/// Returns 0, or how many values did not converge.
template <typename T>
int64_t Sterf(int64_t n, T* d, T* e);

/// Eigenvalues w of a [n, n], which is overwritten, and unless it is null eigenvectors v [n, n] of
/// norm 1. Of a real a, w_imaginary gets the imaginary parts, w the real ones; pairs of conjugate
/// values lie side by side, and v then holds the real and the imaginary part of the first one's
/// vector. Returns 0, or how many values did not converge.
template <typename T>
int64_t Geev(int64_t n, T* a, T* w, T* w_imaginary, T* v, const Workspace& sizes, T* scalars,
             Real<T>* reals);
template <typename T>
Workspace GeevWorkspace(bool vectors, int64_t n);

}  // namespace paddlemend::lapack
