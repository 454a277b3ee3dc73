// Sharing out the positions of an index list so that no two threads meet at one destination.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cc/kernels/context.h"
#include "cc/kernels/parallel.h"

namespace paddlemend {

namespace internal {

/// Calls function(n, position) for the positions in [begin, end) that `owner` owns, some at a time.
template <typename Number, typename Function>
void ForOwnedPositions(const Number* indices, int64_t begin, int64_t end, int shift, int64_t owners,
                       int64_t owner, const Function& function) {
  constexpr int64_t kBlock = 1024;
  for (; begin < end; begin += kBlock) {
    const int64_t count = std::min(kBlock, end - begin);
    // No branch on the owner, which cannot be predicted: a position that belongs to another one is
    // overwritten by the next.
    int64_t owned[kBlock + 1];
    int64_t found = 0;
    for (int64_t i = 0; i < count; ++i) {
      owned[found] = begin + i;
      found += ((indices[begin + i] >> shift) & (owners - 1)) == owner;
    }
    function(found, [&owned](int64_t i) { return owned[i]; });
  }
}

}  // namespace internal

/// Calls `function(n, position)` from several threads until all of `count` positions were covered:
/// position(i) for i < n are positions, ascending, also from one call to the next in a thread. Two
/// positions with the same index belong to the same thread, so that what is done to a destination
/// is done in the order of the positions. `grain` is as in ParallelFor; destinations of
/// `destination_bytes` bytes that share a page mostly belong to one thread too.
template <typename Number, typename Function>
void ForEachPositionByOwner(const Context& context, const Number* indices, int64_t count,
                            int64_t destination_bytes, int64_t grain, const Function& function) {
  // Every owner reads all indices, which limits how many are worth it. To find the own positions
  // costs a thread more than to write a few bytes at every second one of them.
  constexpr int64_t kMaxOwners = 8;
  constexpr int64_t kShortBytes = 16;
  constexpr int64_t kThreadsForShort = 4;
  const int64_t threads = NumThreads(context);
  const bool is_worth = destination_bytes > kShortBytes || threads >= kThreadsForShort;
  int64_t owners = 1;
  while (is_worth && 2 * owners <= std::min({threads, kMaxOwners, count / grain})) owners *= 2;
  if (owners == 1) return function(count, [](int64_t i) { return i; });
  int shift = 0;
  while (destination_bytes << (shift + 1) <= 4096) ++shift;
  ParallelFor(context, owners, 1, [&](int64_t begin, int64_t end) {
    for (int64_t owner = begin; owner < end; ++owner) {
      internal::ForOwnedPositions(indices, 0, count, shift, owners, owner, function);
    }
  });
}

}  // namespace paddlemend
