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

template <typename Loop, typename... Args>
PM_TARGET_AVX2 void RunWithAvx2(Args... args) {
  Loop::Run(args...);
}

/// Calls `Loop::Run(args...)`, which is `always_inline`, compiled for the best instructions of this
/// processor. None of them fuses operations: the bits are the same with all.
template <typename Loop, typename... Args>
void RunBest(Args... args) {
  if (HasAvx2()) return RunWithAvx2<Loop>(args...);
  Loop::Run(args...);
}

}  // namespace paddlemend
