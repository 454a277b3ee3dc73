// Instructions beyond the x86-64 baseline that loops are compiled for a second time.
//
// A function marked PM_TARGET_AVX2 may run only if HasAvx2(). No ifunc is involved: sanitizers are
// not set up yet when those are resolved.
#pragma once

#if defined(__x86_64__)
#define PM_TARGET_AVX2 __attribute__((target("avx2")))
#else
#define PM_TARGET_AVX2
#endif

namespace paddlemend {

inline bool HasAvx2() {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  return has_avx2;
#else
  return false;
#endif
}

}  // namespace paddlemend
