#include "cc/kernels/lapack.h"

#include <atomic>
#include <cstddef>

#ifndef PADDLEMEND_LAPACK_PREFIX
#define PADDLEMEND_LAPACK_PREFIX
#endif
#ifndef PADDLEMEND_LAPACK_SUFFIX
#define PADDLEMEND_LAPACK_SUFFIX _
#endif

// The symbol of a Fortran routine: dgeev_ or, in the wheel, scipy_dgeev_.
#define PM_JOIN_(a, b, c, d) a##b##c##d
#define PM_JOIN(a, b, c, d) PM_JOIN_(a, b, c, d)
#define PM_FORTRAN(letter, routine) \
  PM_JOIN(PADDLEMEND_LAPACK_PREFIX, letter, routine, PADDLEMEND_LAPACK_SUFFIX)
#define PM_OPENBLAS(function) PM_JOIN(PADDLEMEND_LAPACK_PREFIX, openblas_, function, )

namespace paddlemend::lapack {
namespace {

using Int = int32_t;
using Length = size_t;  // Fortran passes the length of every string behind the arguments

using C64 = std::complex<float>;
using C128 = std::complex<double>;

}  // namespace

extern "C" {

// Only OpenBLAS has it.
void PM_OPENBLAS(set_num_threads)(int threads) __attribute__((weak));

#define PM_DECLARE_BLAS(letter, T)                                                              \
  void PM_FORTRAN(letter, gemm)(const char*, const char*, const Int*, const Int*, const Int*,   \
                                const T*, const T*, const Int*, const T*, const Int*, const T*, \
                                T*, const Int*, Length, Length);                                \
  void PM_FORTRAN(letter, trmm)(const char*, const char*, const char*, const char*, const Int*, \
                                const Int*, const T*, const T*, const Int*, T*, const Int*,     \
                                Length, Length, Length, Length);                                \
  void PM_FORTRAN(letter, trsm)(const char*, const char*, const char*, const char*, const Int*, \
                                const Int*, const T*, const T*, const Int*, T*, const Int*,     \
                                Length, Length, Length, Length);                                \
  void PM_FORTRAN(letter, getrf)(const Int*, const Int*, T*, const Int*, Int*, Int*);           \
  void PM_FORTRAN(letter, getrs)(const char*, const Int*, const Int*, const T*, const Int*,     \
                                 const Int*, T*, const Int*, Int*, Length);

PM_DECLARE_BLAS(s, float)
PM_DECLARE_BLAS(d, double)
PM_DECLARE_BLAS(c, C64)
PM_DECLARE_BLAS(z, C128)

#define PM_DECLARE_REAL(letter, T)                                                                \
  void PM_FORTRAN(letter, sterf)(const Int*, T*, T*, Int*);                                       \
  void PM_FORTRAN(letter, syevd)(const char*, const char*, const Int*, T*, const Int*, T*, T*,    \
                                 const Int*, Int*, const Int*, Int*, Length, Length);             \
  void PM_FORTRAN(letter, geev)(const char*, const char*, const Int*, T*, const Int*, T*, T*, T*, \
                                const Int*, T*, const Int*, T*, const Int*, Int*, Length, Length);

PM_DECLARE_REAL(s, float)
PM_DECLARE_REAL(d, double)

#define PM_DECLARE_COMPLEX(letter, T, R)                                                       \
  void PM_FORTRAN(letter, heevd)(const char*, const char*, const Int*, T*, const Int*, R*, T*, \
                                 const Int*, R*, const Int*, Int*, const Int*, Int*, Length,   \
                                 Length);                                                      \
  void PM_FORTRAN(letter, geev)(const char*, const char*, const Int*, T*, const Int*, T*, T*,  \
                                const Int*, T*, const Int*, T*, const Int*, R*, Int*, Length,  \
                                Length);

PM_DECLARE_COMPLEX(c, C64, float)
PM_DECLARE_COMPLEX(z, C128, double)

}  // extern "C"

namespace {

/// Several threads of OpenBLAS divide sums by their number, and are slower up to a size of a
/// thousand; our own threads would each start their own.
void UseCallingThreadOnly() {
  static std::atomic<bool> done{false};
  if (done.load(std::memory_order_acquire)) return;
  if (&PM_OPENBLAS(set_num_threads) != nullptr) PM_OPENBLAS(set_num_threads)(1);
  done.store(true, std::memory_order_release);
}

/// The routines for one dtype.
template <typename T>
struct Routines;

#define PM_ROUTINES(letter, T)                                 \
  template <>                                                  \
  struct Routines<T> {                                         \
    static constexpr auto kGemm = &PM_FORTRAN(letter, gemm);   \
    static constexpr auto kTrmm = &PM_FORTRAN(letter, trmm);   \
    static constexpr auto kTrsm = &PM_FORTRAN(letter, trsm);   \
    static constexpr auto kGetrf = &PM_FORTRAN(letter, getrf); \
    static constexpr auto kGetrs = &PM_FORTRAN(letter, getrs); \
    static constexpr auto kGeev = &PM_FORTRAN(letter, geev);   \
  };

PM_ROUTINES(s, float)
PM_ROUTINES(d, double)
PM_ROUTINES(c, C64)
PM_ROUTINES(z, C128)

const char* Letter(Side side) { return side == Side::kLeft ? "L" : "R"; }
const char* Letter(Triangle triangle) { return triangle == Triangle::kLower ? "L" : "U"; }
const char* Letter(Op op) { return op == Op::kNone ? "N" : op == Op::kTranspose ? "T" : "C"; }

Int ToInt(int64_t value) { return static_cast<Int>(value); }

}  // namespace

template <typename T>
void Gemm(Op op_a, Op op_b, int64_t m, int64_t n, int64_t k, T alpha, const T* a, int64_t lda,
          const T* b, int64_t ldb, T* c, int64_t ldc, T beta) {
  UseCallingThreadOnly();
  const Int sizes[] = {ToInt(m), ToInt(n), ToInt(k), ToInt(lda), ToInt(ldb), ToInt(ldc)};
  Routines<T>::kGemm(Letter(op_a), Letter(op_b), &sizes[0], &sizes[1], &sizes[2], &alpha, a,
                     &sizes[3], b, &sizes[4], &beta, c, &sizes[5], 1, 1);
}

template <typename T>
void Trmm(Side side, Triangle triangle, Op op, int64_t m, int64_t n, T alpha, const T* a,
          int64_t lda, T* b, int64_t ldb) {
  UseCallingThreadOnly();
  const Int sizes[] = {ToInt(m), ToInt(n), ToInt(lda), ToInt(ldb)};
  Routines<T>::kTrmm(Letter(side), Letter(triangle), Letter(op), "N", &sizes[0], &sizes[1], &alpha,
                     a, &sizes[2], b, &sizes[3], 1, 1, 1, 1);
}

template <typename T>
void Trsm(Side side, Triangle triangle, Op op, int64_t m, int64_t n, const T* a, int64_t lda, T* b,
          int64_t ldb) {
  UseCallingThreadOnly();
  const Int sizes[] = {ToInt(m), ToInt(n), ToInt(lda), ToInt(ldb)};
  const T one(1);
  Routines<T>::kTrsm(Letter(side), Letter(triangle), Letter(op), "N", &sizes[0], &sizes[1], &one, a,
                     &sizes[2], b, &sizes[3], 1, 1, 1, 1);
}

template <typename T>
int64_t SolveByLu(Op op, int64_t n, int64_t nrhs, T* a, int64_t lda, int32_t* pivots, T* b,
                  int64_t ldb) {
  UseCallingThreadOnly();
  const Int sizes[] = {ToInt(n), ToInt(nrhs), ToInt(lda), ToInt(ldb)};
  Int info = 0;
  Routines<T>::kGetrf(&sizes[0], &sizes[0], a, &sizes[2], pivots, &info);
  if (info != 0) return info;
  Routines<T>::kGetrs(Letter(op), &sizes[0], &sizes[1], a, &sizes[2], pivots, b, &sizes[3], &info,
                      1);
  return info;
}

namespace {

/// LAPACK's xSYEVD and xHEEVD; `scalars`, `reals` and `integers` hold as many as `sizes` says.
template <typename T>
Int CallSyevd(bool vectors, Triangle triangle, Int n, T* a, Real<T>* w, const Int (&sizes)[3],
              T* scalars, Real<T>* reals, Int* integers) {
  Int info = 0;
  const char* const job = vectors ? "V" : "N";
  const Int lda = n > 0 ? n : 1;
  if constexpr (std::is_same_v<T, float>) {
    PM_FORTRAN(s, syevd)(job, Letter(triangle), &n, a, &lda, w, scalars, &sizes[0], integers,
                         &sizes[2], &info, 1, 1);
  } else if constexpr (std::is_same_v<T, double>) {
    PM_FORTRAN(d, syevd)(job, Letter(triangle), &n, a, &lda, w, scalars, &sizes[0], integers,
                         &sizes[2], &info, 1, 1);
  } else if constexpr (std::is_same_v<T, C64>) {
    PM_FORTRAN(c, heevd)(job, Letter(triangle), &n, a, &lda, w, scalars, &sizes[0], reals,
                         &sizes[1], integers, &sizes[2], &info, 1, 1);
  } else {
    PM_FORTRAN(z, heevd)(job, Letter(triangle), &n, a, &lda, w, scalars, &sizes[0], reals,
                         &sizes[1], integers, &sizes[2], &info, 1, 1);
  }
  return info;
}

/// LAPACK's xGEEV, with right eigenvectors unless v is null.
template <typename T>
Int CallGeev(Int n, T* a, T* w, T* w_imaginary, T* v, Int scalars_size, T* scalars,
             Real<T>* reals) {
  Int info = 0;
  const Int one = 1;
  const Int ld = n > 0 ? n : 1;
  const char* const job = v != nullptr ? "V" : "N";
  if constexpr (kIsComplex<T>) {
    Routines<T>::kGeev("N", job, &n, a, &ld, w, nullptr, &one, v, &ld, scalars, &scalars_size,
                       reals, &info, 1, 1);
  } else {
    Routines<T>::kGeev("N", job, &n, a, &ld, w, w_imaginary, nullptr, &one, v, &ld, scalars,
                       &scalars_size, &info, 1, 1);
  }
  return info;
}

/// LAPACK answers a query with a floating point number, float32 rounds large ones.
template <typename T>
int64_t SizeFromAnswer(T answer) {
  const double size = std::real(answer);
  return static_cast<int64_t>(size + size / (1 << 20)) + 1;
}

}  // namespace

template <typename T>
int64_t Syevd(bool vectors, Triangle triangle, int64_t n, T* a, Real<T>* w, const Workspace& sizes,
              T* scalars, Real<T>* reals, int32_t* integers) {
  UseCallingThreadOnly();
  const Int counts[] = {ToInt(sizes.scalars), ToInt(sizes.reals), ToInt(sizes.integers)};
  return CallSyevd<T>(vectors, triangle, ToInt(n), a, w, counts, scalars, reals, integers);
}

template <typename T>
Workspace SyevdWorkspace(bool vectors, int64_t n) {
  UseCallingThreadOnly();
  T scalars(0);
  Real<T> reals = 0;
  Real<T> w = 0;
  Int integers = 0;
  T a(0);
  CallSyevd<T>(vectors, Triangle::kLower, ToInt(n), &a, &w, {-1, -1, -1}, &scalars, &reals,
               &integers);
  return {SizeFromAnswer(scalars), SizeFromAnswer(reals), integers};
}

template <typename T>
int64_t Sterf(int64_t n, T* d, T* e) {
  const Int size = ToInt(n);
  Int info = 0;
  if constexpr (std::is_same_v<T, float>) {
    PM_FORTRAN(s, sterf)(&size, d, e, &info);
  } else {
    PM_FORTRAN(d, sterf)(&size, d, e, &info);
  }
  return info;
}

template <typename T>
int64_t Geev(int64_t n, T* a, T* w, T* w_imaginary, T* v, const Workspace& sizes, T* scalars,
             Real<T>* reals) {
  UseCallingThreadOnly();
  return CallGeev<T>(ToInt(n), a, w, w_imaginary, v, ToInt(sizes.scalars), scalars, reals);
}

template <typename T>
Workspace GeevWorkspace(bool vectors, int64_t n) {
  UseCallingThreadOnly();
  T scalars(0);
  T unused[3] = {};
  Real<T> reals = 0;
  CallGeev<T>(ToInt(n), &unused[0], &unused[1], &unused[2], vectors ? &unused[0] : nullptr, -1,
              &scalars, &reals);
  return {SizeFromAnswer(scalars), kIsComplex<T> ? 2 * n : 0, 0};
}

#define PM_INSTANTIATE(T)                                                                          \
  template void Gemm<T>(Op, Op, int64_t, int64_t, int64_t, T, const T*, int64_t, const T*,         \
                        int64_t, T*, int64_t, T);                                                  \
  template void Trmm<T>(Side, Triangle, Op, int64_t, int64_t, T, const T*, int64_t, T*, int64_t);  \
  template void Trsm<T>(Side, Triangle, Op, int64_t, int64_t, const T*, int64_t, T*, int64_t);     \
  template int64_t SolveByLu<T>(Op, int64_t, int64_t, T*, int64_t, int32_t*, T*, int64_t);         \
  template int64_t Syevd<T>(bool, Triangle, int64_t, T*, Real<T>*, const Workspace&, T*, Real<T>*, \
                            int32_t*);                                                             \
  template Workspace SyevdWorkspace<T>(bool, int64_t);                                             \
  template int64_t Geev<T>(int64_t, T*, T*, T*, T*, const Workspace&, T*, Real<T>*);               \
  template Workspace GeevWorkspace<T>(bool, int64_t);

template int64_t Sterf<float>(int64_t, float*, float*);
template int64_t Sterf<double>(int64_t, double*, double*);
PM_INSTANTIATE(float)
PM_INSTANTIATE(double)
PM_INSTANTIATE(C64)
PM_INSTANTIATE(C128)

}  // namespace paddlemend::lapack
