// Data-parallel loops on one lazily started pool of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cc/kernels/context.h"

namespace paddlemend {

/// PADDLEMEND_NUM_THREADS, else OMP_NUM_THREADS (each if it is a positive number), else the CPUs
/// this process may run on.
int DefaultNumThreads();

/// The threads that a call may use.
inline int64_t NumThreads(const Context& context) {
  return context.num_threads > 0 ? context.num_threads : DefaultNumThreads();
}

namespace internal {

using RangeFunction = void (*)(const void* closure, int64_t begin, int64_t end);

bool InParallelRegion();

/// Covers [0, n) with calls of at most `chunk` items by up to `threads` threads.
void RunOnPool(int threads, int64_t n, int64_t chunk, RangeFunction function, const void* closure);

}  // namespace internal

/// Calls `function(begin, end)` for disjoint ranges that cover [0, n), in any order and from
/// several threads at once. `grain` is about the least number of items that are worth a thread:
/// choose it so that they take some ten microseconds. Work of up to one grain, and a call from
/// inside another ParallelFor, runs in the calling thread. Rethrows the first exception of
/// `function`. May be called from many threads, and in a child process after fork.
template <typename Function>
void ParallelFor(const Context& context, int64_t n, int64_t grain, const Function& function) {
  if (n <= 0) return;
  if (n <= grain || internal::InParallelRegion()) return function(int64_t{0}, n);
  const int64_t threads = std::min(NumThreads(context), (n + grain - 1) / grain);
  if (threads <= 1) return function(int64_t{0}, n);
  // A few chunks a thread, so that a thread that starts late leaves some of its part to others.
  const int64_t chunk = std::max(grain, (n + 4 * threads - 1) / (4 * threads));
  const auto call = [](const void* closure, int64_t begin, int64_t end) {
    (*static_cast<const Function*>(closure))(begin, end);
  };
  internal::RunOnPool(static_cast<int>(threads), n, chunk, call, &function);
}

}  // namespace paddlemend
